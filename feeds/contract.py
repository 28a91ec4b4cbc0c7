"""The contract of a record set, and how delivered headers and values become its columns of text.

Nothing is parsed or judged here: feeds.judgement does that.
"""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import pandera.polars as pa
import polars as pl

from city.folder import City, RecordSet
from feeds.corrections import Correction, apply_corrections, cell_of_yaml
from feeds.errors import FeedError, feed_name
from feeds.privacy import mask
from feeds.raw import RawFile, header_key
from feeds.values import kind_of
from schemas.base import MonthlyReturn, TimeOrder, contract_key, contract_time_order

_CONTRACT = re.compile(r"\A([a-z][a-z0-9_]*)\.([A-Za-z][A-Za-z0-9_]*)\Z")
#: Columns that every row carries besides the contract's.
UNIT_COLUMNS = ("unit_code", "unit_name")
PERIOD = "period"


@dataclass(frozen=True)
class Column:
    """A column of a contract: its polars type, and what kind of text is read into it."""

    name: str
    dtype: pl.DataType
    kind: str
    nullable: bool
    required: bool


@dataclass(frozen=True)
class Contract:
    """A record set's pandera model, taken apart once."""

    model: type[pa.DataFrameModel]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time_order: TimeOrder

    @property
    def landed_schema(self) -> dict[str, pl.DataType]:
        """Columns and types of the landing file."""
        columns = {c.name: c.dtype for c in self.columns}
        unit: dict[str, pl.DataType] = {"unit_code": pl.String()}
        source: dict[str, pl.DataType] = {"source_file": pl.String(), "source_line": pl.Int32()}
        return (unit | columns if self.model is MonthlyReturn else columns | unit) | source


def load_contract(city: City, record_set: RecordSet) -> Contract:
    """The contract that feeds.yaml names; FeedError says what is missing where."""
    if record_set.is_monthly_return:
        return _take_apart(MonthlyReturn, key=("unit_code", "measure"))
    feed = feed_name(record_set)
    named = _CONTRACT.match(record_set.contract)
    if named is None or not re.fullmatch(r"[a-z][a-z0-9_]*", city.key):
        raise FeedError(
            feed,
            "feeds.yaml",
            f"contract {record_set.contract!r} is not module.Class of a city in schemas/",
            "write module.Class, or monthly_return where the department delivers finished numbers",
        )
    module_name = f"schemas.{city.key}.{named[1]}"
    try:
        model = getattr(importlib.import_module(module_name), named[2])
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise FeedError(
            feed,
            "feeds.yaml",
            f"there is no contract module {module_name}",
            "add it (docs/city-folder.md), or use monthly_return: a city outside the repository has no other",
        ) from error
    except AttributeError as error:
        raise FeedError(
            feed,
            "feeds.yaml",
            f"{module_name} has no class {named[2]}",
            "correct `contract:` or add the class",
        ) from error
    return _take_apart(model, key=contract_key(model))


@cache
def _take_apart(model: type[pa.DataFrameModel], key: tuple[str, ...]) -> Contract:
    columns = tuple(
        Column(
            name=name,
            dtype=column.dtype.type,
            kind=kind_of(column.dtype.type),
            nullable=column.nullable,
            required=column.required,
        )
        for name, column in model.to_schema().columns.items()
    )
    return Contract(model, columns, key, contract_time_order(model))


def check_mapping(record_set: RecordSet, contract: Contract) -> None:
    """FeedError when feeds.yaml does not say where each of the contract's columns comes from."""
    feed = feed_name(record_set)
    known = {c.name for c in contract.columns} | ({PERIOD} if record_set.is_monthly_return else set())
    mapped = list(record_set.columns.values())
    unknown = sorted(set(mapped) - known)
    absent = [c.name for c in contract.columns if c.name not in mapped and c.required and not c.nullable]
    twice = sorted({c for c in mapped if mapped.count(c) > 1})
    fault = (
        (unknown and f"`columns` maps to {', '.join(unknown)}, which the contract does not have")
        or (absent and f"`columns` maps nothing to {', '.join(absent)}")
        or (twice and f"`columns` maps two headers to {', '.join(twice)}")
        or (not record_set.unit and "`unit` names no header")
        or (record_set.month_by not in mapped and f"`month_by: {record_set.month_by}` is not a mapped column")
    )
    if fault:
        raise FeedError(feed, "feeds.yaml", fault, "correct this record set in feeds.yaml")


def map_headers(record_set: RecordSet, contract: Contract, raw: RawFile) -> pl.DataFrame:
    """The contract's columns, unit_code and unit_name as delivered text, under the contract's names.

    FeedError lists headers that feeds.yaml names and the file does not have. An API may leave out a field
    that is blank in every row: for JSON, a missing nullable column is blank.
    """
    have = {header_key(name): name for name in raw.rows.columns}
    lenient = {c.name for c in contract.columns if c.nullable} if record_set.reader == "json" else set[str]()
    chosen: list[pl.Expr] = []
    missing: list[str] = []
    for header, column in record_set.columns.items():
        if (found := have.get(header_key(header))) is not None:
            chosen.append(pl.col(found).alias(column))
        elif column in lenient or not (raw.header or raw.rows.height):
            chosen.append(pl.lit(None, dtype=pl.String).alias(column))
        else:
            missing.append(header)
    for part, column in (("code", "unit_code"), ("name", "unit_name")):
        header = record_set.unit.get(part, "")
        found = have.get(header_key(header)) if header else None
        if header and found is None and (raw.header or raw.rows.height):
            missing.append(header)
        source = pl.lit(None, dtype=pl.String) if found is None else pl.col(found)
        chosen.append(source.alias(column))
    if missing:
        raise _missing_headers(record_set, raw, missing)
    if not raw.rows.height:
        names = [*record_set.columns.values(), *UNIT_COLUMNS]
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return raw.rows.select(chosen)


def _missing_headers(record_set: RecordSet, raw: RawFile, missing: Sequence[str]) -> FeedError:
    delivered = list(raw.header)
    known = {header_key(h) for h in (*record_set.columns, *record_set.unit.values())}
    if not known & {header_key(h) for h in delivered}:
        # Not one header is known: this may be a row of data, and a message is no place for it.
        delivered = [mask(h) or "" for h in delivered]
    hints = [
        f"{header!r} (is it {close[0]!r}?)"
        if (close := difflib.get_close_matches(header, delivered, n=1, cutoff=0.5))
        else repr(header)
        for header in dict.fromkeys(missing)
    ]
    return FeedError(
        feed_name(record_set),
        raw.path,
        f"the header {', '.join(hints)} is missing; delivered were {', '.join(delivered) or 'none'}",
        "ask the department for the agreed headers, or map the new ones in feeds.yaml",
    )


def map_values(rows: pl.DataFrame, values: Mapping[str, Mapping[str, object]]) -> pl.DataFrame:
    """Delivered values as the contract's; a value that is not listed stays as it is."""
    changed = []
    for column, pairs in values.items():
        if column in rows.columns and pairs:
            texts = {cell_of_yaml(old): cell_of_yaml(new) for old, new in pairs.items()}
            changed.append(pl.col(column).replace(list(texts), pl.Series(list(texts.values()), dtype=pl.String)))
    return rows.with_columns(changed) if changed else rows


def text_rows(
    record_set: RecordSet, contract: Contract, raw: RawFile, corrections: Sequence[Correction]
) -> pl.DataFrame:
    """Rows under the contract's names, corrected, then values mapped, each with file and line."""
    rows = map_headers(record_set, contract, raw)
    if corrections:
        rows = apply_corrections(feed_name(record_set), rows, corrections)
    else:
        rows = rows.with_columns(correction=pl.lit(None, dtype=pl.String), dropped=pl.lit(False))
    rows = map_values(rows, record_set.values)
    return rows.with_columns(raw.lines.alias("source_line"), pl.lit(raw.path, dtype=pl.String).alias("source_file"))
