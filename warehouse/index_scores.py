"""The index arithmetic inside the warehouse: indicator_values of the run's months → numbers of every unit and node.

Belongs here: reading the long tables into arrays and writing the results as rows; the dbt model index_scores calls it.
The arithmetic is `methods.index`. Rows carry positions (in units.csv, in framework.csv) in place of codes: joined by
codes, reading 5.5 million values took ten times as long (2.2 s against 0.2 s).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from methods.aggregation import NOT_APPLICABLE, STATUSES, NodeResults, Statuses
from methods.index import Method, index_score_blocks, method_from_tables
from methods.scoring import Territory
from methods.tree import Floats, Indices

#: Values taken together: months of a small city, one month of a large one. 2.2 million are 60 MB with their results.
_VALUES_AT_ONCE = 2_200_000
#: A value of this status code has not been read.
_ABSENT = -1

SCHEMA = pa.schema(
    [
        ("period", pa.dictionary(pa.int8(), pa.string())),
        ("version", pa.dictionary(pa.int8(), pa.string())),
        ("unit_position", pa.int32()),
        ("node_position", pa.int32()),
        ("score", pa.float64()),
        ("coverage", pa.float64()),
        ("status", pa.dictionary(pa.int8(), pa.string())),
        ("leaf_weight_scored", pa.float64()),
        ("leaf_weight_carried", pa.float64()),
        ("leaf_weight_applicable", pa.float64()),
    ]
)

#: The tables that are read, by their names in the schema city.
TABLES = ("run_window", "months", "units", "unit_members", "residents", "framework", "scoring_parameters")


class ValuesError(ValueError):
    """The values are not what the arithmetic needs: the message names month, unit or indicator."""


def scored_window(
    values: duckdb.DuckDBPyRelation, tables: Mapping[str, duckdb.DuckDBPyRelation]
) -> pa.RecordBatchReader:
    """Rows of SCHEMA for every month of the run's window, some months at a time: memory does not grow with months.

    `values` is indicator_values, `tables` the relations of TABLES. ValuesError where a unit's month lacks an
    indicator: the spine has every one, with a status.
    """
    inputs = {name: pl.DataFrame(tables[name].to_arrow_table()) for name in TABLES}
    return pa.RecordBatchReader.from_batches(SCHEMA, _batches(values, inputs))


def _batches(values: duckdb.DuckDBPyRelation, tables: Mapping[str, pl.DataFrame]) -> Iterator[pa.RecordBatch]:
    first, last = tables["run_window"].select("index_from", "release_to").row(0)
    months = tables["months"].filter(pl.col("period").is_between(pl.lit(first), pl.lit(last))).sort("period")
    for (version,), of_version in months.partition_by("version", as_dict=True, maintain_order=True).items():
        places = _Places.of(str(version), tables)
        periods = of_version["period"].to_list()
        at_once = max(1, _VALUES_AT_ONCE // (len(places.method.rules) * places.units))
        for start in range(0, len(periods), at_once):
            yield from _scored(places, values, periods[start : start + at_once], tables["residents"])


@dataclass(frozen=True)
class _Places:
    """Where a version's rows belong in arrays: leaves by their position in the framework, units by theirs."""

    version: str
    method: Method
    units: int
    unit_codes: tuple[str, ...]
    leaf_of_position: Indices

    @classmethod
    def of(cls, version: str, tables: Mapping[str, pl.DataFrame]) -> _Places:
        units = tables["units"].sort("position")
        codes = tuple(units["unit_code"])
        place = {code: i for i, code in enumerate(codes)}
        pairs = tables["unit_members"].filter(pl.col("member_is_leaf")).sort("unit_code", "member_code")
        members: dict[int, list[int]] = {
            place[code]: [] for code, is_leaf in units.select("unit_code", "is_leaf").iter_rows() if not is_leaf
        }
        for code, member in pairs.select("unit_code", "member_code").iter_rows():
            if code != member:
                members[place[code]].append(place[member])
        framework = tables["framework"].filter(pl.col("version") == version).sort("position")
        parameters = tables["scoring_parameters"].filter(pl.col("version") == version)
        territory = Territory.of(members, len(codes))
        method = method_from_tables(framework, parameters, list(units["parameter_group"]), territory)
        leaf_of_position = np.full(len(framework), -1, dtype=np.intp)
        leaf_of_position[method.tree.leaves] = np.arange(len(method.tree.leaves))
        return cls(version, method, len(codes), codes, leaf_of_position)


def _scored(
    places: _Places, relation: duckdb.DuckDBPyRelation, periods: list[str], residents: pl.DataFrame
) -> Iterator[pa.RecordBatch]:
    shape = (len(places.method.rules), len(periods), places.units)
    values, status = np.full(shape, np.nan), np.full(shape, _ABSENT, dtype=np.int8)
    above = _read_values(places, relation, periods, values, status)
    there = (status != _ABSENT).any(axis=0)
    _check_complete(places, periods, status, there)
    people = np.full(shape[1:], np.nan)
    month_of, unit_of = {p: i for i, p in enumerate(periods)}, {c: i for i, c in enumerate(places.unit_codes)}
    for code, period, count in residents.select("unit_code", "period", "residents").iter_rows():
        if period in month_of:
            people[month_of[period], unit_of[code]] = count
    # a unit that does not exist in a month has no value there, and no row is written for it
    known = np.where(status == _ABSENT, NOT_APPLICABLE, status)
    for part, results in index_score_blocks(places.method, values, known, people, above):
        for place, month in enumerate(range(part.start, part.stop)):
            units = np.flatnonzero(there[month]).astype(np.int32)
            yield from _rows(places, periods[month], place, units, results)


def _read_values(
    places: _Places, relation: duckdb.DuckDBPyRelation, periods: list[str], values: Floats, status: Statuses
) -> dict[int, Floats]:
    """Fill values and statuses, leaves × months × units; answers the points known to upper units only, by leaf.

    For zero tolerance the value is the points to deduct, where there is a value.
    """
    words = " ".join(f"when '{word}' then {code}" for code, word in enumerate(STATUSES))
    months = " ".join(f"when '{period}' then {i}" for i, period in enumerate(periods))
    upper = places.method.territory.upper
    place_of_upper = np.full(places.units, -1, dtype=np.intp)
    place_of_upper[upper] = np.arange(len(upper))
    deducting = np.array([rule.kind == "zero_tolerance" for rule in places.method.rules])
    above = {int(i): np.full((len(periods), len(upper)), np.nan) for i in np.flatnonzero(deducting)}
    selected = relation.query(
        "indicator_values_read",
        f"""
        select (case period {months} end)::integer as month, indicator_position, unit_position,
            (case status {words} end)::tinyint as status, value_smoothed, numerator, numerator_of_upper_units
        from indicator_values_read
        where period between '{periods[0]}' and '{periods[-1]}'
        """,  # nosec B608 # months and statuses of ours
    )
    assert selected is not None  # nosec B101 # a query that selects answers a relation
    for batch in selected.to_arrow_reader(1_000_000):
        column = {name: _numbers(batch.column(name)) for name in batch.schema.names}
        leaf = places.leaf_of_position[column["indicator_position"].astype(np.intp)]
        month, unit = column["month"].astype(np.intp), column["unit_position"].astype(np.intp)
        x = column["value_smoothed"]
        points = deducting[leaf]
        values[leaf, month, unit] = np.where(points & ~np.isnan(x), column["numerator"], x)
        status[leaf, month, unit] = column["status"]
        known = np.flatnonzero(points & (place_of_upper[unit] >= 0))
        for i in np.unique(leaf[known]):
            rows = known[leaf[known] == i]
            above[int(i)][month[rows], place_of_upper[unit[rows]]] = column["numerator_of_upper_units"][rows]
    return above


def _numbers(column: pa.Array) -> npt.NDArray[Any]:
    """A column's numbers; nulls of doubles are NaN. Other columns have none: a null there is an error."""
    if pa.types.is_floating(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    if column.null_count:
        raise ValuesError("indicator_values has rows whose status or position is not known")
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _check_complete(places: _Places, periods: list[str], status: Statuses, there: npt.NDArray[np.bool_]) -> None:
    absent = (status == _ABSENT) & there
    if absent.any():
        leaf, month, unit = (int(i[0]) for i in np.nonzero(absent))
        raise ValuesError(
            f"indicator_values has no row of {places.method.rules[leaf].code} for {places.unit_codes[unit]} in "
            f"{periods[month]}, though it has others of the unit ({absent.sum():,} such rows are missing)"
        )


def _rows(
    places: _Places, period: str, month: int, units: npt.NDArray[np.int32], results: NodeResults
) -> Iterator[pa.RecordBatch]:
    """A month's rows, node by node, units in their order."""
    nodes = len(places.method.tree.codes)
    count = nodes * len(units)
    if not count:
        return

    def constant(word: str) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int8)), pa.array([word]))

    def numbers(name: str) -> npt.NDArray[Any]:
        return np.ascontiguousarray(getattr(results, name)[:, month, units]).ravel()

    columns = [
        constant(period),
        constant(places.version),
        pa.array(np.tile(units, nodes)),
        pa.array(np.repeat(np.arange(nodes, dtype=np.int32), len(units))),
        *(pa.array(numbers(name), from_pandas=True) for name in ("score", "coverage")),  # NaN is null
        pa.DictionaryArray.from_arrays(pa.array(numbers("status")), pa.array(STATUSES)),
        *(pa.array(numbers(f"leaf_weight_{word}")) for word in ("scored", "carried", "applicable")),
    ]
    yield pa.record_batch(columns, schema=SCHEMA)
