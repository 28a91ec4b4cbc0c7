"""What moved and by how much: from the issue's exact decomposition where it holds one, else from the scores alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from publication.bulletin.blocks import Block, Bullets, Cell, Paragraph, Table
from publication.bulletin.sentences import (
    NAMED,
    SHOWN,
    change_words,
    colour_cell,
    full_name,
    joined,
    listed,
    number,
    score_cells,
)
from publication.explanation import explain
from publication.extremes import Listed, more_moved, most_moved
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
#: Indicators and members told of the top unit.
_TOLD = 5


def change_blocks(view: View) -> list[Block]:
    """The part on changes."""
    words, top = view.words, view.top
    blocks: list[Block] = []
    if view.data.has("contributions"):
        for against in _COMPARISONS:
            blocks += _decomposed(view, against)
        blocks += _upper_units(view)
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
    """The change of the top unit and of those below it in the sentences of `publication.explanation`, and by
    first-level indicator.
    """
    words = view.words
    heading = Paragraph(f"{words.name(view.top)} · {words.code('comparison', against)}", "heading")
    if view.top[f"change_{against}"] is None:
        return [heading, Paragraph(change_words(words, view.top, against), "note")]
    told = explain(view.city, view.data, str(view.top["unit_code"]), comparison=against)
    rows = [
        [Cell(words.name(row)), number(shown(row["total"], 3, signed=True))]
        for row in told.by("first_level").iter_rows(named=True)
    ]
    headings = [words.text("node_level.1"), words.text("bulletin.contribution")]
    half = -(-len(rows) // 2)
    empty = [Cell(""), Cell("")]
    side_by_side = [rows[at] + (rows[at + half] if at + half < len(rows) else empty) for at in range(half)]
    return [
        heading,
        Bullets(told.sentences(words.language, top=_TOLD)),
        Table("", headings * 2, side_by_side, 2, (0.7, 0.3)),
    ]


def _upper_units(view: View) -> list[Block]:
    """One line for each unit between the top and the lowest level: its change and what moved it most."""
    words = view.words
    lines = []
    for level in view.city.levels[1:-1]:
        for row in view.of_level(level).filter(pl.col("change_month").is_not_null()).iter_rows(named=True):
            told = explain(view.city, view.data, str(row["unit_code"]))
            parts = [
                words.text("bulletin.part", name=words.name(r), change=shown(r["total"], signed=True))
                for r in told.indicators.filter(pl.col("total").abs() >= SHOWN).head(NAMED).iter_rows(named=True)
            ]
            change = change_words(words, row, "month")
            key = "bulletin.unit_change" if parts else "bulletin.unit_change.alone"
            fields = {"parts": listed(words, parts)} if parts else {}
            lines.append(words.text(key, unit=words.name(row), change=change, **fields))
    return [Bullets(lines)] if lines else []


def moved_indicators(view: View, branch: str) -> list[Block]:
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
        .filter(pl.col("unit_code") == view.top["unit_code"])
        .join(nodes.select(pl.col("code").alias("node_code"), "name_zh", "name_en", "unit", "scoring"), on="node_code")
        .filter(pl.col("scoring") != "")
        .join(values, on=["unit_code", "node_code"], how="left")
    )
    moved = moved.filter(pl.col("node_code").map_elements(under, return_dtype=pl.Boolean))
    rose, fell = most_moved(moved.to_dicts(), "node_code", _MOVED, SHOWN)
    rows = [
        [
            Cell(words.name(r)),
            number(_value(words, r)),
            number(shown(r["score"])),
            number(shown(r["change_month"], signed=True)),
            number(shown(r["change_year"], signed=True)),
        ]
        for r in [*rose.rows, *reversed(fell.rows)]
    ]
    if not rows:
        return [Paragraph(words.text("bulletin.branch.none_moved"), "note")]
    headings = [words.text(f"bulletin.{h}") for h in ("indicator", "value", "score", "month", "year")]
    table = Table(words.text("bulletin.branch.moved"), headings, rows, widths=(0.46, 0.18, 0.12, 0.12, 0.12))
    return [table, *_cut_in_a_tie(words, rose, fell)]


def _cut_in_a_tie(words: Wording, rose: Listed, fell: Listed) -> list[Block]:
    """Under a table of what moved most: how many more moved by as much as the last of each side."""
    said = [
        words.text(f"bulletin.more.{side}", said=more_moved(words, listed))
        for side, listed in (("rose", rose), ("fell", fell))
        if listed.more
    ]
    return [Paragraph(joined(words, said), "note")] if said else []


def _value(words: Wording, row: Mapping[str, Any]) -> str:
    """A value with its unit; the value of a zero-tolerance indicator is points to deduct, not events."""
    if row["value"] is None:
        return MISSING
    if row["scoring"] == "zero_tolerance":
        return words.text("bulletin.deducted", points=shown(row["value"], 0))
    text = shown(row["value"])
    if row["unit"] == "%":
        return f"{text}%"
    return f"{text} {words.code('measure_unit', row['unit'])}".strip()


def _moved_units(view: View) -> list[Block]:
    """The units of the lowest level that rose and fell most, side by side."""
    words, lowest = view.words, view.city.levels[-1]
    rose, fell = most_moved(view.of_level(lowest).to_dicts(), "unit_code", _UNITS, SHOWN)
    if not rose.rows and not fell.rows:
        return []

    def cells(rows: Sequence[Mapping[str, Any]], at: int) -> list[Cell]:
        if at >= len(rows):
            return [Cell(""), Cell(""), Cell("")]
        row = rows[at]
        return [
            Cell(full_name(words, row)),
            Cell(shown(row["score"]), row["colour"] or "", number=True),
            number(shown(row["change_month"], signed=True)),
        ]

    rows = [cells(rose.rows, at) + cells(fell.rows, at) for at in range(max(len(rose.rows), len(fell.rows)))]
    headings = [words.text(f"bulletin.{h}") for h in ("unit", "score", "month")] * 2
    title = f"{words.text('bulletin.unit_changes')} · {words.code('level', lowest)}"
    return [Table(title, headings, rows, 2, (0.56, 0.2, 0.24)), *_cut_in_a_tie(words, rose, fell)]
