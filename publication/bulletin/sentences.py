"""Sentences and small tables about changes and quality, in one language: what the numbers say and no more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from publication.bulletin.blocks import Cell
from publication.extremes import more_moved, most_moved
from publication.numbers import MISSING, shown
from publication.wording import Wording, moved

#: How many names a sentence lists.
NAMED = 3
#: The smallest change that two decimals show.
SHOWN = 0.005


def change_words(words: Wording, row: Mapping[str, Any], against: str) -> str:
    """`环比上升0.19分`, or why there is no change; `row` has change_<against> and its reason."""
    value, label = row[f"change_{against}"], words.text(f"bulletin.label.{against}")
    if value is None:
        return words.text(
            "bulletin.no_change", label=label, reason=words.code("reason", row[f"change_{against}_reason"])
        )
    points = shown(abs(value))
    if points == shown(0):
        return words.text("bulletin.level", label=label)
    return words.text("bulletin.rose" if value > 0 else "bulletin.fell", label=label, points=points)


def listed(words: Wording, parts: Iterable[str]) -> str:
    """Parts of a sentence one after another."""
    return words.text("bulletin.between").join(parts)


def risers_and_fallers(words: Wording, rows: pl.DataFrame, level: str) -> list[str]:
    """One sentence for the largest rises of a level, one for the largest falls; none where nothing moved that way."""
    found = []
    # what is shown as 0.00 neither rose nor fell
    rose, fell = most_moved(rows.to_dicts(), "unit_code", NAMED, SHOWN)
    for key, chosen in (("bulletin.risers", rose), ("bulletin.fallers", fell)):
        parts = [
            words.text("bulletin.part", name=full_name(words, row), change=shown(row["change_month"], signed=True))
            for row in chosen.rows
        ]
        if parts:
            sentence = words.text(key, level=words.code("level", level), parts=listed(words, parts))
            found.append(joined(words, [sentence, more_moved(words, chosen)]))
    return found


def joined(words: Wording, sentences: Iterable[str]) -> str:
    """Sentences one after another; empty ones are left out."""
    return ("" if words.language == "zh" else " ").join(filter(None, sentences))


def full_name(words: Wording, row: Mapping[str, Any]) -> str:
    """A unit's name with its parent's before it where two units could have the same one: 秦州区大城街道."""
    parent = row.get(f"parent_{words.language}")
    if parent is None or row["parent_parent"] in (None, ""):
        return words.name(row)
    return f"{parent}{words.name(row)}" if words.language == "zh" else f"{words.name(row)}, {parent}"


def colour_cell(words: Wording, key: str | None) -> Cell:
    """The official word on its colour."""
    return Cell(words.colour(key), key or "")


def number(text: str) -> Cell:
    """A cell whose text is a number."""
    return Cell(text, number=True)


def score_cells(row: Mapping[str, Any]) -> list[Cell]:
    """Score, change on last month and on last year."""
    return [
        number(shown(row["score"])),
        number(shown(row["change_month"], signed=True)),
        number(shown(row["change_year"], signed=True)),
    ]


def ranked_row(words: Wording, row: Mapping[str, Any], name: str, *, with_parent: bool) -> list[Cell]:
    """A line of the ranking: place, name, parent, score on its colour, change, places moved."""
    return [
        number(MISSING if row["rank"] is None else str(row["rank"])),
        Cell(name + ("*" if row["vetoed"] else "")),
        *([Cell(str(row[f"parent_{words.language}"] or ""))] if with_parent else []),
        Cell(shown(row["score"]), row["colour"] or "", number=True),
        number(shown(row["change_month"], signed=True)),
        number(moved(row["rank_change_month"])),
    ]
