"""Delivered files read by a few plain lines: no feeds.yaml, no landing, no code of the product.

Headers, encodings, code lists and the rule for bad rows are written down here a second time, on purpose: what both
sides say is then not one side's mistake.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import polars as pl


@dataclass(frozen=True, eq=False)
class Delivery:
    """One kind of record as its office sends it: where, under which headers."""

    path: str
    date: str
    key: tuple[str, ...]
    code: str = ""
    name: str = ""
    code_list: str = "nbs"
    encoding: str = "utf-8-sig"
    table: str = ""
    #: Whether rows of a month may still come with the next month's delivery.
    late: bool = True
    #: Pairs of headers (earlier, later) that must not be the other way round.
    order: tuple[tuple[str, str], ...] = ()


#: Number of a month by the unit where it is known.
Counts = dict[str, float]
Measure = Callable[["Folder", str], Counts]


@dataclass(frozen=True, eq=False)
class Folder:
    """A sources folder and the units of a city's folder."""

    sources: Path
    city: Path
    _rows: dict[tuple[str, str, str], pl.DataFrame] = field(default_factory=dict)

    @cached_property
    def units(self) -> list[dict[str, str]]:
        """Rows of units.csv."""
        return table(self.city / "units.csv")

    @cached_property
    def names(self) -> dict[str, set[str]]:
        """Units by each of their names, with and without the county before it."""
        plain = {u["code"]: u["name_zh"] for u in self.units}
        found: dict[str, set[str]] = {}
        for unit in self.units:
            aliases = [a for a in unit["aliases"].split(";") if a and ":" not in a]
            for name in [unit["name_zh"], *aliases]:
                for text in (name, plain.get(unit["parent"], "") + name):
                    found.setdefault(text, set()).add(unit["code"])
        return found

    @cache  # noqa: B019 - one folder lives as long as the tests
    def codes(self, code_list: str) -> dict[str, str]:
        """Units by their codes in one of the published lists."""
        found = {u["code"]: u["code"] for u in self.units} if code_list == "nbs" else {}
        for unit in self.units:
            for alias in unit["aliases"].split(";"):
                listed, colon, code = alias.partition(":")
                if colon and listed == code_list:
                    found.setdefault(code, unit["code"])
        return found

    def unit(self, delivery: Delivery, code: str | None, name: str | None) -> str | None:
        """The unit that a row means; None when nobody can say."""
        of_name = self.names.get(name or "", set())
        if not delivery.code:
            return next(iter(of_name)) if len(of_name) == 1 else None
        township = (code or "")[:9]
        of_code = self.codes(delivery.code_list).get(township[:6] if township[6:] in ("", "000") else township)
        return of_code if not delivery.name or of_code in of_name else None

    def rows(self, delivery: Delivery, period: str) -> pl.DataFrame:
        """Good rows of a month, as text, with their unit: own delivery first, then late rows of the next one."""
        place = (delivery.path, delivery.table, period)
        if place not in self._rows:
            months = [period, next_month(period)] if delivery.late else [period]
            read = [rows for month in months if (rows := self._read(delivery, month)) is not None]
            own = pl.concat(read, how="diagonal").filter(pl.col(delivery.date).str.head(7) == period)
            pairs = own.select(
                code=pl.col(delivery.code) if delivery.code else pl.lit(None, pl.String),
                name=pl.col(delivery.name) if delivery.name else pl.lit(None, pl.String),
            )
            known = {pair: self.unit(delivery, *pair) for pair in pairs.unique().iter_rows()}
            units = pl.Series("unit", [known[pair] for pair in pairs.iter_rows()], dtype=pl.String)
            good = own.with_columns(units).filter(pl.col("unit").is_not_null())
            for earlier, later in delivery.order:
                good = good.filter((pl.col(earlier) <= pl.col(later)).fill_null(True))
            self._rows[place] = good.unique(list(delivery.key), keep="first", maintain_order=True)
        return self._rows[place]

    def _read(self, delivery: Delivery, month: str) -> pl.DataFrame | None:
        path = self.sources / delivery.path.replace("{period}", month)
        if not path.exists():
            return None
        if delivery.table:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                cursor = connection.execute(f'select * from "{delivery.table}" where "报送月份" = ?', [month])
                header = [c[0] for c in cursor.description]
                rows = pl.DataFrame(cursor.fetchall(), schema=header, orient="row", infer_schema_length=None)
        elif path.suffix == ".json":
            pages = json.loads(path.read_text(encoding="utf-8"))
            rows = pl.DataFrame([row for page in pages for row in page["rows"]], infer_schema_length=None)
        elif path.suffix == ".xlsx":
            rows = _sheet(path)
        else:
            text = path.read_bytes().decode(delivery.encoding)
            rows = pl.read_csv(text.encode(), infer_schema=False)
        return rows.cast(pl.String)


def _sheet(path: Path) -> pl.DataFrame:
    """A title line, two header lines with merged cells, rows, a line of totals."""
    cells = pl.read_excel(path, has_header=False, infer_schema_length=0).rows()
    header = [below or above for above, below in zip(cells[1], cells[2], strict=True)]
    rows = [row for row in cells[3:] if row[0] != "合计"]
    return pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row")


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file of the city's folder."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def next_month(period: str) -> str:
    """The month after."""
    year, month = int(period[:4]), int(period[5:])
    return f"{year + month // 12}-{month % 12 + 1:02d}"


def count(delivery: Delivery, where: pl.Expr | bool = True) -> Measure:
    """How many good rows there are."""
    return total(delivery, pl.len(), where)


def total(delivery: Delivery, what: pl.Expr, where: pl.Expr | bool = True) -> Measure:
    """What the good rows of a unit add up to; `what` takes all rows of a unit and answers one number."""

    def measure(folder: Folder, period: str) -> Counts:
        rows = folder.rows(delivery, period).filter(where)
        return {unit: float(number) for unit, number in rows.group_by("unit").agg(what).iter_rows()}

    return measure


def returned(delivery: Delivery, word: str, measure_header: str = "指标", value_header: str = "数值") -> Measure:
    """A finished number of a monthly return."""
    return total(delivery, pl.col(value_header).cast(pl.Float64).sum(), pl.col(measure_header) == word)
