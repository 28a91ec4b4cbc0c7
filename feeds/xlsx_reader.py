"""Workbooks as offices send them: titles, headers over merged cells, totals, blanks, numbers as text."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from feeds.errors import FeedError
from feeds.location import sha256
from feeds.raw import HEADER_SEARCH_ROWS, RawFile, find_header, raw_file, unique_header
from feeds.workbook_size import refuse_oversized_workbook

_AGAIN = "ask the department to save the workbook again as .xlsx and send it"


def read_xlsx(feed: str, path: str, content: bytes, wanted: Collection[str], *, sheet: int | str = 1) -> RawFile:
    """Rows of one sheet (number from 1, or name) as text; `wanted` are the headers feeds.yaml names."""
    import fastexcel

    refuse_oversized_workbook(feed, path, content)
    try:
        workbook = fastexcel.read_excel(content)
        names = workbook.sheet_names
        known = sheet in names if isinstance(sheet, str) else 1 <= sheet <= len(names)
        if not known:
            raise FeedError(
                feed,
                path,
                f"no sheet {sheet!r}; the workbook has {', '.join(names)}",
                "correct `options: {sheet: …}` in feeds.yaml or ask for the usual workbook",
            )
        # Without skip_rows=0 blank rows at the top would be left out and every line number would be wrong.
        place_of_sheet = sheet if isinstance(sheet, str) else sheet - 1
        texts = workbook.load_sheet(place_of_sheet, header_row=None, skip_rows=0, dtypes="string").to_polars()
        numbers = workbook.load_sheet(place_of_sheet, header_row=None, skip_rows=0, dtypes="float").to_polars()
        cells = _exact(texts, numbers)
    except fastexcel.FastExcelError as error:
        first = str(error).splitlines()[0]
        raise FeedError(feed, path, f"not a readable workbook ({first})", _AGAIN) from error

    grid = [[c.strip() or None if c else None for c in row] for row in cells.head(HEADER_SEARCH_ROWS + 1).iter_rows()]
    place = find_header(grid, wanted)
    if place is None:
        raise FeedError(feed, path, "the sheet is empty: not even a header", _AGAIN)
    header = unique_header(place.cells, wanted, feed, path)
    start = place.first + place.height
    rows = cells.slice(start)
    rows.columns = list(header)
    lines = pl.int_range(start + 1, cells.height + 1, dtype=pl.Int32, eager=True)
    return raw_file(path, sha256(content), rows, lines, layout=place.first)


def _exact(texts: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """Cells as text, numbers in full: as text the reader rounds them to 9 decimals (1.23e-12 came as 0)."""
    full = [
        pl.when(text.cast(pl.Float64, strict=False) != number)
        .then(number.cast(pl.String))
        .otherwise(text)
        .alias(text.name)
        for text, number in zip(texts.iter_columns(), numbers.iter_columns(), strict=True)
    ]
    return texts.select(full) if full else texts
