"""Taking a month's release tables out of the warehouse: the candidate that gate C judges and publication publishes.

The caller holds the warehouse lock. The same content gives the same bytes: every table has a total order and is
written by one thread. Nothing is judged here.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from city import City, Period, StateFolder
from city.periods import add_months, month_index
from feeds.landed import month_receipts
from feeds.receipt import Receipt
from warehouse.inputs import keep_inputs
from warehouse.processes import forked_processes, shares_months
from warehouse.window import run_window

log = logging.getLogger("pingan.candidates")

_SAID_EVERY = 6

#: Tables of a candidate: what is selected, in which order.
_TABLES = {
    "scores": (
        """
        select period, unit_code, unit_level, node_code, node_level::integer as node_level, score, coverage, status,
            rank::integer as rank, colour, change_month, change_month_reason, change_year, change_year_reason,
            rank_change_month::integer as rank_change_month, rank_change_year::integer as rank_change_year
        from release.release_scores where period = $period
        """,
        "unit_code, node_code",
    ),
    "values": ("select * from release.release_values where period = $period", "unit_code, indicator_code"),
    "measures": ("select * from release.release_measures where period = $period", "unit_code, measure"),
    "vetoes": (
        """
        select period, unit_code, measure, events, cap, from_unit
        from release.release_vetoes where period = $period
        """,
        "unit_code, measure, from_unit",
    ),
    "contributions": (
        "select * from release.contributions where period = $period",
        "unit_code, comparison, node_code, indicator_code",
    ),
    "member_contributions": (
        "select * from release.member_contributions where period = $period",
        "unit_code, comparison, member_code, indicator_code",
    ),
    "units": (
        """
        select units.unit_code, units.name_zh, units.name_en, units.parent, units.level, units.peer_group,
            sum(residents.residents)::bigint as residents
        from city.units as units
        inner join city.unit_months as unit_months
            on units.unit_code = unit_months.unit_code and unit_months.period = $period
        inner join city.unit_members as members on units.unit_code = members.unit_code
        left join city.residents as residents
            on members.member_code = residents.unit_code and residents.period = $period
        group by all
        """,
        "unit_code",
    ),
    "framework": (
        """
        select framework.code, parent, level::integer as level, name_zh, name_en, weight, effective_weight, aggregation,
            department, numerator, denominator, scale, "window", direction::integer as direction, scoring, params,
            applies_to, smoothing, unit, note, framework.version, minimum_coverage, floor
        from city.framework as framework
        inner join city.months as months on framework.version = months.version and months.period = $period
        """,
        "code",
    ),
    "departments": (
        "select code, key, name_zh, name_en from city.departments where $period is not null",
        "code",
    ),
}


def write_candidates(
    city: City, state: StateFolder, receipts: Sequence[Receipt], periods: Sequence[Period], code_version: str
) -> None:
    """Write the candidates of a run's months, those of a longer range in two processes.

    The caller holds the candidates' lock too, so a folder that is not a month's was left by a run that was killed.
    """
    for left in state.candidate(periods[0]).parent.glob(".*"):
        shutil.rmtree(left)
    if not shares_months(len(periods)):
        with _warehouse(state) as connection:
            for period in periods:
                _written(city, state, connection, receipts, period, code_version)
        return
    with forked_processes(_work_on, city, state, receipts, code_version) as pool:
        for count, _ in enumerate(pool.map(_write_one, periods), start=1):
            if count % _SAID_EVERY == 0:
                log.info("%d of %d release candidates", count, len(periods))


#: What a process of `write_candidates` works on, handed over once: a range has thousands of receipts, and opening the
#: warehouse takes 0.07 s.
_work: tuple[City, StateFolder, duckdb.DuckDBPyConnection, Sequence[Receipt], str] | None = None


def _work_on(city: City, state: StateFolder, receipts: Sequence[Receipt], code_version: str) -> None:
    global _work  # a process of its own
    _work = city, state, _warehouse(state), receipts, code_version


def _write_one(period: Period) -> None:
    assert _work is not None  # nosec B101 # the pool's initializer has run
    city, state, connection, receipts, code_version = _work
    _written(city, state, connection, receipts, period, code_version)


def _warehouse(state: StateFolder) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(state.warehouse), read_only=True, config={"threads": 1})


def write_candidate(
    city: City, state: StateFolder, receipts: Sequence[Receipt], period: Period, code_version: str
) -> Path:
    """Write `candidates/<period>/` whole, replacing an earlier one and what the gates said of it; answers its folder.

    Several processes may write different months at once.
    """
    with _warehouse(state) as connection:
        return _written(city, state, connection, receipts, period, code_version)


def _written(
    city: City,
    state: StateFolder,
    connection: duckdb.DuckDBPyConnection,
    receipts: Sequence[Receipt],
    period: Period,
    code_version: str,
) -> Path:
    target = state.candidate(period)
    fresh = target.with_name(f".{period}-{os.getpid()}")
    fresh.mkdir(parents=True)
    for name, (query, order) in _TABLES.items():
        _copy(connection, query, order, fresh / f"{name}.parquet", period)
    connection.register("feed_rows", _feed_rows(city, state, receipts, period))
    _copy(
        connection,
        "select * from feed_rows where period = $period",
        "department, record_set",
        fresh / "feeds.parquet",
        period,
    )
    for name, (table, order) in _robustness_tables(city, fresh, period).items():
        connection.register(f"made_{name}", table)
        _copy(connection, f"select * from made_{name}", order, fresh / f"{name}.parquet", period)  # nosec B608 # our own queries; the month is checked
    described = _description(city, state, receipts, period, code_version)
    # on one line: with indents json takes 0.2 s for the 2,700 landing files of a month
    (fresh / "candidate.json").write_text(json.dumps(described, ensure_ascii=False) + "\n", encoding="utf-8")
    # A gate's answer is about one candidate: without this, a kill before the gates would leave the answers of the
    # candidate before, and publication would take them for this one's.
    for answer in (state.gates / period).glob("[ABC].json"):
        answer.unlink()
    if target.exists():
        target.rename(target.with_name(f".{period}-replaced"))
    fresh.rename(target)
    shutil.rmtree(target.with_name(f".{period}-replaced"), ignore_errors=True)
    return target


def _copy(connection: duckdb.DuckDBPyConnection, query: str, order: str, target: Path, period: Period) -> None:
    bound = query.replace("$period", f"'{period}'")
    path = str(target).replace("'", "''")
    # By way of a table in memory: DuckDB's writer sizes its dictionaries by how the warehouse happens to store a
    # column, so the same rows out of a warehouse with another past would be other bytes.
    connection.execute(f"create or replace temp table written as select * from ({bound}) order by {order}")  # nosec B608 # our own queries; the month is checked
    # One thread and DuckDB's default keep the order that the rows were inserted in.
    connection.execute(f"copy written to '{path}' (format parquet, compression zstd)")  # nosec B608 # our own queries; the month is checked
    connection.execute("drop table written")


def _robustness_tables(city: City, folder: Path, period: Period) -> dict[str, tuple[Any, str]]:
    """Tables made from the candidate's own, each with its order."""
    import polars as pl

    from warehouse.robustness import MADE_FROM, ORDERS, robustness_tables

    made_from = {name: pl.read_parquet(folder / f"{name}.parquet") for name in MADE_FROM}
    found = robustness_tables(city, made_from, period)
    return {name: (table.to_arrow(), ORDERS[name]) for name, table in found.items()}


def _feed_rows(city: City, state: StateFolder, receipts: Sequence[Receipt], period: Period) -> Any:
    import polars as pl

    landed = {receipt.key: receipt for receipt in receipts if receipt.period == period}
    rows = []
    for last in month_receipts(city, state, period):
        # the row says what the numbers were computed from; `status` is that of the last attempt
        receipt = landed.get(last.key, last)
        rows.append(
            {
                "department": receipt.department,
                "department_key": receipt.department_key,
                "record_set": receipt.record_set,
                "period": period,
                "status": last.status,
                "reported": receipt.reported,
                "received": receipt.received,
                "accepted": receipt.accepted,
                "quarantined": receipt.quarantined,
                "other_month": receipt.other_month,
                "layout": receipt.layout,
                "landing_file": receipt.landing_file or None,
                "hash": receipt.hash or None,
            }
        )
    return pl.DataFrame(rows, schema_overrides={"landing_file": pl.String, "hash": pl.String}).to_arrow()


def _description(
    city: City, state: StateFolder, receipts: Sequence[Receipt], period: Period, code_version: str
) -> dict[str, Any]:
    # The months that this month alone needs, whatever range the run covered: the same in every run.
    window = run_window(city, period, period)
    read = set(window.feed_months)

    def comparison(months: int) -> Period | None:
        earlier = add_months(period, -months)
        return earlier if month_index(earlier) >= month_index(city.first_issue) else None

    return {
        "city": city.key,
        "name_zh": city.name_zh,
        "name_en": city.name_en,
        "period": period,
        "issue_number": city.issue_number(period),
        "method_version": city.version(period).from_period,
        "synthetic": city.synthetic,
        "notice_zh": city.settings.get("notice_zh", ""),
        "notice_en": city.settings.get("notice_en", ""),
        "compares_with": {"month": comparison(1), "year": comparison(12)},
        "first_month_read": window.measures_from,
        "landing": [
            {
                "department": r.department,
                "record_set": r.record_set,
                "period": r.period,
                "hash": r.hash,
                "landing_file": r.landing_file,
                **({"corrections": r.corrections} if r.corrections else {}),
            }
            for r in sorted(
                (r for r in receipts if r.reported and r.period in read),
                key=lambda r: (r.period, r.department, r.record_set),
            )
        ],
        "inputs": keep_inputs(city, state, period),
        "code_version": code_version,
    }
