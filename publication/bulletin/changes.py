"""What moved and by how much: from the issue's exact decomposition where it holds one, else from the scores alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from publication.bulletin.blocks import Block, Bullets, Cell, Paragraph, Table
from publication.bulletin.sentences import (
    NAMED,
    SHOWN,
    change_words,
    colour_cell,
    full_name,
    listed,
    number,
    score_cells,
)
from publication.numbers import MISSING, shown
from publication.tables import branches

if TYPE_CHECKING:
    from publication.bulletin.content import View
    from publication.wording import Wording

#: Indicators listed in a branch: this many rises and this many falls.
_MOVED = 3
#: Units of the lowest level listed on each side.
_UNITS = 8
_COMPARISONS = ("month", "year")
_EFFECTS = ("value_effect", "population_effect", "weight_effect", "availability_effect", "method_effect")


def change_blocks(view: View) -> list[Block]:
    """The part on changes."""
    words, top = view.words, view.top
    blocks: list[Block] = []
    if view.data.has("contributions"):
        for against in _COMPARISONS:
            blocks += _decomposed(view, against)
    else:
        blocks.append(Paragraph(words.text("bulletin.no_contributions"), "note"))
    headings = ["branch", "score", "colour", "month", "year"]
    titles = [words.text("node_level.1") if h == "branch" else words.text(f"bulletin.{h}") for h in headings]
    rows = [
        [Cell(words.name(r)), number(shown(r["score"])), colour_cell(words, r["colour"]), *score_cells(r)[1:]]
        for r in branches(view.data, str(top["unit_code"])).iter_rows(named=True)
    ]
    title = f"{words.text('bulletin.branch_changes')} · {words.name(top)}"
    blocks.append(Table(title, titles, rows, widths=(0.44, 0.14, 0.14, 0.14, 0.14)))
    return [*blocks, *_moved_units(view)]


def _decomposed(view: View, against: str) -> list[Block]:
    """The top unit's change by indicator and by kind of effect, from the table of contributions."""
    words, top = view.words, view.top
    label = words.text(f"bulletin.label.{against}")
    if top[f"change_{against}"] is None:
        return [Paragraph(change_words(words, top, against))]
    rows = view.data.table("contributions").filter(
        (pl.col("unit_code") == top["unit_code"])
        & (pl.col("node_code") == view.data.root)
        & (pl.col("comparison") == against)
    )
    names = view.data.table("framework").select(pl.col("code").alias("indicator_code"), "name_zh", "name_en")
    named = rows.join(names, on="indicator_code", how="left")
    sentences = [words.text("bulletin.change_of", unit=words.name(top), change=change_words(words, top, against))]
    for key, ordered in (
        (
            "bulletin.pushed_up",
            named.filter(pl.col("total") > 0).sort("total", "indicator_code", descending=[True, False]),
        ),
        ("bulletin.pulled_down", named.filter(pl.col("total") < 0).sort("total", "indicator_code")),
    ):
        parts = [
            words.text("bulletin.part", name=words.name(r), change=shown(r["total"], 3, signed=True))
            for r in ordered.head(NAMED + 2).iter_rows(named=True)
        ]
        if parts:
            sentences.append(words.text(key, parts=listed(words, parts)))
    effects = [
        words.text(
            "bulletin.effect", name=words.text(f"column.{e}"), points=shown(float(rows[e].sum()), 3, signed=True)
        )
        for e in _EFFECTS
    ]
    sentences.append(words.text("bulletin.effects", parts=listed(words, effects)))
    return [Paragraph(label, "heading"), Bullets(sentences)]


def moved_indicators(view: View, branch: str) -> Block:
    """The indicators under a first-level node whose scores moved most at the top unit, rises before falls."""
    words = view.words
    nodes = view.data.table("framework")
    parents = dict(nodes.select("code", "parent").iter_rows())

    def under(code: str) -> bool:
        while code and code != branch:
            code = parents[code]
        return code == branch

    values = view.data.table("values").select("unit_code", pl.col("indicator_code").alias("node_code"), "value")
    moved = (
        view.data.table("scores")
        .filter((pl.col("unit_code") == view.top["unit_code"]) & (pl.col("change_month").abs() >= SHOWN))
        .join(nodes.select(pl.col("code").alias("node_code"), "name_zh", "name_en", "unit", "scoring"), on="node_code")
        .filter(pl.col("scoring") != "")
        .join(values, on=["unit_code", "node_code"], how="left")
    )
    moved = moved.filter(pl.col("node_code").map_elements(under, return_dtype=pl.Boolean))
    up = (
        moved.filter(pl.col("change_month") > 0)
        .sort("change_month", "node_code", descending=[True, False])
        .head(_MOVED)
    )
    down = moved.filter(pl.col("change_month") < 0).sort("change_month", "node_code").head(_MOVED)
    rows = [
        [
            Cell(words.name(r)),
            number(_value(words, r)),
            number(shown(r["score"])),
            number(shown(r["change_month"], signed=True)),
            number(shown(r["change_year"], signed=True)),
        ]
        for r in [*up.iter_rows(named=True), *down.sort("change_month", descending=True).iter_rows(named=True)]
    ]
    if not rows:
        return Paragraph(words.text("bulletin.branch.none_moved"), "note")
    headings = [words.text(f"bulletin.{h}") for h in ("indicator", "value", "score", "month", "year")]
    return Table(words.text("bulletin.branch.moved"), headings, rows, widths=(0.46, 0.18, 0.12, 0.12, 0.12))


def _value(words: Wording, row: dict[str, Any]) -> str:
    """A value with its unit; the value of a zero-tolerance indicator is points to deduct, not events."""
    if row["value"] is None:
        return MISSING
    if row["scoring"] == "zero_tolerance":
        return words.text("bulletin.deducted", points=shown(row["value"], 0))
    text = shown(row["value"])
    if row["unit"] == "%":
        return f"{text}%"
    # a framework's units are Chinese; an English name says them itself ("per 10k residents")
    return f"{text} {row['unit']}".strip() if words.language == "zh" or row["unit"].isascii() else text


def _moved_units(view: View) -> list[Block]:
    """The units of the lowest level that rose and fell most, side by side."""
    words, lowest = view.words, view.city.levels[-1]
    known = view.of_level(lowest).filter(pl.col("change_month").abs() >= SHOWN)
    up = (
        known.filter(pl.col("change_month") > 0)
        .sort("change_month", "unit_code", descending=[True, False])
        .head(_UNITS)
    )
    down = known.filter(pl.col("change_month") < 0).sort("change_month", "unit_code").head(_UNITS)
    if not up.height and not down.height:
        return []

    def cells(rows: list[dict[str, Any]], at: int) -> list[Cell]:
        if at >= len(rows):
            return [Cell(""), Cell(""), Cell("")]
        row = rows[at]
        return [
            Cell(full_name(words, row)),
            Cell(shown(row["score"]), row["colour"] or "", number=True),
            number(shown(row["change_month"], signed=True)),
        ]

    rises, falls = up.to_dicts(), down.to_dicts()
    rows = [cells(rises, at) + cells(falls, at) for at in range(max(len(rises), len(falls)))]
    headings = [words.text(f"bulletin.{h}") for h in ("unit", "score", "month")] * 2
    title = f"{words.text('bulletin.unit_changes')} · {words.code('level', lowest)}"
    return [Table(title, headings, rows, 2, (0.56, 0.2, 0.24))]
