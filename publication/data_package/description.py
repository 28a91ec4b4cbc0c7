"""datapackage.json and README.md: what each file and column of the package is, in Chinese and English.

Titles and descriptions are the catalogue's (`tables.yaml`); types are those of the Parquet files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from city.folder import City
from publication.catalogue import LANGUAGES, Catalogue, load_catalogue
from publication.files import sha256_of
from publication.reading import IssueData
from publication.wording import Wording

#: What makes a row unique in each table.
KEYS: Mapping[str, tuple[str, ...]] = {
    "scores": ("unit_code", "node_code"),
    "values": ("unit_code", "indicator_code"),
    "measures": ("unit_code", "measure"),
    "units": ("unit_code",),
    "framework": ("code",),
    "vetoes": ("unit_code", "measure", "from_unit"),
    "feeds": ("department", "record_set", "period"),
    "departments": ("code",),
    "contributions": ("unit_code", "comparison", "node_code", "indicator_code"),
    "member_contributions": ("unit_code", "comparison", "member_code", "indicator_code"),
    "robustness": ("unit_code",),
    "robustness_colours": ("unit_code", "colour"),
    "robustness_sensitivity": ("assumption",),
}
#: Columns whose values are keys of another table, in every table that has them. `member_code` may be empty text, which
#: Frictionless reads as no reference.
REFERENCES: Mapping[str, tuple[str, str]] = {
    "unit_code": ("units", "unit_code"),
    "from_unit": ("units", "unit_code"),
    "member_code": ("units", "unit_code"),
    "node_code": ("framework", "code"),
    "indicator_code": ("framework", "code"),
    "department": ("departments", "code"),
}
#: What may name a unit or an indicator that is no more: they tell of an earlier month too.
_OF_EARLIER_MONTHS = frozenset(
    {
        ("vetoes", "from_unit"),
        ("contributions", "indicator_code"),
        ("member_contributions", "member_code"),
        ("member_contributions", "indicator_code"),
    }
)
#: The column `parent` refers to the table that it stands in.
_TREES = {"units": "unit_code", "framework": "code"}
_TYPES: Mapping[type[pl.DataType], str] = {pl.String: "string", pl.Boolean: "boolean"}
_MEDIA = {"csv": "text/csv", "json": "application/json", "parquet": "application/vnd.apache.parquet"}


def descriptor_text(data: IssueData, city: City, tables: Sequence[str], folder: Path) -> str:
    """datapackage.json: every table as CSV with its schema; the same as JSON and Parquet, and SDMX, as plain files."""
    resources = [_tabular(data, name, folder, tables) for name in tables]
    resources += [_plain(folder / kind / f"{name}.{kind}", folder) for kind in ("json", "parquet") for name in tables]
    resources += [_plain(path, folder) for path in sorted((folder / "sdmx").iterdir())]
    manifest = data.manifest
    licence = city.settings.get("licence")
    content: dict[str, Any] = {
        "name": f"{city.key}-{data.period}-r{data.issue.revision}",
        "id": data.issue.manifest_sha256,
        "profile": "data-package",
        **_titled(city, data, "data.title", month=data.period, number=data.number),
        "version": f"{data.period}.r{data.issue.revision}",
        "created": manifest["published_at"],
        **({"licenses": [dict(licence)]} if licence else {}),
        "sources": [
            {"title": f"{d['name_zh']} {d['name_en']}" if d["name_zh"] != d["name_en"] else d["name_zh"]}
            for d in data.table("departments").iter_rows(named=True)
        ],
        "synthetic": data.synthetic,
        "notice": {language: data.notice(language) for language in LANGUAGES},
        "resources": resources,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def _titled(city: City, data: IssueData, key: str, **fields: Any) -> dict[str, Any]:
    zh, en = (Wording(city, data.period, language) for language in LANGUAGES)
    notice = [data.notice(language) for language in LANGUAGES]
    return {
        "title": f"{zh.index_name} {zh.text(key, **fields)} · {en.index_name} {en.text(key, **fields)}",
        "description": " ".join(filter(None, (zh.text("data.about"), en.text("data.about"), *notice))),
    }


def _tabular(data: IssueData, name: str, folder: Path, tables: Sequence[str]) -> dict[str, Any]:
    table = data.table(name)
    return {
        **_plain(folder / "csv" / f"{name}.csv", folder),
        "name": name,
        "type": "table",
        "profile": "tabular-data-resource",
        "title": both(f"table.{name}"),
        "description": both(f"table.{name}.note"),
        "dialect": {"delimiter": ",", "header": True},
        "schema": {
            "fields": fields(name, table.schema),
            "missingValues": [""],
            "primaryKey": list(KEYS[name]),
            "foreignKeys": _foreign_keys(name, table.columns, tables),
        },
    }


def _plain(path: Path, folder: Path) -> dict[str, Any]:
    """A file by its bytes. Not described as a table, which would want readers of JSON and Parquet in the validator."""
    kind = path.suffix[1:]
    where = path.relative_to(folder)
    return {
        "name": "-".join((*where.parts[:-1], path.stem)).replace("_", "-"),
        "type": "file",
        "path": where.as_posix(),
        "format": kind,
        "mediatype": _MEDIA[kind],
        **({} if kind == "parquet" else {"encoding": "utf-8"}),
        "bytes": path.stat().st_size,
        "hash": f"sha256:{sha256_of(path)}",
    }


def fields(table: str, schema: pl.Schema) -> list[dict[str, Any]]:
    """A descriptor for each column; CatalogueError for a column without words."""
    return [
        {
            "name": name,
            "type": _type(kind),
            "title": both(_key(table, name)),
            "description": both(_key(table, name, ".note")),
        }
        for name, kind in schema.items()
    ]


def both(key: str) -> str:
    """A text in Chinese and English."""
    texts = load_catalogue()
    zh, en = (texts.text(key, language) for language in LANGUAGES)
    return zh if zh == en else f"{zh} {en}"


def _key(table: str, column: str, ending: str = "") -> str:
    """The column's own text in this table where it has one."""
    catalogue: Catalogue = load_catalogue()
    own = f"column.{table}.{column}{ending}"
    return own if own in catalogue.texts else f"column.{column}{ending}"


def _type(kind: pl.DataType) -> str:
    if kind.is_integer():
        return "integer"
    if kind.is_float() or kind.is_decimal():
        return "number"
    return _TYPES[type(kind)]


def _foreign_keys(table: str, columns: Sequence[str], tables: Sequence[str]) -> list[dict[str, Any]]:
    wanted = {
        column: (there, key)
        for column, (there, key) in REFERENCES.items()
        if column in columns
        and there in tables
        and (there, key) != (table, column)
        and (table, column) not in _OF_EARLIER_MONTHS
    }
    # a framework's leaf names its department, a branch names none: an empty cell refers to nothing
    keys = [
        {"fields": [column], "reference": {"resource": there, "fields": [key]}}
        for column, (there, key) in wanted.items()
    ]
    if table in _TREES:
        keys.append({"fields": ["parent"], "reference": {"resource": "", "fields": [_TREES[table]]}})
    return keys


def readme_text(data: IssueData, city: City, tables: Sequence[str]) -> str:
    """README.md, Chinese then English."""
    parts = []
    for language in LANGUAGES:
        words = Wording(city, data.period, language)
        title = words.text("data.title", month=data.period, number=data.number)
        lines = [f"# {words.index_name} {title}", ""]
        if data.notice(language):
            lines += [f"**{data.notice(language)}**", ""]
        lines += [words.text("data.about"), "", words.text("data.files"), ""]
        lines += [
            f"| {words.text('data.table')} | {words.text('data.rows')} | {words.text('data.holds')} |",
            "|---|---:|---|",
        ]
        lines += [
            f"| `{name}` | {data.table(name).height} | {words.text(key)}: {words.text(f'{key}.note')} |"
            for name, key in ((name, f"table.{name}") for name in tables)
        ]
        lines += ["", words.text("data.check"), ""]
        parts.append("\n".join(lines))
    return "\n".join(parts)
