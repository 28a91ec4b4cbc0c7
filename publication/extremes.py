"""The first rows of an order, fairly: rows that are equal stand in the order of their codes, and a cut through equal
rows says how many more there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from publication.wording import Wording

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Listed:
    """Rows that are shown, and how many more have the last one's value."""

    rows: Sequence[Row]
    more: int


def first_of(rows: Sequence[Row], value: Callable[[Row], float], key: str, count: int) -> Listed:
    """The `count` rows of the lowest value; `key` is the field of their codes."""
    ordered = sorted(rows, key=lambda r: (value(r), r[key]))
    shown, rest = ordered[:count], ordered[count:]
    return Listed(shown, sum(value(r) == value(shown[-1]) for r in rest) if shown else 0)


def highest_and_lowest(
    words: Wording, values: Sequence[tuple[float, str]]
) -> tuple[tuple[float, str], tuple[float, str]]:
    """The highest and the lowest of values with names; a name stands for all that are equal and says how many."""
    high, low = max(v for v, _ in values), min(v for v, _ in values)
    return (high, _together(words, values, high)), (low, _together(words, values, low))


def most_moved(rows: Sequence[Row], key: str, count: int, least: float) -> tuple[Listed, Listed]:
    """The largest rises and the largest falls on last month; what moved less than `least` neither rose nor fell."""
    moved = [r for r in rows if r["change_month"] is not None and abs(r["change_month"]) >= least]
    rose = first_of([r for r in moved if r["change_month"] > 0], lambda r: -r["change_month"], key, count)
    fell = first_of([r for r in moved if r["change_month"] < 0], lambda r: r["change_month"], key, count)
    return rose, fell


def more_moved(words: Wording, listed: Listed) -> str:
    """How many more moved by as much as the last that is listed; nothing where none did."""
    return words.text("movers.more_equal", count=listed.more) if listed.more else ""


def _together(words: Wording, values: Sequence[tuple[float, str]], value: float) -> str:
    names = [name for own, name in values if own == value]
    return names[0] if len(names) == 1 else words.text("names.together", name=names[0], count=len(names))
