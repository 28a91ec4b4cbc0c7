"""What moved each node of each unit since last month and since the same month last year, as rows of an issue.

Belongs here: bringing the months' arrays to `methods.decomposition` and `methods.members`, scoring old values by a new
method, and writing effects as rows. The dbt model change_effects calls it. Effects are rounded to 1e-12 and rows of
zeros are left out: 179 nodes' sums stay within 1e-9 of their changes, and most rows are zeros.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from methods.decomposition import Decomposition, Effects, Flags, PeriodScores
from methods.index import leaf_scores
from methods.members import MemberParts, Ratio, WeightedMean, mean_parts, ratio_parts
from methods.tree import Floats, Indices
from warehouse.month_arrays import BITS, Month, MonthReader

DIGITS = 12
#: A score that a new rule changes by less than this is the same rule: ranks use scores rounded to it.
SAME_SCORE = 1e-9
#: The measure whose part of a change is population, not what a department did.
RESIDENTS = "residents"
#: Units decomposed at a time: 2,048 with 138 indicators are 2 MB an array.
_UNITS_AT_ONCE = 2048
#: What members leave of an indicator's effect when they account for all of it: their sums run in another order.
_NOISE = 5e-12
#: What belongs to no member: availability, weights, method, and records that only the upper unit knows.
NO_MEMBER = ""

_EFFECTS = ("value_effect", "weight_effect", "availability_effect", "method_effect", "population_effect")
_CODE = pa.dictionary(pa.int32(), pa.string())
#: Rows without a member are a unit's own, of each of its nodes; those with one are of the overall index of an upper
#: unit. One table: both read the same months and take apart the same sums, which is half of the work.
CHANGE_EFFECTS = pa.schema(
    [(name, _CODE) for name in ("period", "unit_code", "comparison", "node_code", "member_code", "indicator_code")]
    + [(name, pa.float64()) for name in (*_EFFECTS, "total", "denominator_part")]
)


@dataclass(frozen=True)
class Comparison:
    """Two months of all units. Indicators are in the order of the later method's leaves unless said otherwise."""

    reader: MonthReader
    name: str
    then: Month
    now: Month

    @cached_property
    def place_then(self) -> Indices:
        """Place of each indicator among the earlier method's leaves; -1 for one that it does not have."""
        earlier = self.then.method.leaf
        return np.array([earlier.get(code, -1) for code in self.now.method.leaf], dtype=np.intp)

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Nodes whose change is taken apart: those above indicators in both versions of the method."""
        old, new = self.then.method.method.tree, self.now.method.method.tree
        return tuple(
            code
            for code, kind in zip(new.codes, new.scoring, strict=True)
            if not kind and code in old.position and not old.scoring[old.position[code]]
        )

    @cached_property
    def old_by_new_rule(self) -> tuple[Floats, Floats]:
        """Earlier scores by the later rule, and the points known above that they hold; indicators × units.

        A score that the later rule leaves as it is stays to the bit. Values that are measured otherwise (another
        numerator, denominator or window, of an upper unit also over other members) cannot be compared: the later score
        stands in, so that all the difference is the method's.
        """
        old = self._of_then(self.then.scores[self.then.method.method.tree.leaves])
        above = self._of_then(self.then.known_above)
        if self.then.method is self.now.method:
            return old, above
        values, repriced = self._old_values()
        upper = self.now.method.method.territory.upper
        known = {i: repriced[i, upper][None] for i in range(len(values))}
        again = leaf_scores(self.now.method.method, values[:, None], self.then.residents[None], known)[:, 0]
        again = np.where(np.abs(again - old) < SAME_SCORE, old, again)
        later = self.now.scores[self.now.method.method.tree.leaves]
        lost = (np.isnan(again) | ~self._comparable) & ~np.isnan(old)
        return np.where(lost, later, np.where(np.isnan(old), np.nan, again)), repriced

    def decomposition(self, units: slice | Indices) -> Decomposition:
        """Of some of the units."""
        rescored = np.full((len(self.then.method.leaf), len(self.reader.units.codes)), np.nan)
        shared = self.place_then >= 0
        again = self.old_by_new_rule[0][shared]
        old = self.then.scores[self.then.method.method.tree.leaves][self.place_then[shared]]
        rescored[self.place_then[shared]] = np.where(again == old, np.nan, again)
        then, now = (PeriodScores(side.method.method.tree, side.scores[:, units]) for side in (self.then, self.now))
        return Decomposition(then, now, rescored[:, units])

    def parts_of_members(self) -> Iterator[tuple[int, MemberParts]]:
        """Each upper unit with the parts of its indicators' changes: members × indicators, in points of the score.

        The ratios of all upper units of a layer are taken apart together, because a county has few members.
        """
        units, indicators = self.reader.units, self.now.method.indicators
        means = (indicators["scoring"] == "zero_tolerance").to_numpy()
        by_residents = (indicators["denominator"] == RESIDENTS).to_numpy().astype(np.float64)
        sums_then, sums_now = (self.reader.member_sums(side) for side in (self.then, self.now))
        for layer, then, now in zip(units.layers, sums_then, sums_now, strict=True):
            upper_of = units.upper_of(layer)
            ratios = ratio_parts(
                Ratio(*(array[:, self.place_then] for array in vars(then).values())),
                now,
                np.where(means, 0.0, self.change[:, upper_of].T),
                by_residents,
            )
            start = 0
            for upper in layer:
                own = slice(start, start + len(units.members[upper]))
                start = own.stop
                found = MemberParts(*(np.array(part[own]) for part in vars(ratios).values()))
                if means.any():
                    change = self.change[means, upper]
                    of_means = self._mean_parts(upper, units.members[upper], np.flatnonzero(means), change)
                    for name, part in vars(of_means).items():
                        getattr(found, name)[:, means] = part
                yield upper, found

    @cached_property
    def change(self) -> Floats:
        """Change of each indicator's score by the later rule, indicators × units; 0 where a month has none."""
        later = self.now.scores[self.now.method.method.tree.leaves]
        return np.nan_to_num(later - self.old_by_new_rule[0], nan=0.0)

    @property
    def _comparable(self) -> Flags:
        """Indicators × units: whether both versions measure alike. Deductions are priced anew in any case."""
        later = self.now.method.indicators.select("code", "scoring", "numerator", "denominator", "window")
        earlier = self.then.method.indicators.select("code", "numerator", "denominator", "window")
        both = later.join(earlier, on="code", how="left", suffix="_then", maintain_order="left")
        same = (both["window"] == both["window_then"]) & (both["denominator"] == both["denominator_then"])
        alike = (same & (both["numerator"] == both["numerator_then"])).fill_null(False).to_numpy()
        units = self.reader.units
        comparable: Flags = np.repeat(alike[:, None], len(units.codes), axis=1)
        old, new = (self.reader.contributing(side.method.version) for side in (self.then, self.now))
        for upper, members in units.members.items():
            groups = {units.groups[member] for member in members}
            for i, code in enumerate(self.now.method.leaf):
                comparable[i, upper] &= old.get(code, set()) & groups == new[code] & groups
        return comparable

    def _of_then(self, rows: Floats) -> Floats:
        """Rows of the earlier method's leaves in the later method's order; NaN for an indicator it does not have."""
        taken = rows[self.place_then]
        return np.where((self.place_then >= 0)[:, None], taken, np.nan)

    def _old_values(self) -> tuple[Floats, Floats]:
        """Earlier numerators and denominators as values of the later method, and points known above by its prices."""
        numerator, denominator = self._of_then(self.then.numerator), self._of_then(self.then.denominator)
        above = np.nan_to_num(self._of_then(self.then.known_above), nan=0.0)
        rates, units = self.reader.rates(self.now.method.version), self.reader.units
        values = np.full(numerator.shape, np.nan)
        for i, row in enumerate(self.now.method.indicators.iter_rows(named=True)):
            if row["scoring"] == "zero_tolerance":
                values[i], above[i] = self._repriced(i)
                continue
            below = denominator[i] if row["denominator"] else 1.0
            rate = np.array([self._rate(rates, row["code"], u) for u in range(len(units.codes))])
            k = np.where(np.isnan(rate), 0.0, row["shrinkage"] or 0.0)
            rate = np.nan_to_num(rate, nan=0.0)
            with np.errstate(invalid="ignore", divide="ignore"):
                values[i] = row["scale"] * (numerator[i] + k * rate) / (below + k)
            if row["value_cap"] is not None:
                values[i] = np.minimum(values[i], row["value_cap"])
        return values, above

    def _rate(self, rates: Mapping[tuple[str, str], float], code: str, unit: int) -> float:
        """The rate towards which a lowest unit is shrunk, also where it is 0; NaN for a unit that is not shrunk."""
        units = self.reader.units
        return rates.get((code, units.parents[unit]), np.nan) if units.is_leaf[unit] else np.nan

    def _repriced(self, indicator: int) -> tuple[Floats, Floats]:
        """Points of the earlier window's events by the later method's deductions, and those known above; by unit."""
        at = self.place_then[indicator]
        counted = self.then.months_counted[at] if at >= 0 else np.zeros(len(self.reader.units.codes), dtype=np.int64)
        points, above = np.zeros(len(counted)), np.zeros(len(counted))
        for age in range(BITS):
            bits = (counted >> age) & 1 > 0
            sums = self.reader.sums(self.now.method.version, self.then.period, age) if bits.any() else None
            if sums is not None:
                points += np.where(bits, sums.numerator[indicator], 0.0)
                above += np.where(bits, np.nan_to_num(sums.known_above[indicator], nan=0.0), 0.0)
        return np.where(counted > 0, points, np.nan), above

    def _mean_parts(self, upper: int, members: Indices, indicators: Indices, change: Floats) -> MemberParts:
        old, old_above = self.old_by_new_rule
        new = self.now.scores[self.now.method.method.tree.leaves]
        sides = []
        for scores, above, people in (
            (old, old_above, self.then.residents),
            (new, self.now.known_above, self.now.residents),
        ):
            side = WeightedMean(scores[np.ix_(indicators, members)].T, people[members][:, None], np.zeros(1))
            count = np.maximum(side.there.sum(axis=0), 1.0)
            known = np.nan_to_num(above[indicators, upper], nan=0.0) / count
            sides.append(WeightedMean(side.scores, side.residents, known))
        return mean_parts(sides[0], sides[1], change)


def change_effects(relations: Mapping[str, duckdb.DuckDBPyRelation]) -> pa.RecordBatchReader:
    """Rows of CHANGE_EFFECTS for every month released, from the relations of warehouse.month_arrays."""
    return pa.RecordBatchReader.from_batches(CHANGE_EFFECTS, _batches(relations))


def _batches(relations: Mapping[str, duckdb.DuckDBPyRelation]) -> Iterator[pa.RecordBatch]:
    reader = MonthReader(relations)
    for period, name, earlier in reader.comparisons:
        reader.forget_before(period)
        comparison = Comparison(reader, name, reader.month(earlier), reader.month(period))
        for rows in _rows(comparison):
            yield rows.batch({"period": period, "comparison": name})


def _rows(comparison: Comparison) -> Iterator[_Rows]:
    """Effects on every node of every unit, and by member those on the overall index of every upper unit."""
    if not comparison.nodes:
        return
    tree = comparison.now.method.method.tree
    root = tree.codes[tree.root]
    parts = dict(comparison.parts_of_members())
    for start in range(0, len(comparison.reader.units.codes), _UNITS_AT_ONCE):
        some = range(len(comparison.reader.units.codes))[start : start + _UNITS_AT_ONCE]
        changes = comparison.decomposition(slice(some.start, some.stop))
        yield _of_nodes(comparison, some, changes, parts)
        if root in comparison.nodes:
            here = {upper: own for upper, own in parts.items() if upper in some}
            if here:
                yield _of_members(comparison, some, changes.effects(root), here)


def _of_nodes(comparison: Comparison, some: range, changes: Decomposition, parts: Mapping[int, MemberParts]) -> _Rows:
    """Effects on every node of some of the units; the parts of members tell population from value."""
    leaf = comparison.now.method.leaf
    by_residents, by_availability = np.zeros((2, len(leaf), len(some)))
    for upper, own in parts.items():
        if upper in some:
            by_residents[:, upper - some.start] = own.residents.sum(axis=0)
            by_availability[:, upper - some.start] = own.availability.sum(axis=0)
    rows = _Rows()
    for node in comparison.nodes:
        effects = changes.effects(node)
        population, comes_or_goes = (
            effects.multiplier * _rows_of(effects, leaf, part) for part in (by_residents, by_availability)
        )
        value = effects.value - population - comes_or_goes
        rows.add(
            {"node_code": [node]},
            {"indicator_code": effects.indicators, "unit_code": comparison.reader.units.codes[some.start : some.stop]},
            value, effects.weight, effects.availability + comes_or_goes, effects.method, population,
        )  # fmt: skip
    return rows


def _of_members(comparison: Comparison, some: range, effects: Effects, parts: Mapping[int, MemberParts]) -> _Rows:
    """Effects on the overall index of upper units by their lowest members, and what belongs to none of them."""
    units, tree = comparison.reader.units, comparison.now.method.method.tree
    rows = _Rows()
    for upper, own in parts.items():
        place = upper - some.start
        multiplier = effects.multiplier[:, place]
        numerator, denominator, people, comes_or_goes = (
            _rows_of(effects, comparison.now.method.leaf, part.T).T * multiplier for part in vars(own).values()
        )
        rest = effects.value[:, place] - (numerator + denominator + people + comes_or_goes).sum(axis=0)
        rest = np.where(np.abs(rest) < _NOISE, 0.0, rest)
        none = np.zeros_like(numerator)
        codes = [units.codes[member] for member in units.members[upper]]
        keys = {"unit_code": [units.codes[upper]], "node_code": [tree.codes[tree.root]]}
        rows.add(
            keys, {"member_code": codes, "indicator_code": effects.indicators},
            numerator + denominator, none, comes_or_goes, none, people, denominator_part=denominator,
        )  # fmt: skip
        rows.add(
            keys, {"member_code": [NO_MEMBER], "indicator_code": effects.indicators},
            rest[None], effects.weight[None, :, place], effects.availability[None, :, place],
            effects.method[None, :, place], none[:1], denominator_part=none[:1],
        )  # fmt: skip
    return rows


def _rows_of(effects: Effects, leaf: Mapping[str, int], part: Floats) -> Floats:
    """Rows of the effects' indicators; 0 for one that the later method does not have."""
    places = np.array([leaf.get(code, -1) for code in effects.indicators], dtype=np.intp)
    return np.where((places >= 0)[:, None], part[places], 0.0)


class _Rows:
    """Rows of effects, put together as one batch: a table for each of 42 nodes took a third of the time.

    Codes are kept as their places in what has been met, as Arrow's dictionaries are.
    """

    def __init__(self) -> None:
        self._met: dict[str, dict[str, int]] = {}
        self._columns: dict[str, list[npt.NDArray[Any]]] = {}

    def add(
        self,
        constant: Mapping[str, Sequence[str]],
        keys: Mapping[str, Sequence[str]],
        value: Floats,
        weight: Floats,
        availability: Floats,
        method: Floats,
        population: Floats,
        **more: Floats,
    ) -> None:
        """Take the effects that are not all zero; `keys` name the two axes of the arrays."""
        effects = dict(zip(_EFFECTS, (value, weight, availability, method, population), strict=True)) | more
        rounded = {name: np.round(array, DIGITS) + 0.0 for name, array in effects.items()}
        total = value + weight + availability + method + population
        at = np.nonzero(np.any([array != 0 for array in rounded.values()], axis=0))
        for (name, codes), places in zip(keys.items(), at, strict=True):
            self._append(name, self._place(name, codes)[places])
        for name, codes in constant.items():
            self._append(name, np.full(len(at[0]), self._place(name, codes)[0], dtype=np.int32))
        for name, array in rounded.items():
            self._append(name, array[at])
        self._append("total", np.round(total[at], DIGITS) + 0.0)

    def batch(self, constant: Mapping[str, str]) -> pa.RecordBatch:
        """Everything taken as CHANGE_EFFECTS, with columns that are the same in every row; null where there is none."""
        columns = {name: np.concatenate(parts) for name, parts in self._columns.items()}
        rows = len(columns["total"])
        arrays = []
        for field in CHANGE_EFFECTS:
            if field.name in constant:
                arrays.append(_coded(np.zeros(rows, dtype=np.int32), [constant[field.name]]))
            elif field.name in self._met:
                arrays.append(_coded(columns[field.name], list(self._met[field.name])))
            elif field.name in columns:
                arrays.append(pa.array(columns[field.name]))
            else:
                arrays.append(pa.nulls(rows, field.type))
        return pa.record_batch(arrays, schema=CHANGE_EFFECTS)

    def _append(self, name: str, part: npt.NDArray[Any]) -> None:
        self._columns.setdefault(name, []).append(part)

    def _place(self, name: str, codes: Sequence[str]) -> npt.NDArray[np.int32]:
        met = self._met.setdefault(name, {})
        return np.array([met.setdefault(code, len(met)) for code in codes], dtype=np.int32)


def _coded(places: npt.NDArray[np.int32], codes: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(places), pa.array(codes, type=pa.string()))
