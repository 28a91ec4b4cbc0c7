"""How large a workbook is once unpacked, found before it is opened.

A spreadsheet reader lays a sheet out from its first to its last cell: a file of 1 kB with two cells, A1 and
XFD1048576, ended the process (memory for 17 thousand million cells). So the archive is unpacked once with a bound,
and the extent of every sheet is read off its cells' own references. Nothing here reads values.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from feeds.errors import FeedError
from feeds.location import too_large

#: Unpacked bytes of a workbook. The largest delivery of a month (36,000 rows of 12 columns) unpacks to 30 MiB.
MAX_UNPACKED_BYTES = 512 << 20
#: Cells from the first to the last of a sheet; the reader takes about 65 bytes for each.
MAX_CELLS = 10_000_000
_CHUNK = 1 << 20
_AGAIN = "ask the department to save the workbook again as .xlsx and send it"
_TAG = re.compile(rb"<(?:\w+:)?(row|c)(?=[\s/>])([^>]*)>")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)(\d*)["']""")
#: An unfinished tag at the end of a chunk is looked at with the next one; no tag of a cell is longer.
_LONGEST_TAG = 4096


def refuse_oversized_workbook(feed: str, path: str, content: bytes) -> None:
    """Raise FeedError for what is no .xlsx archive, or unpacks to more than the bounds."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = {entry.filename.lower() for entry in archive.infolist()}
            if "xl/workbook.xml" not in names:
                raise FeedError(feed, path, "an archive, but not an .xlsx workbook", _AGAIN)
            unpacked = 0
            for entry in archive.infolist():
                extent = _Extent()
                with archive.open(entry) as stream:
                    while chunk := stream.read(_CHUNK):
                        unpacked += len(chunk)
                        if unpacked > MAX_UNPACKED_BYTES:
                            raise too_large(feed, path, MAX_UNPACKED_BYTES)
                        extent.look(chunk)
                _refuse(feed, path, entry.filename, extent)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        # ValueError: an offset before the beginning; RuntimeError: encrypted; NotImplementedError: rarely known packing
        raise FeedError(feed, path, f"not a workbook: damaged, locked or cut off ({error})", _AGAIN) from error


def _refuse(feed: str, path: str, part: str, extent: _Extent) -> None:
    if extent.is_wide_text:
        raise FeedError(feed, path, f"{part} is UTF-16, which no office program writes", _AGAIN)
    if extent.cells > MAX_CELLS:
        raise FeedError(
            feed,
            path,
            f"{part} reaches over {extent.rows:,} rows and {extent.columns:,} columns; "
            f"at most {MAX_CELLS:,} cells are read",
            "ask for the sheet without stray cells far below or right of the table, or split it into several files",
        )


class _Extent:
    """The rectangle from A1 to the last cell that holds something, over the tags of one part of the archive."""

    def __init__(self) -> None:
        self.rows = 0
        self.columns = 0
        self.is_wide_text = False
        self._row = 0
        self._column = 0
        self._rest = b""
        self._begun = False

    @property
    def cells(self) -> int:
        return self.rows * self.columns

    def look(self, chunk: bytes) -> None:
        if not self._begun:
            self._begun = True
            self.is_wide_text = chunk.startswith((b"\xff\xfe", b"\xfe\xff")) or chunk[:2] in (b"<\x00", b"\x00<")
        text = self._rest + chunk
        seen = 0
        for tag in _TAG.finditer(text):
            seen = tag.end()
            self._take(tag[1], tag[2])
        self._rest = text[max(seen, len(text) - _LONGEST_TAG) :]

    def _take(self, kind: bytes, attributes: bytes) -> None:
        found = _REFERENCE.search(attributes)
        letters, digits = (found[1], found[2]) if found else (b"", b"")
        if kind == b"row":
            self._row = int(digits[:10]) if digits else self._row + 1
            self._column = 0
            return
        row = int(digits[:10]) if digits else max(self._row, 1)
        self._column = _column_number(letters[:8]) if letters else self._column + 1
        if not attributes.endswith(b"/"):  # an empty cell carries only a style
            self.rows = max(self.rows, row)
            self.columns = max(self.columns, self._column)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
