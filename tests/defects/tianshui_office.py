"""Tianshui cut down to a few departments, its simulated deliveries, and one way to land and judge a month.

What a defect planted is counted from the delivered files by the few lines of `delivered`, not by the readers under
test.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl

from city.folder import City, RecordSet
from city.state import StateFolder
from feeds.landed import read_receipt
from feeds.landing import land_department
from feeds.receipt import Receipt
from gates.feeds import feed_gate
from gates.result import Finding, GateResult
from simulator.defects import Defect, deliver_late
from simulator.run import simulate

MONTH = "2022-03"


@dataclass(frozen=True)
class Delivered:
    """The rows of a delivery as they stand in the file, each with its line."""

    rows: list[dict[str, str]]
    lines: list[int]

    def where(self, wanted: Callable[[Mapping[str, str]], bool]) -> list[int]:
        """Lines of the rows that are wanted."""
        return [line for line, row in zip(self.lines, self.rows, strict=True) if wanted(row)]


class Office:
    """A city of few departments: `send` simulates, `land` lands and judges by gate A."""

    def __init__(self, city: City, folder: Path) -> None:
        self.city = city
        self.sources = folder / "sources"
        self.state = StateFolder(folder / "state", city.key)

    def with_carry(self, months: int, *excepted: str) -> Office:
        """The same office under rules that carry so many months forward, without these departments."""
        versions = tuple(
            replace(v, rules={**v.rules, "carry_forward": {"months": months, "except": list(excepted)}})
            for v in self.city.versions
        )
        self.city = replace(self.city, versions=versions)
        return self

    def send(self, *defects: str, months: tuple[str, ...] = (MONTH,)) -> None:
        """Simulate the months' deliveries, with these defects."""
        simulate(self.city, self.sources, months, defects=[Defect.parse(d) for d in defects], workers=1)

    def land(self, month: str = MONTH, environment: Mapping[str, str] | None = None) -> dict[str, Receipt]:
        """Land every department's month; receipts by `department/record_set`, every row accounted for."""
        receipts = [
            receipt
            for feed in self.city.feeds
            for receipt in land_department(
                self.city, self.state, feed.department.key, month, str(self.sources), environment or {}
            )
        ]
        for r in receipts:
            assert r.received == r.accepted + r.quarantined + r.other_month + r.layout, r.record_set
        return {f"{r.department_key}/{r.record_set}": r for r in receipts}

    def gate(self, receipts: Mapping[str, Receipt], month: str = MONTH) -> GateResult:
        """Gate A over these receipts."""
        return feed_gate(self.city, self.state, month, list(receipts.values()))

    def finding(self, receipts: Mapping[str, Receipt], feed: str, month: str = MONTH) -> Finding:
        """What gate A says of one record set."""
        return next(f for f in self.gate(receipts, month).findings if f.check == feed)

    def arrive(self, feed: str, month: str = MONTH) -> None:
        """Let a late delivery arrive."""
        department, record_set = feed.split("/")
        deliver_late(self.city, self.sources, department, record_set, month)

    def record_set(self, feed: str) -> RecordSet:
        return next(r for r in self.city.record_sets if f"{r.department_key}/{r.name}" == feed)

    def current(self, feed: str, month: str = MONTH) -> Receipt | None:
        return read_receipt(self.state, self.record_set(feed), month)

    def path(self, feed: str, month: str = MONTH) -> Path:
        """Where the delivery lies."""
        return self.sources / self.record_set(feed).location.replace("{period}", month)

    def quarantine(self, receipt: Receipt) -> pl.DataFrame:
        """The rows of the receipt's quarantine file."""
        return pl.read_parquet(self.state.quarantine / receipt.quarantine_file)

    def landed(self, receipt: Receipt) -> bytes:
        """The bytes of the receipt's landing file."""
        return (self.state.landing / receipt.landing_file).read_bytes()

    def delivered(self, feed: str, month: str = MONTH) -> Delivered:
        """The delivery's rows and lines, read without the feeds."""
        record_set, path = self.record_set(feed), self.path(feed, month)
        if record_set.reader == "csv":
            text = path.read_bytes().decode("utf-8-sig" if record_set.encoding == "utf-8" else record_set.encoding)
            rows = list(csv.DictReader(io.StringIO(text)))
            return Delivered(rows, list(range(2, len(rows) + 2)))
        if record_set.reader == "json":
            rows = [as_text(row) for page in json.loads(path.read_bytes()) for row in page["rows"]]
            return Delivered(rows, list(range(1, len(rows) + 1)))
        if record_set.reader == "xlsx":
            return _workbook(path)
        with closing(sqlite3.connect(path)) as connection:
            table, column = record_set.options["table"], record_set.options["period_column"]
            cursor = connection.execute(f'select * from "{table}" where "{column}" = ?', (month,))
            headers = [d[0] for d in cursor.description]
            rows = [as_text(dict(zip(headers, values, strict=True))) for values in cursor]
        return Delivered(rows, [0] * len(rows))


def _workbook(path: Path) -> Delivered:
    """Simulated workbooks have a title, a header over two rows, and a line of totals."""
    sheet = fastexcel.read_excel(path.read_bytes()).load_sheet(0, header_row=None, skip_rows=0, dtypes="string")
    grid = sheet.to_polars().rows()
    header = [below or above for above, below in zip(grid[1], grid[2], strict=True)]
    rows = [as_text(dict(zip(header, cells, strict=True))) for cells in grid[3:-1]]
    return Delivered(rows, list(range(4, len(rows) + 4)))


def as_text(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in row.items()}


@dataclass(frozen=True)
class Trial:
    """A month delivered clean and landed, then delivered again with a defect in several feeds and landed."""

    office: Office
    clean: Mapping[str, Receipt]
    clean_rows: Mapping[str, Delivered]
    spoiled: Mapping[str, Receipt]
    spoiled_rows: Mapping[str, Delivered]
    gate: GateResult
