"""CSV as departments send it: UTF-8 with or without BOM, GB18030, packed, with titles above the header.

Decoding is strict and the shape of every line is looked at: a file in another encoding or cut off in the
middle is an error that says so, a line with a field too many or too few is named.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection

import polars as pl

from feeds.errors import FeedError
from feeds.location import sha256, unpack
from feeds.raw import HEADER_SEARCH_ROWS, RawFile, find_header, header_key, raw_file, unique_header

_AGAIN = "ask the department to send the whole file again"


def read_csv(
    feed: str,
    path: str,
    content: bytes,
    wanted: Collection[str],
    *,
    encoding: str = "utf-8",
    delimiter: str = ",",
) -> RawFile:
    """Rows of a CSV file as text; `wanted` are the headers that feeds.yaml names."""
    digest = sha256(content)
    text = decode(feed, path, unpack(feed, path, content), encoding)
    if not text.strip():
        raise FeedError(feed, path, "the file is empty: not even a header", _AGAIN)
    text = text.replace("\r\n", "\n")
    plain = _read_plain(feed, path, digest, text, wanted, delimiter)
    return plain if plain is not None else _read_any(feed, path, digest, text, wanted, delimiter)


def decode(feed: str, path: str, content: bytes, encoding: str) -> str:
    """Strictly decoded text; the error names the line, what the file looks like and where to declare it."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FeedError(feed, path, "the file is UTF-16", "ask for UTF-8, or for GB18030 and declare it")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")) or b"\x00" in content[:4096]:
        raise FeedError(
            feed,
            path,
            "the file is not text: it looks like a workbook",
            "declare `reader: xlsx` or ask for CSV",
        )
    utf8 = encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")
    if not utf8 and _is_utf8_beyond_ascii(content):
        # Bytes of UTF-8 Chinese often decode as GB18030 without an error, into nonsense.
        raise FeedError(
            feed,
            path,
            f"declared as {encoding} but the file is UTF-8",
            f"ask for {encoding}, or set `encoding: utf-8` for this record set in feeds.yaml",
        )
    try:
        return content.decode("utf-8-sig" if utf8 else encoding)
    except LookupError as error:
        raise FeedError(
            feed, path, f"there is no encoding {encoding!r}", "write utf-8 or gb18030 in feeds.yaml"
        ) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        if error.end >= len(content) and error.reason in (
            "unexpected end of data",
            "incomplete multibyte sequence",
        ):
            raise FeedError(feed, path, "the file ends in the middle of a character", _AGAIN, line) from error
        looks = _other_encoding(content, utf8)
        raise FeedError(
            feed,
            path,
            f"not {encoding}{f': it looks like {looks}' if looks else ''}",
            f"ask for {encoding}, or set `encoding: {looks or '…'}` for this record set in feeds.yaml",
            line,
        ) from error


def _is_utf8_beyond_ascii(content: bytes) -> bool:
    if content.isascii():
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _other_encoding(content: bytes, utf8: bool) -> str:
    other = "gb18030" if utf8 else "utf-8"
    try:
        content.decode(other)
    except UnicodeDecodeError:
        return ""
    return other


def _read_plain(
    feed: str, path: str, digest: str, text: str, wanted: Collection[str], delimiter: str
) -> RawFile | None:
    """The common file, fast: no quotes, header in the first line, every line complete; else None.

    The general way costs a second for a month's largest files, this one a tenth.
    """
    if '"' in text or "\r" in text or not text.endswith("\n"):
        return None
    cells = text[: text.index("\n")].split(delimiter)
    if not {header_key(c) for c in cells} & {header_key(w) for w in wanted}:
        return None
    lines = pl.Series(text[:-1].split("\n"))
    if (lines.str.count_matches(delimiter, literal=True) != len(cells) - 1).any() or (lines == "").any():
        return None
    header = unique_header(cells, wanted, feed, path)
    body = lines.slice(1)
    if body.is_empty():
        rows = pl.DataFrame(schema=dict.fromkeys(header, pl.String))
    else:
        rows = pl.read_csv(
            text.encode(),
            separator=delimiter,
            has_header=False,
            skip_rows=1,
            new_columns=list(header),
            infer_schema=False,
            quote_char=None,
        )
    if rows.height != body.len():
        return None
    return raw_file(path, digest, rows, pl.int_range(2, rows.height + 2, dtype=pl.Int32, eager=True))


def _read_any(feed: str, path: str, digest: str, text: str, wanted: Collection[str], delimiter: str) -> RawFile:
    records: list[list[str]] = []
    starts: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for record in reader:
            records.append(record)
            starts.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise FeedError(
            feed, path, f"a quoted field is not closed or not well formed ({error})", _AGAIN, line
        ) from error

    width = max(len(r) for r in records[:HEADER_SEARCH_ROWS])
    place = find_header([_padded(r, width) for r in records[:HEADER_SEARCH_ROWS]], wanted)
    if place is None:
        raise FeedError(feed, path, "no header in the first lines", _AGAIN)
    cells = list(place.cells)
    while cells and not cells[-1]:
        cells.pop()
    header = unique_header(cells, wanted, feed, path)
    body, body_lines = records[place.first + place.height :], starts[place.first + place.height :]
    _refuse_cut_off(feed, path, text, body, body_lines, len(header))

    kept: list[list[str]] = []
    lines: list[int] = []
    broken: list[tuple[int, str]] = []
    layout = place.first
    for record, start in zip(body, body_lines, strict=True):
        if not any(record):
            layout += 1
        elif len(record) >= len(header) and not any(record[len(header) :]):
            kept.append(record[: len(header)])
            lines.append(start)
        else:
            broken.append((start, f"{len(header)} fields as in the header; the line has {len(record)}"))
    columns = list(zip(*kept, strict=True)) if kept else [()] * len(header)
    rows = pl.DataFrame(
        [pl.Series(name, column, dtype=pl.String) for name, column in zip(header, columns, strict=True)]
    )
    return raw_file(path, digest, rows, pl.Series(lines, dtype=pl.Int32), layout=layout, broken=broken)


def _refuse_cut_off(feed: str, path: str, text: str, body: list[list[str]], lines: list[int], width: int) -> None:
    if body and not text.endswith("\n") and len(body[-1]) < width:
        raise FeedError(
            feed,
            path,
            f"the file is cut off: its last line has {len(body[-1])} of {width} fields and no end",
            _AGAIN,
            lines[-1],
        )


def _padded(record: list[str], width: int) -> list[str | None]:
    cells: list[str | None] = [c.strip() or None for c in record[:width]]
    return cells + [None] * (width - len(cells))
