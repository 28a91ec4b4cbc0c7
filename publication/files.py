"""Files of an issue as bytes: copying, CSV, hashes, and making them survive a power cut.

Nothing here knows what an issue is.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from pathlib import Path

import polars as pl

#: First characters that make a spreadsheet read a text cell as a formula: the four of ASCII, tab and
#: carriage return that some skip, and the full-width forms that Chinese and Japanese versions accept.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def copy_file(source: Path, target: Path) -> None:
    """Copy bytes and put them on disk."""
    with source.open("rb") as reading, target.open("wb") as writing:
        shutil.copyfileobj(reading, writing)
        writing.flush()
        os.fsync(writing.fileno())


def write_bytes(target: Path, content: bytes) -> None:
    """Write a new file and put it on disk."""
    with target.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def csv_bytes(table: pl.DataFrame) -> bytes:
    """A table as CSV: UTF-8 with BOM, lists joined by `;`, and an apostrophe before text that would be a
    formula.

    Numbers are written so that they read back as the same numbers; the same table gives the same bytes.
    """
    lists = [name for name, kind in table.schema.items() if isinstance(kind, pl.List)]
    flat = table.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join(";") for name in lists)
    texts = [name for name, kind in flat.schema.items() if kind in (pl.String, pl.Categorical, pl.Enum)]
    safe = flat.with_columns(
        pl.when(pl.any_horizontal(pl.col(name).cast(pl.String).str.starts_with(start) for start in FORMULA_STARTS))
        .then(pl.concat_str(pl.lit("'"), pl.col(name).cast(pl.String)))
        .otherwise(pl.col(name).cast(pl.String))
        .alias(name)
        for name in texts
    )
    stream = io.BytesIO()
    safe.write_csv(stream, include_bom=True)
    return stream.getvalue()


def sha256_of(path: Path) -> str:
    """Hash of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
