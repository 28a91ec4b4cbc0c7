"""Every delivered row gets one of three verdicts: accepted, quarantined with the reason, or of another month.

Rows of the wanted month are parsed, their units resolved, the pandera contract, the order of times and
duplicates checked. Reading files and writing results are not done here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from pandera.errors import SchemaErrors

from city.folder import City, RecordSet
from city.periods import Period, add_months, months_between
from feeds.contract import PERIOD, Contract, load_contract, text_rows
from feeds.corrections import Correction
from feeds.errors import FeedError, feed_name
from feeds.privacy import mask_column
from feeds.raw import RawFile
from feeds.readers import delivers_by_month
from feeds.units import resolve_units, unit_index
from feeds.values import EXPECTED, MONTH, month_of, parse, parse_month
from schemas.base import MonthlyReturn

DROPPED = "dropped_by_correction"
_FAILURE = {
    "reason": pl.String,
    "column": pl.String,
    "value": pl.String,
    "expected": pl.String,
    "detail": pl.String,
}
QUARANTINE_SCHEMA = {"source_file": pl.String, "source_line": pl.Int32, **_FAILURE}
#: pandera's names of checks as reasons, and as sentences with what stood in the brackets.
_CHECKS = {
    "not_nullable": ("missing", "a value"),
    "isin": ("unknown_category", "one of {}"),
    "greater_than_or_equal_to": ("out_of_range", "at least {}"),
    "greater_than": ("out_of_range", "more than {}"),
    "less_than_or_equal_to": ("out_of_range", "at most {}"),
    "less_than": ("out_of_range", "less than {}"),
    "in_range": ("out_of_range", "between {}"),
    "str_length": ("malformed", "a text of length {}"),
    "str_matches": ("malformed", "a text of the form {}"),
    "finite": ("type", "a finite number"),
}


@dataclass(frozen=True)
class Delivered:
    """A file, and whether it is the month's own delivery (or holds all months) or a later month's."""

    raw: RawFile
    delivery: Period
    own: bool


@dataclass(frozen=True)
class Judged:
    """The verdicts. `quarantine` has a row for each failure, `quarantined` counts rows; values are masked."""

    accepted: pl.DataFrame
    quarantine: pl.DataFrame
    received: int
    quarantined: int
    dropped: int
    other_month: int
    layout: int
    late: int
    corrections: dict[str, dict[str, Any]]

    @property
    def quarantined_share(self) -> float:
        """Quarantined rows among those of the month; what a correction left out is nobody's fault."""
        judged = self.accepted.height + self.quarantined
        return (self.quarantined - self.dropped) / judged if judged else 0.0


def judge_rows(
    city: City,
    record_set: RecordSet,
    period: Period,
    delivered: Sequence[Delivered],
    corrections: Sequence[Correction] = (),
) -> Judged:
    """Verdicts on every row; AssertionError if one were lost, FeedError if a header is missing."""
    contract = load_contract(city, record_set)
    parts: list[pl.DataFrame] = []
    no_month: list[pl.DataFrame] = []
    other_month = 0
    for item in delivered:
        rows = text_rows(record_set, contract, item.raw, corrections)
        wanted, out, others = _split_by_month(city, record_set, contract, period, item, rows)
        parts.append(wanted.with_columns(own=pl.lit(item.own)))
        no_month.append(out)
        other_month += others
        if not item.own:
            other_month += len(item.raw.broken)
        elif item.raw.broken:
            no_month.append(_broken(item.raw))

    rows = pl.concat(parts).with_row_index("row")
    typed, failures = _judge_wanted(city, record_set, contract, period, rows)
    bad = failures["row"].unique()
    accepted_rows = ~rows["row"].is_in(bad.implode()) if bad.len() else pl.repeat(True, rows.height, eager=True)
    accepted = typed.filter(accepted_rows).select(list(contract.landed_schema)).sort("source_file", "source_line")
    quarantine = pl.concat(
        [
            rows.select("row", "source_file", "source_line")
            .join(failures, on="row", how="inner")
            .select(list(QUARANTINE_SCHEMA)),
            *no_month,
        ]
    ).with_columns(mask_column("value"))
    judged = Judged(
        accepted=accepted,
        quarantine=quarantine.sort("source_file", "source_line", "reason", "column", maintain_order=True),
        received=sum(item.raw.received for item in delivered),
        quarantined=bad.len() + sum(frame.height for frame in no_month),
        dropped=int(rows["dropped"].sum()),
        other_month=other_month,
        layout=sum(item.raw.layout for item in delivered),
        late=int((accepted_rows & ~rows["own"]).sum()),
        corrections=_corrected(contract, typed.with_columns(rows["correction"]), corrections),
    )
    assert_nothing_lost(feed_name(record_set), judged)
    return judged


def _corrected(contract: Contract, rows: pl.DataFrame, corrections: Sequence[Correction]) -> dict[str, dict[str, Any]]:
    """By label of each correction that acted: what it says, and the rows of the month that it acted on."""
    place = [
        pl.col("source_file").alias("file"),
        pl.col("source_line").alias("line"),
        pl.col("unit_code").alias("unit"),
    ]
    place += [pl.col("measure")] if contract.model is MonthlyReturn else []
    acted = rows.filter(pl.col("correction").is_not_null()).with_columns(pl.col("correction").str.split(";"))
    told = {}
    for correction in corrections:
        own = acted.filter(pl.col("correction").list.contains(correction.label))
        if own.height:
            told[correction.label] = {
                "action": correction.action,
                "reason": correction.reason,
                "provider": correction.provider,
                "rows": own.select(place).to_dicts(),
            }
    return told


def assert_nothing_lost(feed: str, judged: Judged) -> None:
    """Received = accepted + quarantined + of another month + layout, or AssertionError."""
    counted = judged.accepted.height + judged.quarantined + judged.other_month + judged.layout
    if counted != judged.received:
        raise AssertionError(
            f"{feed}: {judged.received} rows received, {counted} accounted for: "
            f"accepted {judged.accepted.height}, "
            f"quarantined {judged.quarantined}, of another month {judged.other_month}, layout {judged.layout}"
        )


def _split_by_month(
    city: City, record_set: RecordSet, contract: Contract, period: Period, item: Delivered, rows: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Rows of the month; quarantined rows without a usable month; how many rows are another month's business.

    A month's own delivery may hold late rows of the months before it, as far back as deliveries are read
    for late rows: those are counted here and landed there. Rows of any other month would never be landed by
    any: quarantined.
    """
    column = record_set.month_by
    kinds = {c.name: c.kind for c in contract.columns}
    kind = kinds.get(column, "text")
    text = rows[column]
    if column == PERIOD or kind not in ("date", "datetime"):
        months = parse_month(text, record_set.date_formats, city.time_zone)
    else:
        months = month_of(parse(text, kind, record_set.date_formats, city.time_zone))
    of_month = (months == period).fill_null(False)
    wanted = rows.filter(of_month)
    if not item.own:
        return wanted, _no_failures(), rows.height - wanted.height
    unusable = months.is_null()
    expected, reason = MONTH if kind not in ("date", "datetime") else EXPECTED[kind], "month_unreadable"
    out = _month_failures(rows.filter(unusable), column, reason, expected)
    if delivers_by_month(record_set):
        reached = months_between(add_months(period, -record_set.late_months), period)
        beyond = (~months.is_in(reached)).fill_null(False)
        if beyond.any():
            expected = f"a date in {reached[0]} to {period}"
            out = pl.concat([out, _month_failures(rows.filter(beyond), column, "month_out_of_reach", expected)])
    return wanted, out, rows.height - wanted.height - out.height


def _month_failures(rows: pl.DataFrame, column: str, reason: str, expected: str) -> pl.DataFrame:
    return rows.select(
        "source_file",
        "source_line",
        pl.lit(reason).alias("reason"),
        pl.lit(column).alias("column"),
        pl.col(column).alias("value"),
        pl.lit(expected).alias("expected"),
        pl.lit("").alias("detail"),
    )


def _no_failures() -> pl.DataFrame:
    return pl.DataFrame(schema=QUARANTINE_SCHEMA)


def _broken(raw: RawFile) -> pl.DataFrame:
    return pl.DataFrame(
        [(raw.path, line, "fields", "", None, reason, "") for line, reason in raw.broken],
        schema=QUARANTINE_SCHEMA,
        orient="row",
    )


class _Failures:
    """Failures by row number, gathered check by check; the first of a row and column stands for all."""

    def __init__(self, rows: pl.DataFrame) -> None:
        self._rows = rows
        self._frames: list[pl.DataFrame] = []

    def add(self, at: pl.Series, reason: str, column: str, expected: str, detail: str | pl.Series = "") -> None:
        """Rows (by number) that fail in a column, whose text is shown."""
        if at.is_empty():
            return
        shown = column if column in self._rows.columns else None
        values = self._rows[shown].gather(at) if shown else pl.Series([None] * at.len(), dtype=pl.String)
        details = detail if isinstance(detail, pl.Series) else pl.repeat(detail, at.len(), dtype=pl.String, eager=True)
        self._frames.append(
            pl.DataFrame(
                {
                    "row": at.cast(pl.UInt32),
                    "reason": pl.repeat(reason, at.len(), dtype=pl.String, eager=True),
                    "column": pl.repeat(column, at.len(), dtype=pl.String, eager=True),
                    "value": values,
                    "expected": pl.repeat(expected, at.len(), dtype=pl.String, eager=True),
                    "detail": details,
                }
            )
        )

    def frame(self) -> pl.DataFrame:
        """All failures, the first for each row and column."""
        if not self._frames:
            return pl.DataFrame(schema={"row": pl.UInt32, **_FAILURE})
        return pl.concat(self._frames).unique(["row", "column"], keep="first", maintain_order=True)

    def bad_rows(self) -> pl.Series:
        """A mask over all rows."""
        mask = pl.repeat(False, self._rows.height, dtype=pl.Boolean, eager=True)
        for frame in self._frames:
            mask = mask.scatter(frame["row"], True)
        return mask


def _judge_wanted(
    city: City, record_set: RecordSet, contract: Contract, period: Period, rows: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of the month with typed columns, and their failures by row number."""
    failures = _Failures(rows)
    failures.add(rows["dropped"].arg_true(), DROPPED, "", "what the correction says")
    units = resolve_units(rows, unit_index(city, record_set.code_list, period))
    unresolved = units.with_row_index("row").filter(pl.col("unit").is_null())
    for (reason, column, expected), group in unresolved.group_by(
        ["unit_reason", "unit_column", "unit_expected"], maintain_order=True
    ):
        failures.add(group["row"], str(reason), str(column), str(expected), group["unit_detail"])

    typed: dict[str, pl.Series] = {}
    for column in contract.columns:
        if column.name not in rows.columns:
            typed[column.name] = pl.Series(column.name, [None] * rows.height, dtype=column.dtype)
            continue
        text = rows[column.name]
        parsed = parse(text, column.kind, record_set.date_formats, city.time_zone)
        if column.kind != "text":
            unread = parsed.is_null() & text.is_not_null()
            failures.add(unread.arg_true(), "type", column.name, EXPECTED.get(column.kind, "a text"))
        typed[column.name] = parsed.cast(column.dtype).alias(column.name)
    frame = pl.DataFrame(typed) if typed else rows.select()
    _pandera(record_set, contract, frame, failures)
    for earlier, later in contract.time_order:
        at = (frame[earlier] > frame[later]).fill_null(False).arg_true()
        failures.add(at, "time_order", later, f"not before {earlier}")
    if contract.model is MonthlyReturn:
        _measures(city, record_set, frame, failures)
    frame = frame.with_columns(units["unit"].alias("unit_code"), rows["source_file"], rows["source_line"], rows["row"])
    _duplicates(contract, frame, failures)
    return frame, failures.frame()


def _pandera(record_set: RecordSet, contract: Contract, frame: pl.DataFrame, failures: _Failures) -> None:
    try:
        contract.model.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        if cases["index"].null_count():
            case = cases.filter(pl.col("index").is_null()).row(0, named=True)
            raise FeedError(
                feed_name(record_set),
                f"contract {record_set.contract}",
                f"check {case['check']!r} on {case['column']!r} does not say which rows fail",
                "let the check answer row by row (a LazyFrame with one boolean column)",
            ) from errors
        for (column, check), group in cases.group_by(["column", "check"], maintain_order=True):
            reason, expected = _in_words(str(check))
            failures.add(group["index"], reason, str(column or ""), expected)


def _in_words(check: str) -> tuple[str, str]:
    name, _, arguments = check.partition("(")
    reason, sentence = _CHECKS.get(name, ("contract", check))
    return reason, sentence.format(arguments.rstrip(")").strip("[]").replace("'", ""))


def _measures(city: City, record_set: RecordSet, frame: pl.DataFrame, failures: _Failures) -> None:
    names = [m.name for m in city.measures if m.department == record_set.department]
    unknown = (~frame["measure"].is_in(names)).fill_null(False)
    failures.add(unknown.arg_true(), "unknown_measure", "measure", "a measure of this department in measures.csv")
    if record_set.options.get("non_negative"):
        failures.add((frame["value"] < 0).fill_null(False).arg_true(), "out_of_range", "value", "at least 0")


def _duplicates(contract: Contract, frame: pl.DataFrame, failures: _Failures) -> None:
    """Among otherwise good rows the first of a key stays: a bad row does not push out its repetition."""
    if not contract.key or not frame.height:
        return
    key = list(contract.key)
    good = frame.filter(~failures.bad_rows())
    repeated = good.filter(~pl.struct(key).is_first_distinct())
    if repeated.is_empty():
        return
    firsts = good.filter(pl.struct(key).is_first_distinct()).select(
        *key, detail=pl.format("first in {}, line {}", "source_file", "source_line")
    )
    named = repeated.join(firsts, on=key, how="left", nulls_equal=True, maintain_order="left")
    failures.add(named["row"], "duplicate", key[-1] if len(key) > 1 else key[0], "each key once", named["detail"])
