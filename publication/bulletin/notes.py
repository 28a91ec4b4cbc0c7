"""The last parts of the bulletin: quality of the data, and the note on method."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from publication.bulletin.blocks import Block, Bullets, Cell, Paragraph, Table
from publication.bulletin.sentences import full_name, listed, number
from publication.catalogue import load_catalogue
from publication.extremes import highest_and_lowest
from publication.numbers import shown
from publication.tables import deliveries
from publication.wording import share

if TYPE_CHECKING:
    from publication.bulletin.content import View


def quality_blocks(view: View) -> list[Block]:
    """Deliveries, coverage, statuses, gates, and every department's account of rows."""
    words, data = view.words, view.data
    delivered = deliveries(data)
    total = {
        name: int(delivered[name].sum()) for name in ("received", "accepted", "quarantined", "other_month", "layout")
    }
    judged = total["accepted"] + total["quarantined"]
    sentences = [
        words.text(
            "bulletin.rows",
            share=share(total["quarantined"] / judged if judged else None, 2),
            **{name: f"{value:,}" for name, value in total.items()},
        ),
        _absent(view, delivered),
        *_coverage(view),
        _statuses(view),
        _gates(view),
    ]
    compared = [
        words.text("bulletin.compared.part", month=words.month(c["period"]), revision=c["revision"])
        for c in (data.manifest.get("compares_with") or {}).values()
        if c and c["period"]
    ]
    if compared:
        sentences.append(words.text("bulletin.compared", parts=listed(words, compared)))
    headings = ["department", "sets", "reported", "received", "accepted", "quarantined", "quarantined_share"]
    rows = [
        [
            Cell(words.name(row)),
            number(str(row["record_sets"] or 0)),
            number(str(row["reported"] or 0)),
            *(number(f"{row[n] or 0:,}") for n in ("received", "accepted", "quarantined")),
            number(share(row["quarantined_share"], 2)),
        ]
        for row in delivered.iter_rows(named=True)
    ]
    table = Table(
        words.text("table.feeds"), [words.text(f"bulletin.{h}") for h in headings], rows,
        widths=(0.34, 0.09, 0.09, 0.13, 0.13, 0.11, 0.11),
    )  # fmt: skip
    return [Bullets(sentences), table]


def _absent(view: View, delivered: pl.DataFrame) -> str:
    words = view.words
    titles = {
        (r.department, r.name): (r.title_zh if words.language == "zh" else r.title_en) for r in view.city.record_sets
    }
    parts = [
        words.text(
            "bulletin.absent.part",
            department=words.name(row),
            sets=listed(words, [titles.get((row["code"], name), name) for name in row["absent"]]),
        )
        for row in delivered.iter_rows(named=True)
        if row["absent"]
    ]
    if parts:
        return words.text("bulletin.absent", parts=listed(words, parts))
    return words.text("bulletin.all_reported", whole=delivered.height)


def _coverage(view: View) -> list[str]:
    words, lowest = view.words, view.city.levels[-1]
    known = view.of_level(lowest).filter(pl.col("coverage").is_not_null()).sort("unit_code")
    if not known.height:
        return []
    covered = [(row["coverage"], full_name(words, row)) for row in known.iter_rows(named=True)]
    _, (least, name) = highest_and_lowest(words, covered)
    if least == 1 == view.top["coverage"]:
        return [words.text("bulletin.full_coverage", level=words.within("level", lowest))]
    return [
        words.text(
            "bulletin.coverage", unit=words.name(view.top), top=share(view.top["coverage"]),
            level=words.within("level", lowest), lowest=share(least), name=name,
        )
    ]  # fmt: skip


def _statuses(view: View) -> str:
    words = view.words
    counted = view.data.table("values").group_by("status").len().sort("len", "status", descending=[True, False])
    parts = [
        words.text("bulletin.status.part", status=words.code("status", status), count=f"{n:,}")
        for status, n in counted.iter_rows()
    ]
    return words.text("bulletin.statuses", parts=listed(words, parts))


def _gates(view: View) -> str:
    words = view.words
    parts = []
    for gate, result in sorted(view.data.manifest["gates"].items()):
        made = [check for check in result["checks"] if check["applicable"]]
        passed = sum(bool(check["passed"]) for check in made)
        parts.append(words.text("bulletin.gate", gate=gate, passed=passed, all=len(made)))
    return words.text("bulletin.gates", parts=listed(words, parts))


def method_blocks(view: View) -> list[Block]:
    """How the numbers are made, with the parameters in force."""
    words, data = view.words, view.data
    nodes = data.table("framework")
    depths = nodes.filter(pl.col("level") > 0).group_by("level").len().sort("level")
    parts = []
    for depth, n in depths.iter_rows():
        key = f"bulletin.method.depth.{depth}"
        known = key in load_catalogue().texts
        level = words.text(key) if known else words.text("bulletin.method.depth.more", depth=depth)
        parts.append(words.text("bulletin.method.tree.part", count=n, level=level))
    minimum = view.city.version(data.period).rules.get("minimum_coverage")
    sentences = [
        words.text("bulletin.method.tree", counts=listed(words, parts), version=data.manifest["method_version"]),
        words.text("bulletin.method.value"),
        words.text("bulletin.method.score"),
        *([words.text("bulletin.method.missing", coverage=share(minimum, 0))] if minimum is not None else []),
        words.text("bulletin.method.change"),
    ]
    kinds = (
        nodes.filter(pl.col("scoring") != "").group_by("scoring").len().sort("len", "scoring", descending=[True, False])
    )
    scoring = Table(
        words.text("bulletin.method.scoring"),
        [words.text("bulletin.method.scoring"), words.text("bulletin.method.indicators")],
        [[Cell(words.code("scoring", kind)), number(str(n))] for kind, n in kinds.iter_rows()],
        widths=(0.7, 0.3),
    )
    bands = Table(
        words.text("bulletin.method.colours"),
        [words.text("bulletin.colour"), words.text("bulletin.method.from")],
        [[Cell(words.colour(key), key), number(shown(float(band["from"]), 0))] for key, band in words.colours.items()],
        widths=(0.7, 0.3),
    )
    notice = [Paragraph(data.notice(words.language), "warning")] if data.notice(words.language) else []
    return [Bullets(sentences), scoring, bands, *notice]
