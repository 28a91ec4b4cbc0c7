"""Canonical rows to what an office writes: the headers, words, codes, names and dates of feeds.yaml.

What belongs here: the inverse of what a feed maps. What does not: files and encodings (`writing`), and any
fault (`dirt`, `defects`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from city.folder import City, RecordSet, Unit
from city.periods import Period

#: How a reader's source writes yes and no when feeds.yaml names no words for them.
_YES_NO: Mapping[str, tuple[Any, Any]] = {
    "csv": ("是", "否"),
    "xlsx": ("是", "否"),
    "json": (True, False),
    "sql": (1, 0),
}


class SimulatorError(ValueError):
    """A department's rows and its feed do not fit together; the message says which and what to do."""


def localise(city: City, record_set: RecordSet, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows under delivered headers: the columns of feeds.yaml in its order, the unit's after the first.

    Dates become text; numbers stay numbers. SimulatorError when a column of the feed is not in the rows, or a
    unit has no code in the record set's list.
    """
    missing = sorted({*record_set.columns.values(), "unit_code"} - set(rows.columns))
    if missing:
        raise SimulatorError(
            f"simulated {record_set.department_key}/{record_set.name} lacks {', '.join(missing)}: "
            "return every column that feeds.yaml names, and unit_code"
        )
    written = [
        _column(record_set, contract_column, rows[contract_column]).alias(header)
        for header, contract_column in record_set.columns.items()
    ]
    unit = _unit_columns(city, record_set, rows["unit_code"])
    return pl.DataFrame([*written[:1], *unit, *written[1:]])


def month_in_chinese(period: Period) -> str:
    """`2022-01` as 2022年1月."""
    return f"{period[:4]}年{int(period[5:])}月"


def _column(record_set: RecordSet, name: str, values: pl.Series) -> pl.Series:
    words = record_set.values.get(name)
    if words:
        # The first word for a value is the one written; further words are other offices' spellings of it.
        written = {_plain(value): str(word) for word, value in reversed(list(words.items()))}
        text = values.cast(pl.String)
        return text.replace(list(written), list(written.values()))
    if values.dtype == pl.Boolean:
        yes, no = _YES_NO[record_set.reader]
        if isinstance(yes, bool):
            return values
        chosen = pl.when(pl.col(values.name)).then(pl.lit(yes)).when(~pl.col(values.name)).then(pl.lit(no))
        return values.to_frame().select(chosen.alias(values.name)).to_series()
    if isinstance(values.dtype, pl.Datetime):
        return values.dt.strftime(record_set.date_formats[0] if record_set.date_formats else "%Y-%m-%d %H:%M:%S")
    if values.dtype == pl.Date:
        return values.dt.strftime(record_set.date_formats[0] if record_set.date_formats else "%Y-%m-%d")
    if values.dtype == pl.Float64 and values.is_finite().all() and (values == values.round()).all():
        return values.cast(pl.Int64)
    return values


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unit_columns(city: City, record_set: RecordSet, codes: pl.Series) -> list[pl.Series]:
    known = codes.unique(maintain_order=True).to_list()
    strangers = [code for code in known if code not in city.unit_by_code]
    if strangers:
        raise SimulatorError(
            f"simulated {record_set.department_key}/{record_set.name} has units {strangers[:5]} "
            "that units.csv does not know"
        )
    write = {"code": _delivered_code, "name": _delivered_name}
    return [
        codes.replace_strict(
            known,
            [write[kind](city, record_set, city.unit_by_code[code]) for code in known],
            return_dtype=pl.String,
        ).alias(record_set.unit[kind])
        for kind in ("code", "name")
        if kind in record_set.unit
    ]


def _delivered_code(city: City, record_set: RecordSet, unit: Unit) -> str:
    code = unit.code
    if record_set.code_list not in ("", "nbs"):
        try:
            code = unit.code_aliases[record_set.code_list][0]
        except (KeyError, IndexError) as error:
            raise SimulatorError(
                f"{unit.code} has no code in the list {record_set.code_list!r}: add an alias to units.csv"
            ) from error
    digits = int(record_set.options.get("unit_code_digits", 9))
    return code.ljust(digits, "0") if digits == 12 else code


def _delivered_name(city: City, record_set: RecordSet, unit: Unit) -> str:
    is_leaf = unit.level == city.levels[-1]
    if is_leaf and record_set.options.get("unit_name_style") == "with_county":
        return city.unit_by_code[unit.parent].name_zh + unit.name_zh
    return unit.name_zh
