"""The run's months as arrays, for what compares months: scores of all nodes, and the sums they came from.

Belongs here: reading the long tables of indicators and indices by month, positions in place of codes. What is made of
them is in `warehouse.changes`; the arithmetic is in `methods/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from methods.index import Method, method_from_tables
from methods.members import Ratio
from methods.scoring import Territory
from methods.tree import Floats, Indices

#: Tables of the schema `city` that are read whole.
CITY_TABLES = (
    *("run_window", "months", "units", "unit_members", "residents", "framework", "scoring_parameters"),
    "reference_rates",
)
#: Tables of the warehouse that are read by month.
MONTH_TABLES = ("node_scores", "indicator_values", "indicator_months")
#: Bits of months_counted that can be set: the longest window and what may be carried.
BITS = 25


@dataclass(frozen=True)
class Units:
    """The territory: codes by position, which are lowest units, and each upper unit's lowest members."""

    codes: tuple[str, ...]
    parents: tuple[str, ...]
    groups: tuple[str, ...]
    is_leaf: npt.NDArray[np.bool_]
    members: Mapping[int, Indices]

    @cached_property
    def layers(self) -> Sequence[Sequence[int]]:
        """Upper units that have members, in groups that share none: counties, then the city."""
        layers: list[list[int]] = []
        taken: list[set[int]] = []
        for upper, members in self.members.items():
            own = set(members.tolist())
            if not own:
                continue
            at = next((i for i, others in enumerate(taken) if not own & others), len(layers))
            if at == len(layers):
                layers.append([])
                taken.append(set())
            layers[at].append(upper)
            taken[at] |= own
        return layers

    def upper_of(self, layer: Sequence[int]) -> Indices:
        """The upper unit of each of a layer's members."""
        return np.concatenate([np.full(len(self.members[upper]), upper) for upper in layer])

    @classmethod
    def of(cls, units: pl.DataFrame, unit_members: pl.DataFrame) -> Units:
        """From the tables units and unit_members."""
        units = units.sort("unit_code")
        codes = tuple(units["unit_code"])
        place = {code: i for i, code in enumerate(codes)}
        is_leaf = units["is_leaf"].to_numpy()
        below: dict[int, list[int]] = {i: [] for i in np.flatnonzero(~is_leaf).tolist()}
        pairs = unit_members.filter(pl.col("member_is_leaf")).sort("unit_code", "member_code")
        for code, member in pairs.select("unit_code", "member_code").iter_rows():
            if code != member:
                below[place[code]].append(place[member])
        members = {upper: np.array(own, dtype=np.intp) for upper, own in below.items()}
        return cls(codes, tuple(units["parent"]), tuple(units["parameter_group"]), is_leaf, members)


@dataclass(frozen=True)
class MethodInForce:
    """A version of the method: its arithmetic, and what its indicators' values are made of (one row per leaf)."""

    version: str
    method: Method
    indicators: pl.DataFrame

    @cached_property
    def leaf(self) -> Mapping[str, int]:
        """Place of each indicator among the leaves."""
        return {code: i for i, code in enumerate(self.indicators["code"])}


@dataclass(frozen=True)
class Month:
    """One month by the method in force in it. Scores: nodes × units; sums of values: leaves × units; NaN: none."""

    period: str
    method: MethodInForce
    scores: Floats
    numerator: Floats
    denominator: Floats
    known_above: Floats
    months_counted: npt.NDArray[np.int64]
    numerator_factor: Floats
    denominator_factor: Floats
    residents: Floats


@dataclass(frozen=True)
class Sums:
    """Numerators, denominators and points known to upper units only of one month, leaves × units; NaN: unreported."""

    numerator: Floats
    denominator: Floats
    known_above: Floats


class MonthReader:
    """Months of a run, read when they are asked for and kept."""

    def __init__(self, relations: Mapping[str, duckdb.DuckDBPyRelation]) -> None:
        """`relations` are those of CITY_TABLES and MONTH_TABLES."""
        self._relations = relations
        tables = {name: pl.DataFrame(relations[name].to_arrow_table()) for name in CITY_TABLES}
        self._tables = tables
        self.units = Units.of(tables["units"], tables["unit_members"])
        self._unit = pl.DataFrame(
            {"unit_code": self.units.codes, "unit": range(len(self.units.codes))}, schema_overrides={"unit": pl.Int64}
        )
        self.calendar = tables["months"].sort("period")
        self._period_of = dict(self.calendar.select("month_index", "period").iter_rows())
        self._index_of = {period: index for index, period in self._period_of.items()}
        self._versions: dict[str, MethodInForce] = {}
        self._months: dict[str, Month] = {}
        self._sums: dict[tuple[str, str], Sums] = {}
        self._member_sums: dict[str, Sequence[Ratio]] = {}

    @cached_property
    def comparisons(self) -> Sequence[tuple[str, str, str]]:
        """(month, `month` or `year`, the earlier month) of every month released; nothing before the first issue."""
        window = self._tables["run_window"].row(0, named=True)
        return [
            (row["period"], name, row[column])
            for row in self.calendar.iter_rows(named=True)
            if window["release_from"] <= row["period"] <= window["release_to"]
            for name, column in (("month", "month_before"), ("year", "year_before"))
            if row[column] >= window["first_issue"] and row[column] >= window["index_from"]
        ]

    def month(self, period: str) -> Month:
        """A month of the index window."""
        if period not in self._months:
            self._months[period] = self._read_month(period)
        return self._months[period]

    def sums(self, version: str, period: str, months_before: int) -> Sums | None:
        """The sums so many months before a month, by a version of the method; None before the run's first month."""
        earlier = self._period_of.get(self._index_of[period] - months_before)
        if earlier is None:
            return None
        if (version, earlier) not in self._sums:
            self._sums[version, earlier] = self._read_sums(version, earlier)
        return self._sums[version, earlier]

    def member_sums(self, month: Month) -> Sequence[Ratio]:
        """By layer the members' sums beside their upper units', over the months that count in the upper unit.

        Members × leaves; members follow each other as their upper units do in the layer.
        """
        if month.period not in self._member_sums:
            self._member_sums[month.period] = [self._sums_in_layer(month, layer) for layer in self.units.layers]
        return self._member_sums[month.period]

    def forget_before(self, period: str) -> None:
        """Let go of months that no later comparison reads: memory does not grow with the range of a run."""
        first = self._index_of[period]
        self._months = {p: m for p, m in self._months.items() if self._index_of[p] >= first - 12}
        self._sums = {key: s for key, s in self._sums.items() if self._index_of[key[1]] >= first - 12 - BITS}
        self._member_sums = {p: s for p, s in self._member_sums.items() if p in self._months}

    def rates(self, version: str) -> Mapping[tuple[str, str], float]:
        """(indicator, upper unit) → the rate towards which its small units are shrunk."""
        rates = self._tables["reference_rates"].filter(pl.col("version") == version)
        return {
            (code, unit): rate for code, unit, rate in rates.select("indicator_code", "unit_code", "rate").iter_rows()
        }

    def contributing(self, version: str) -> Mapping[str, set[str]]:
        """By indicator the parameter groups of units whose numbers upper units are made of."""
        rows = self._tables["scoring_parameters"].filter((pl.col("version") == version) & pl.col("contributes"))
        groups: dict[str, set[str]] = {code: set() for code in self.in_force(version).leaf}
        for code, group in rows.select("indicator_code", "parameter_group").iter_rows():
            groups[code].add(group)
        return groups

    def in_force(self, version: str) -> MethodInForce:
        """A version of the method."""
        if version not in self._versions:
            framework = self._tables["framework"].filter(pl.col("version") == version).sort("position")
            parameters = self._tables["scoring_parameters"].filter(pl.col("version") == version)
            members = {upper: own.tolist() for upper, own in self.units.members.items()}
            territory = Territory.of(members, len(self.units.codes))
            method = method_from_tables(framework, parameters, self.units.groups, territory)
            self._versions[version] = MethodInForce(version, method, framework.filter(pl.col("scoring") != ""))
        return self._versions[version]

    def _read_month(self, period: str) -> Month:
        version = str(self.calendar.filter(pl.col("period") == period)["version"].item())
        method = self.in_force(version)
        nodes = {code: i for i, code in enumerate(method.method.tree.codes)}
        scores = self._rows("node_scores", "node_code", nodes, ("score",), period, version)
        values = self._rows(
            "indicator_values",
            "indicator_code",
            method.leaf,
            (
                *("numerator", "denominator", "numerator_of_upper_units", "months_counted"),
                *("numerator_factor", "denominator_factor"),
            ),
            period,
            version,
        )
        people = self._tables["residents"].filter(pl.col("period") == period).join(self._unit, on="unit_code")
        residents = np.full(len(self.units.codes), np.nan)
        residents[people["unit"].to_numpy()] = people["residents"].to_numpy()
        return Month(
            period,
            method,
            scores["score"],
            values["numerator"],
            values["denominator"],
            np.nan_to_num(values["numerator_of_upper_units"], nan=0.0),
            np.nan_to_num(values["months_counted"], nan=0.0).astype(np.int64),
            values["numerator_factor"],
            values["denominator_factor"],
            residents,
        )

    def _sums_in_layer(self, month: Month, layer: Sequence[int]) -> Ratio:
        upper_of, members = self.units.upper_of(layer), np.concatenate([self.units.members[upper] for upper in layer])
        counted = month.months_counted[:, upper_of].T
        of_members, below = np.zeros((2, *counted.shape))
        for age in range(BITS):
            bits = (counted >> age) & 1 > 0
            sums = self.sums(month.method.version, month.period, age) if bits.any() else None
            if sums is not None:
                for total, of_units in ((of_members, sums.numerator), (below, sums.denominator)):
                    known = of_units[:, members].T
                    np.add(total, known, out=total, where=bits & ~np.isnan(known))
        has_denominator = (month.method.indicators["denominator"] != "").to_numpy()
        return Ratio(
            month.numerator[:, upper_of].T,
            np.where(has_denominator, month.denominator[:, upper_of].T, 1.0),
            of_members * month.numerator_factor[:, upper_of].T,
            np.where(has_denominator, below * month.denominator_factor[:, upper_of].T, 0.0),
        )

    def _read_sums(self, version: str, period: str) -> Sums:
        columns = ("numerator", "denominator", "numerator_of_upper_units")
        leaf = self.in_force(version).leaf
        return Sums(*self._rows("indicator_months", "indicator_code", leaf, columns, period, version).values())

    def _rows(
        self, table: str, node: str, nodes: Mapping[str, int], columns: Sequence[str], period: str, version: str
    ) -> dict[str, Floats]:
        """Columns of a month's rows as arrays, nodes × units; NaN where there is no row or a null."""
        query = (
            f"select {node}, unit_code, {', '.join(columns)} from month_rows "  # nosec B608 # names and months of ours
            f"where period = '{period}' and version = '{version}'"
        )
        found = self._relations[table].query("month_rows", query)
        if found is None:
            raise RuntimeError(f"{table} answered no relation for {period}")
        rows = pl.DataFrame(found.to_arrow_table())
        place = pl.DataFrame({node: list(nodes), "node": list(nodes.values())})
        rows = rows.join(place, on=node).join(self._unit, on="unit_code")
        at = rows["node"].to_numpy(), rows["unit"].to_numpy()
        arrays = {}
        for name in columns:
            arrays[name] = np.full((len(nodes), len(self.units.codes)), np.nan)
            arrays[name][at] = rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        return arrays
