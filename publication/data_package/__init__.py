"""The data package of an issue: its tables for programs and analysts, described so that a machine can check them.

Belongs here: the tables as Parquet, CSV and JSON, the Frictionless descriptor, SDMX-CSV with its structure, README and
checksums. Parquet and CSV are the issue's own bytes; nothing is computed again.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl

from city.folder import City
from gates.candidate import TABLES
from publication.data_package.description import descriptor_text, readme_text
from publication.data_package.sdmx import write_sdmx
from publication.files import sha256_of
from publication.reading import IssueData
from publication.rendering import Request

__all__ = ["CHECKSUMS", "DESCRIPTOR", "render_data_package", "write_data_package"]

DESCRIPTOR = "datapackage.json"
CHECKSUMS = "sha256sums.txt"


def render_data_package(request: Request) -> None:
    """The rendering `data`."""
    write_data_package(request.data, request.city, request.target)


def write_data_package(data: IssueData, city: City, folder: Path) -> list[Path]:
    """Write the package; the same bytes from the same issue.

    Frictionless refuses paths that leave the package's folder, so the issue's files are copied: 18 MB for an issue
    of 131 units and 180 nodes, most of it CSV of contributions.
    """
    tables = [name for name in TABLES if data.has(name)]
    for kind in ("parquet", "csv", "json"):
        (folder / kind).mkdir()
    for name in tables:
        for kind in ("parquet", "csv"):
            shutil.copyfile(data.folder / f"{name}.{kind}", folder / kind / f"{name}.{kind}")
        (folder / "json" / f"{name}.json").write_text(_split(data.table(name)), encoding="utf-8")
    write_sdmx(data, city, folder / "sdmx")
    (folder / "README.md").write_text(readme_text(data, city, tables), encoding="utf-8")
    (folder / DESCRIPTOR).write_text(descriptor_text(data, city, tables, folder), encoding="utf-8")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{sha256_of(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
    return [*files, folder / CHECKSUMS]


def _split(table: pl.DataFrame) -> str:
    """A table as JSON, names once and then rows: a quarter of what an object for each row takes. pandas reads it with
    `orient="split"`.
    """
    content = {"columns": table.columns, "data": table.rows()}
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
