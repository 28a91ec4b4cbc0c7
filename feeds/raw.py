"""A delivery as it was sent: rows of text with the line each stands on, and what was not a row.

Every reader ends here, so that titles, blank rows and totals are told from records in one place. Nothing
here knows units, contracts or months.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from feeds.errors import FeedError

#: Title lines above a header: more than this and the sheet is something else.
HEADER_SEARCH_ROWS = 30
#: How the example row of a delivery template begins (arrivals/templates.py).
EXAMPLE = "示例 example"
_EXAMPLES = ("示例", "示例行", "example", "示例example")
_TOTALS = ("合计", "总计", "小计", "共计", "总数", "合计数", "total", "grandtotal", "subtotal")


@dataclass(frozen=True)
class RawFile:
    """One delivered file (or table, or set of pages): its records, and the line each stands on."""

    path: str
    sha256: str
    header: tuple[str, ...]
    rows: pl.DataFrame
    lines: pl.Series
    layout: int
    #: Lines that are no rows of this table (a field too many or too few), with the reason.
    broken: tuple[tuple[int, str], ...] = ()
    #: Whether the source itself says that its numbers are simulated.
    synthetic: bool = False

    @property
    def received(self) -> int:
        """Everything below the header, and the titles above it."""
        return self.rows.height + self.layout + len(self.broken)


def header_key(text: str) -> str:
    """A header without its spaces, line breaks, full-width forms and case: how headers are compared."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def unique_header(cells: Sequence[str | None], wanted: Collection[str], feed: str, path: str) -> tuple[str, ...]:
    """Names for all columns, blank and repeated ones numbered; a wanted header must not repeat."""
    wanted_keys = {header_key(w) for w in wanted}
    seen: dict[str, int] = {}
    names: list[str] = []
    for number, cell in enumerate(cells, start=1):
        name = re.sub(r"[\r\n]+", " ", (cell or "").strip()) or f"column {number}"
        key = header_key(name)
        if key in seen:
            if key in wanted_keys:
                raise FeedError(
                    feed,
                    path,
                    f"the header {name!r} stands over columns {seen[key]} and {number}",
                    "ask the department to deliver one column under this header",
                )
            name = f"{name} ({number})"
            key = header_key(name)
        seen[key] = number
        names.append(name)
    return tuple(names)


@dataclass(frozen=True)
class HeaderPlace:
    """Where the header of a sheet is: index of its first row, how many rows it takes, its cells."""

    first: int
    height: int
    cells: tuple[str | None, ...]


def find_header(grid: Sequence[Sequence[str | None]], wanted: Collection[str]) -> HeaderPlace | None:
    """The row, or two rows of merged cells, with most of the wanted headers; None on an empty sheet.

    A merged cell has its text in the top left cell only: over two rows, a column's header is the lower
    cell, or the upper one where the lower is empty. Where no wanted header is found, the first row that
    holds text is the header, so that the error can show what was delivered.
    """
    wanted_keys = {header_key(w) for w in wanted}

    def matches(cells: Sequence[str | None]) -> int:
        return len({header_key(c) for c in cells if c} & wanted_keys)

    best: HeaderPlace | None = None
    best_rank = (-1, 0)
    for index, row in enumerate(grid[:HEADER_SEARCH_ROWS]):
        if not any(row):
            continue
        candidates = [HeaderPlace(index, 1, tuple(row))]
        if index + 1 < len(grid):
            below = grid[index + 1]
            candidates.append(HeaderPlace(index, 2, tuple(low or high for high, low in zip(row, below, strict=True))))
        for candidate in candidates:
            # One row before two: a title line and the header below it would pass for a header of merged cells.
            rank = (matches(candidate.cells), -candidate.height)
            if best is None or (rank[0] > 0 and rank > best_rank):
                best, best_rank = candidate, rank
    return best


def raw_file(
    path: str,
    sha256: str,
    rows: pl.DataFrame,
    lines: pl.Series,
    *,
    layout: int = 0,
    broken: Sequence[tuple[int, str]] = (),
    synthetic: bool = False,
) -> RawFile:
    """Strip cells, count blank rows, totals and a template's example row as layout, and keep the rest."""
    header = tuple(rows.columns)
    if rows.height and header:
        stripped = pl.all().str.strip_chars()
        rows = rows.select(pl.when(stripped.str.len_bytes() > 0).then(stripped).name.keep())
        first = rows.select(pl.coalesce(pl.all())).to_series()
        word = first.str.replace_all(r"[\s:：]+", "").str.to_lowercase()
        is_layout = first.is_null() | word.is_in((*_TOTALS, *_EXAMPLES)).fill_null(False)
        if is_layout.any():
            layout += int(is_layout.sum())
            rows, lines = rows.filter(~is_layout), lines.filter(~is_layout)
    return RawFile(path, sha256, header, rows, lines.cast(pl.Int32), layout, tuple(broken), synthetic)
