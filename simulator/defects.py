"""The dial of defects: faults that an office's delivery may have, each asked for by name, place and month.

What belongs here: what each kind of defect does to rows, to bytes or to the arrival of a delivery. What does
not: the dirt of ordinary deliveries (`dirt`). A defect draws from a generator of its own and comes last: it
leaves the rest of the delivery as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from city.folder import City, RecordSet
from city.periods import Period, month_index
from simulator.localising import SimulatorError
from simulator.writing import (
    LATE,
    clear_table_month,
    file_content,
    location,
    read_table_month,
    write_file,
    write_table,
)

Places = np.ndarray[tuple[int], np.dtype[np.int64]]
#: Stands for every record set of a department.
ALL = "*"

#: Kinds and what each does, in words for `--help`.
KINDS: Mapping[str, str] = {
    "missing_delivery": "nothing arrives",
    "late_delivery": "nothing arrives until deliver_late is called",
    "wrong_encoding": "a file in another encoding than declared (csv and json)",
    "shuffled_columns": "the same columns in another order",
    "duplicate_rows": "a share of the rows twice (0.03)",
    "broken_codes": "a share of the rows with a unit that does not exist (0.10)",
    "truncated_file": "the file ends in the middle of a row (not for tables)",
    "empty_sheet": "no row; a workbook has not even headers",
    "restated_month": "the month delivered again, with a share of rows taken out or changed (0.03)",
}
_SHARES = {"duplicate_rows": 0.03, "broken_codes": 0.10, "restated_month": 0.03}
_NOT_FOR: Mapping[str, tuple[str, ...]] = {
    "wrong_encoding": ("xlsx", "sql"),
    "truncated_file": ("sql",),
    "shuffled_columns": ("sql",),
}
_BROKEN_CODE = "999999999"
_BROKEN_NAME = "查无此乡"


@dataclass(frozen=True)
class Defect:
    """One defect in one month of one record set, or of all of a department's (`*`)."""

    kind: str
    department: str
    record_set: str
    period: Period
    share: float | None = None

    def __post_init__(self) -> None:
        """Refuse what would silently do nothing."""
        if self.kind not in KINDS:
            raise SimulatorError(f"no defect {self.kind!r}; there are {', '.join(KINDS)}")
        month_index(self.period)
        if self.share is not None and (self.kind not in _SHARES or not 0 < self.share <= 1):
            raise SimulatorError(f"{self.kind} takes no share {self.share}: only {', '.join(_SHARES)}, up to 1")

    @classmethod
    def parse(cls, text: str) -> Defect:
        """`kind:department/record_set:period[:share]`; without `/record_set` all of the department's."""
        kind, *rest = text.strip().split(":")
        if len(rest) not in (2, 3):
            raise SimulatorError(
                f"{text!r} is not a defect: write kind:department/record_set:YYYY-MM, "
                "for example missing_delivery:police/criminal_case:2022-03"
            )
        department, _, record_set = rest[0].partition("/")
        try:
            share = float(rest[2]) if len(rest) > 2 else None
            return cls(kind, department, record_set or ALL, rest[1], share)
        except ValueError as error:
            raise SimulatorError(f"{text!r}: {error}") from error

    def hits(self, record_set: RecordSet, period: Period) -> bool:
        """Whether this record set's delivery of the month has the defect."""
        named = self.record_set in (ALL, record_set.name)
        return named and self.department == record_set.department_key and self.period == period

    @property
    def amount(self) -> float:
        """The share of rows that it touches."""
        return self.share if self.share is not None else _SHARES.get(self.kind, 1.0)


def check_defects(city: City, defects: tuple[Defect, ...]) -> None:
    """SimulatorError for a defect of a record set that is not there, or that its reader cannot have."""
    for defect in defects:
        hit = [r for r in city.record_sets if defect.hits(r, defect.period)]
        if not hit:
            known = ", ".join(f"{r.department_key}/{r.name}" for r in city.record_sets)
            raise SimulatorError(
                f"{city.key} has no {defect.department}/{defect.record_set} to be defective; it has {known}"
            )
        cannot = _NOT_FOR.get(defect.kind, ())
        if all(r.reader in cannot for r in hit):
            raise SimulatorError(
                f"{defect.kind} is nothing that a {hit[0].reader} delivery can have "
                f"({defect.department}/{defect.record_set})"
            )


def applying(defects: tuple[Defect, ...], record_set: RecordSet, period: Period) -> dict[str, Defect]:
    """The defects of one delivery by kind, without those its reader cannot have."""
    return {
        d.kind: d for d in defects if d.hits(record_set, period) and record_set.reader not in _NOT_FOR.get(d.kind, ())
    }


def spoil_rows(
    rows: pl.DataFrame, record_set: RecordSet, found: Mapping[str, Defect], rng: np.random.Generator
) -> pl.DataFrame:
    """Delivered rows with the defects of rows and cells applied."""
    if "restated_month" in found:
        rows = _restated(rows, record_set, _some(rows, found["restated_month"].amount, rng))
    if "broken_codes" in found:
        touched = pl.Series(_some(rows, found["broken_codes"].amount, rng))
        words = {"code": _BROKEN_CODE, "name": _BROKEN_NAME}
        rows = rows.with_columns(rows[h].scatter(touched, words[kind]) for kind, h in record_set.unit.items())
    if "duplicate_rows" in found:
        rows = pl.concat([rows, rows[_some(rows, found["duplicate_rows"].amount, rng)]])
    if "shuffled_columns" in found:
        order = rng.permutation(len(rows.columns)).tolist()
        if order == sorted(order):
            order.reverse()
        rows = rows.select(rows.columns[place] for place in order)
    return rows.clear() if "empty_sheet" in found else rows


def _restated(rows: pl.DataFrame, record_set: RecordSet, touched: Places) -> pl.DataFrame:
    """Records taken out; finished numbers one higher."""
    is_touched = pl.Series(np.isin(np.arange(len(rows)), touched))
    if not record_set.is_monthly_return:
        return rows.filter(~is_touched)
    value = next(header for header, column in record_set.columns.items() if column == "value")
    return rows.with_columns(pl.col(value) + is_touched.cast(rows.schema[value]))


def spoil_content(content: bytes, record_set: RecordSet, found: Mapping[str, Defect]) -> bytes:
    """A file's bytes with wrong_encoding and truncated_file applied."""
    if "wrong_encoding" in found:
        declared = "utf-8" if record_set.reader == "json" else record_set.encoding
        is_utf8 = declared.lower().startswith("utf")
        text = content.decode("utf-8-sig" if is_utf8 else declared)
        content = text.encode("gb18030" if is_utf8 else "utf-8")
    if "truncated_file" in found:
        content = _cut(content, record_set)
    return content


def _cut(content: bytes, record_set: RecordSet) -> bytes:
    """About three fifths of the file; of a CSV the last line keeps its first field only."""
    cut = max(len(content) * 3 // 5, 1)
    if record_set.reader != "csv":
        return content[:cut]
    line = content.rfind(b"\n", 0, cut) + 1
    comma = content.find(b",", line)
    return content[:comma] if comma > line else content[:cut]


def deliver_late(city: City, folder: Path, department: str, record_set: str, period: Period) -> Path:
    """Let a late delivery arrive: move it from `late/` to its place. SimulatorError when none is waiting."""
    feed_set = next((r for r in city.feed(department).record_sets if r.name == record_set), None)
    if feed_set is None:
        raise SimulatorError(f"{department} has no record set {record_set!r}")
    where = location(feed_set, period)
    waiting = folder / LATE / where
    nothing = SimulatorError(f"no late delivery of {department}/{record_set} for {period} under {folder / LATE}")
    if feed_set.reader != "sql":
        if not waiting.exists():
            raise nothing
        path = write_file(folder, where, waiting.read_bytes())
        waiting.unlink()
        return path
    rows = read_table_month(waiting, feed_set, period)
    if rows is None:
        raise nothing
    path = write_table(folder, feed_set, rows, period)
    clear_table_month(waiting, feed_set, period)
    return path


def place_file(
    folder: Path, record_set: RecordSet, period: Period, content: bytes, found: Mapping[str, Defect]
) -> None:
    """Put a file where it arrives: in its place, under `late/`, or nowhere. What an earlier run put goes."""
    where = location(record_set, period)
    is_late, is_missing = "late_delivery" in found, "missing_delivery" in found
    write_file(folder, where, None if is_late or is_missing else content)
    write_file(folder / LATE, where, content if is_late and not is_missing else None)


def place_table(
    folder: Path, record_set: RecordSet, period: Period, rows: pl.DataFrame, found: Mapping[str, Defect]
) -> None:
    """The same for a month of a table; the table is there even when nothing of the month has arrived."""
    is_late, is_missing = "late_delivery" in found, "missing_delivery" in found
    write_table(folder, record_set, rows.clear() if is_late or is_missing else rows, period)
    if is_late and not is_missing:
        write_table(folder / LATE, record_set, rows, period)
    else:
        clear_table_month(folder / LATE / location(record_set, period), record_set, period)


def content_of(
    city: City, record_set: RecordSet, delivered: pl.DataFrame, period: Period, found: Mapping[str, Defect]
) -> bytes:
    """A delivery's bytes, defects included."""
    return spoil_content(file_content(city, record_set, delivered, period), record_set, found)


def _some(rows: pl.DataFrame, share: float, rng: np.random.Generator) -> Places:
    """Places of a share of the rows, one at least when there are any."""
    count = min(max(round(share * len(rows)), 1), len(rows))
    return np.sort(rng.choice(len(rows), count, replace=False)).astype(np.int64)
