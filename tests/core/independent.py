"""The index of the small city computed a second time, from METHODS.md sections 1 to 5: dictionaries, slow and obvious.

Nothing of the product's arithmetic is used: no SQL, no tables, no loaders. Missing is None everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any

import small_city as city

from city.periods import add_months, months_between

Row = dict[str, Any]
WINDOW = {"month": (1, 1), "stock": (1, 1), "rolling_3m": (3, 2), "rolling_12m": (12, 9)}


@dataclass(frozen=True)
class Windowed:
    """Numerator and denominator over a window, and what can be said of them."""

    status: str
    numerator: float | None = None
    denominator: float | None = None
    value: float | None = None
    only_known_above: float = 0.0
    months: tuple[str, ...] = ()


class Recomputation:
    """All numbers of the small city for given deliveries."""

    def __init__(self, returns: Mapping[tuple[str, str], city.Return]) -> None:
        self.own: dict[tuple[str, str, str], float] = {}
        for (period, _), numbers in returns.items():
            for (place, measure), number in numbers.items():
                self.own[place, measure, period] = number
        self.units = {u[0]: u for u in city.UNITS}
        people: dict[tuple[str, int], int] = {(r["unit"], r["year"]): r["residents"] for r in city.population()}
        self.population = people
        for unit in city.UNITS:
            for period in city.MONTHS:
                count = self.residents(unit[0], period)
                if count is not None:
                    self.own[unit[0], "residents", period] = count
        self.windowed = cache(self._windowed)
        self.completed = cache(self._completed)
        self.leaf_score = cache(self._leaf_score)
        self.node = cache(self._node)
        self.known = cache(self._known)

    # Territory

    def is_leaf(self, unit: str) -> bool:
        return self.units[unit][2] == "township"

    def members(self, unit: str) -> list[str]:
        """The unit and everything below it."""
        found = [unit]
        for code, parent, *_ in city.UNITS:
            if parent == unit:
                found += self.members(code)
        return found

    def leaves(self, unit: str, period: str, groups: Sequence[str] = ()) -> list[str]:
        return [
            m
            for m in self.members(unit)
            if self.is_leaf(m) and city.in_force(self.units[m], period) and (not groups or self.units[m][3] in groups)
        ]

    def residents(self, unit: str, period: str) -> float | None:
        if not self.is_leaf(unit) or not city.in_force(self.units[unit], period):
            return None
        given = [year for code, year in self.population if code == unit and year <= int(period[:4])]
        return float(self.population[unit, max(given)]) if given else None

    # Method

    def version(self, period: str) -> str:
        begun = [v for v in city.METHODS if v <= period]
        return max(begun) if begun else min(city.METHODS)

    def nodes(self, version: str) -> dict[str, Row]:
        return {n["code"]: n for n in city.METHODS[version].framework}

    def children(self, version: str, code: str) -> list[Row]:
        return [n for n in city.METHODS[version].framework if n["parent"] == code]

    def effective_weight(self, version: str, code: str) -> float:
        node = self.nodes(version)[code]
        if not node["parent"]:
            return 1.0
        siblings = sum(float(n["weight"]) for n in self.children(version, node["parent"]))
        return self.effective_weight(version, node["parent"]) * float(node["weight"]) / siblings

    @staticmethod
    def groups(node: Row) -> list[str]:
        return [w for w in node["applies_to"].split(";") if w in ("street", "town")]

    @staticmethod
    def levels(node: Row) -> list[str]:
        return [w for w in node["applies_to"].split(";") if w in city.LEVELS]

    def applies(self, node: Row, unit: str, period: str) -> bool:
        if self.levels(node) and self.units[unit][2] not in self.levels(node):
            return False
        return bool(self.leaves(unit, period, self.groups(node)))

    # Section 1: measures and windows

    def terms(self, node: Row) -> dict[str, float]:
        if node["scoring"] == "zero_tolerance":
            return {c["measure"]: c["deduct"] for c in node["params"]["classes"]}
        return {node["numerator"]: 1.0}

    def _known(self, version: str, code: str, unit: str, period: str) -> tuple[float, float | None, int, float] | None:
        """Numerator, denominator, leaves accounted for, numerator known above the leaves; None when unreported."""
        node = self.nodes(version)[code]
        terms, below = self.terms(node), node["denominator"]
        numerator = above = denominator = 0.0
        accounted: set[str] = set()
        complete = {
            leaf
            for leaf in self.leaves(unit, period, self.groups(node))
            if all((leaf, m, period) in self.own for m in terms) and (not below or (leaf, below, period) in self.own)
        }
        for leaf in complete:
            numerator += sum(f * self.own[leaf, m, period] for m, f in terms.items())
            denominator += self.own[leaf, below, period] if below else 0.0
        accounted |= complete
        for upper in (m for m in self.members(unit) if not self.is_leaf(m)):
            told = {m: f for m, f in terms.items() if (upper, m, period) in self.own}
            if not told:
                continue
            leaves = set(self.leaves(upper, period, self.groups(node)))
            denominators = [m for m in self.members(upper) if (m, below, period) in self.own]
            denominators = [m for m in denominators if m in leaves or not self.is_leaf(m)]
            alone = not leaves & complete and len(told) == len(terms) and (not below or bool(denominators))
            if not (alone or leaves & complete or node["scoring"] == "zero_tolerance"):
                continue
            numerator += sum(f * self.own[upper, m, period] for m, f in told.items())
            above += sum(f * self.own[upper, m, period] for m, f in told.items())
            denominator += self.own.get((upper, below, period), 0.0)
            if alone:
                denominator += sum(self.own.get((leaf, below, period), 0.0) for leaf in leaves - accounted)
                accounted |= leaves
        minimum = city.METHODS[version].rules["minimum_coverage"]
        if not accounted or len(accounted) < minimum * len(self.leaves(unit, period, self.groups(node))) - 1e-9:
            return None
        return numerator, denominator if below else None, len(accounted), above

    def _windowed(self, code: str, unit: str, period: str) -> Windowed:
        version = self.version(period)
        node = self.nodes(version)[code]
        length, required = WINDOW[node["window"]]
        if not self.applies(node, unit, period):
            return Windowed("not_applicable")
        months = months_between(add_months(period, 1 - length), period)
        reported = {
            m: known for m in months if m in city.MONTHS and (known := self.known(version, code, unit, m)) is not None
        }
        if len(reported) < required:
            return Windowed("missing")
        first_measure = next(iter(self.terms(node)))
        kind = "stock" if first_measure == "residents" else city.MEASURES[first_measure][0]
        below = node["denominator"]
        below_kind = "" if not below else "stock" if below == "residents" else city.MEASURES[below][0]
        numerator = sum(k[0] for k in reported.values())
        denominator = sum(k[1] or 0.0 for k in reported.values())
        if kind == "stock":
            numerator /= len(reported)
        elif below_kind != "flow" and node["scoring"] != "zero_tolerance":
            numerator *= length / len(reported)
        if below_kind == "stock":
            denominator /= len(reported)
        elif kind == "stock":
            denominator *= length / len(reported)
        whole = len(reported) == length and all(
            k[2] == len(self.leaves(unit, m, self.groups(node))) for m, k in reported.items()
        )
        above = sum(k[3] for k in reported.values())
        if below and denominator == 0:
            return Windowed("not_applicable", numerator, denominator, None, above, tuple(reported))
        value = node["scale"] * (numerator / denominator if below else numerator)
        status = "measured" if whole else "partial"
        return Windowed(status, numerator, denominator if below else None, value, above, tuple(reported))

    # Section 3: carrying forward; section 2: caps and small units

    def _completed(self, code: str, unit: str, period: str) -> tuple[Windowed, float | None, float | None]:
        """The window (carried where it is missing), the value and the value as scored."""
        version = self.version(period)
        node, rules = self.nodes(version)[code], city.METHODS[version].rules
        found = self.windowed(code, unit, period)
        unreported = self.known(version, code, unit, period) is None
        if found.status == "missing" and unreported and node["department"] not in rules["carry_forward"]["except"]:
            for age in range(1, rules["carry_forward"]["months"] + 1):
                earlier = add_months(period, -age)
                if (
                    earlier not in city.MONTHS
                    or self.version(earlier) != version
                    or not city.in_force(self.units[unit], earlier)
                ):
                    continue
                old = self.windowed(code, unit, earlier)
                if old.status in ("measured", "partial"):
                    found = replace(old, status="carried_forward")
                    break
        if found.value is None:
            return found, None, None
        cap = node["params"].get("cap", math.inf)
        scored = found.value
        if node["smoothing"] and self.is_leaf(unit):
            k = float(node["smoothing"].split("k=")[1])
            rate = next(
                r["rate"]
                for r in city.REFERENCE
                if r["indicator"] == code and r["group"] == self.units[unit][1] and "rate" in r
            )
            assert found.numerator is not None
            assert found.denominator is not None
            scored = node["scale"] * (found.numerator + k * rate) / (found.denominator + k)
        return found, min(found.value, cap), min(scored, cap)

    # Section 2: scores

    def parameter(self, node: Row, unit: str, name: str) -> float | None:
        """A post or bound; of an upper unit its members' groups' averaged with reference-year residents."""
        if self.is_leaf(unit):
            return self._group_parameter(node, self.units[unit][3], name)
        year = f"{city.REFERENCE_YEAR}-12"
        leaves = self.leaves(unit, year, self.groups(node))
        shares = {leaf: self.residents(leaf, year) or 0.0 for leaf in leaves}
        values = {leaf: self._group_parameter(node, self.units[leaf][3], name) for leaf in leaves}
        if not leaves or None in values.values():
            return None
        return sum(shares[leaf] * (values[leaf] or 0.0) for leaf in leaves) / sum(shares.values())

    def _group_parameter(self, node: Row, group: str, name: str) -> float | None:
        params = node["params"]
        found = params.get(group, params).get(name)
        if found is None:
            bounds = {r["group"]: r for r in city.REFERENCE if r["indicator"] == node["code"] and "rate" not in r}
            found = bounds.get(group, bounds.get("", {})).get(name)
        return None if found is None else float(found)

    def score_of(self, node: Row, unit: str, x: float) -> float | None:
        """The score of a value by the indicator's kind."""
        kind, d, params = node["scoring"], node["direction"], node["params"]

        def p(name: str) -> float:
            found = self.parameter(node, unit, name)
            assert found is not None, (node["code"], unit, name)
            return found

        if kind == "goalpost":
            points = sorted([(p("p0"), 0.0), (p("p60"), 60.0), (p("p100"), 100.0)])
            if x <= points[0][0]:
                return points[0][1]
            for (x0, s0), (x1, s1) in pairwise(points):
                if x <= x1:
                    return s0 + (s1 - s0) * (x - x0) / (x1 - x0)
            return points[-1][1]
        if kind == "target_attainment":
            if d == 1:
                return 100 * min(1.0, x / p("T"))
            return 100.0 if x <= p("T") else 100 * p("T") / x
        if kind == "relative_minmax":
            lo, hi = p("lo"), p("hi")
            share = (x - lo) / (hi - lo) if d == 1 else (hi - x) / (hi - lo)
            return min(100.0, max(0.0, 60 + 40 * share))
        if kind == "minmax":
            lo, hi = p("lo"), p("hi")
            low, high = float(params.get("L", 0)), float(params.get("U", 100))
            share = (x - lo) / (hi - lo) if d == 1 else (hi - x) / (hi - lo)
            score = share * (high - low) + low
            return min(high, max(low, score)) if params.get("clip") else score
        if kind == "zscore":
            return float(params["m"] + params["s"] * d * (x - params["mean"]) / params["sd"])
        assert kind == "percentile_rank"
        sets = city.REFERENCE_VALUES
        own = sets.get((node["code"], self.units[unit][3] if self.is_leaf(unit) else unit))
        if own is None and self.is_leaf(unit):
            own = sets.get((node["code"], ""))
        if own is None:
            return None
        if x not in own:
            x = min([v for v in own if math.isclose(v, x, rel_tol=1e-12)], key=lambda v: abs(v - x), default=x)
        worse = sum(1 for v in own if (v < x if d == 1 else v > x))
        return float(params["factor"] * min(1.0, worse / (len(own) - 1)))

    def _leaf_score(self, code: str, unit: str, period: str) -> tuple[float | None, str]:
        """Score and status of an indicator."""
        node = self.nodes(self.version(period))[code]
        found, _, x = self.completed(code, unit, period)
        if found.status in ("missing", "not_applicable") or x is None:
            return None, found.status
        score: float | None
        if node["scoring"] != "zero_tolerance":
            score = self.score_of(node, unit, x)
        elif self.is_leaf(unit):
            assert found.numerator is not None
            score = max(0.0, 100 - found.numerator)
        else:
            scores = {m: self.leaf_score(code, m, period)[0] for m in self.leaves(unit, period)}
            there = {m: s for m, s in scores.items() if s is not None}
            people = {m: self.residents(m, period) or 0.0 for m in there}
            if not there:
                return None, "missing"
            mean = sum(s * people[m] for m, s in there.items()) / sum(people.values())
            score = max(0.0, mean - found.only_known_above / len(there))
        return (score, found.status) if score is not None else (None, "missing")

    # Sections 3 and 4: the tree

    def _node(self, code: str, unit: str, period: str) -> tuple[float | None, float | None, str, float, float]:
        """Score, coverage, status, leaf weight that counts above, leaf weight applicable."""
        version = self.version(period)
        node, rules = self.nodes(version)[code], city.METHODS[version].rules
        if node.get("scoring"):
            score, status = self.leaf_score(code, unit, period)
            weight = self.effective_weight(version, code)
            if status == "not_applicable":
                return None, None, status, 0.0, 0.0
            return score, 0.0 if score is None else 1.0, status, 0.0 if score is None else weight, weight
        below = [(child, self.node(child["code"], unit, period)) for child in self.children(version, code)]
        applicable, there = sum(n[4] for _, n in below), sum(n[3] for _, n in below)
        if applicable == 0:
            return None, None, "not_applicable", 0.0, 0.0
        coverage = there / applicable
        if coverage < rules["minimum_coverage"] - 1e-12:
            return None, coverage, "missing", 0.0, applicable
        floor = rules.get("floor", 1)
        pairs = [(child["weight"], n[0]) for child, n in below if n[0] is not None]
        total = sum(w for w, _ in pairs)
        if node["aggregation"] == "geometric":
            score = math.exp(sum(w * math.log(max(x, floor)) for w, x in pairs) / total)
        elif node["aggregation"] == "harmonic":
            score = total / sum(w / max(x, floor) for w, x in pairs)
        else:
            score = sum(w * x for w, x in pairs) / total
        statuses = {n[2] for _, n in below} - {"not_applicable"}
        status = "partial"
        if statuses <= {"measured"}:
            status = "measured"
        elif statuses <= {"measured", "carried_forward"}:
            status = "carried_forward"
        return score, coverage, status, there, applicable

    # Section 5: what readers are told

    def scores(self, period: str) -> dict[tuple[str, str], Row]:
        """(unit, node) -> score, coverage, status, rank, colour, changes."""
        rows = {
            (unit[0], code): self._row(unit[0], code, period)
            for unit in city.UNITS
            if city.in_force(unit, period)
            for code in self.nodes(self.version(period))
        }
        capped = self._caps(period)
        for (unit, code), row in rows.items():
            if row["score"] is None:
                continue
            position = next(
                (i for i, (_, cut) in enumerate(city.COLOURS) if row["rounded"] >= cut), len(city.COLOURS) - 1
            )
            if code == "I":
                position = max(position, capped.get(unit, 0))
            row["colour"] = city.COLOURS[position][0]
        for row in rows.values():
            peers = [r for r in rows.values() if r["level"] == row["level"] and r["node"] == row["node"]]
            if row["score"] is not None:
                row["rank"] = 1 + sum(1 for r in peers if r["score"] is not None and r["rounded"] > row["rounded"])
        return rows

    def _row(self, unit: str, code: str, period: str) -> Row:
        score, coverage, status, *_ = self.node(code, unit, period)
        row: Row = {"score": score, "coverage": coverage, "status": status, "rank": None, "colour": None}
        row["rounded"] = None if score is None else round(score, 9)
        row["node"], row["level"] = code, self.units[unit][2]
        return row

    def with_changes(self, period: str, rows_of: Mapping[str, dict[tuple[str, str], Row]]) -> None:
        """Add changes of score and rank against last month and last year to the rows of a month."""
        for name, age in (("month", 1), ("year", 12)):
            earlier = add_months(period, -age)
            for key, row in rows_of[period].items():
                old = rows_of[earlier].get(key) if earlier >= city.FIRST_ISSUE else None
                row[f"change_{name}"] = row[f"rank_change_{name}"] = row[f"change_{name}_reason"] = None
                if earlier < city.FIRST_ISSUE:
                    row[f"change_{name}_reason"] = "before_first_issue"
                elif row["score"] is None:
                    row[f"change_{name}_reason"] = "no_score_now"
                elif old is None or old["score"] is None:
                    row[f"change_{name}_reason"] = "no_score_then"
                else:
                    row[f"change_{name}"] = row["rounded"] - old["rounded"]
                    row[f"rank_change_{name}"] = old["rank"] - row["rank"]

    def vetoes(self, period: str) -> dict[tuple[str, str, str], tuple[float, str]]:
        """(unit, measure, unit of the events) -> events and cap."""
        keys = [key for key, _ in city.COLOURS]
        found: dict[tuple[str, str, str], tuple[float, str]] = {}
        for rule in city.METHODS[self.version(period)].rules["veto"]:
            length = WINDOW[rule["window"]][0]
            for place in self.units:
                months = months_between(add_months(period, 1 - length), period)
                events = sum(self.own.get((place, rule["measure"], m), 0.0) for m in months)
                if events < rule["at_least"]:
                    continue
                for unit in (u for u in self.units if place in self.members(u)):
                    if self.is_leaf(unit) or self.units[unit][2] in rule["rises_to"]:
                        key = unit, rule["measure"], place
                        if key not in found or keys.index(rule["cap"]) > keys.index(found[key][1]):
                            found[key] = events, rule["cap"]
        return found

    def _caps(self, period: str) -> dict[str, int]:
        keys = [key for key, _ in city.COLOURS]
        caps: dict[str, int] = {}
        for (unit, _, _), (_, cap) in self.vetoes(period).items():
            caps[unit] = max(caps.get(unit, 0), keys.index(cap))
        return caps

    def measure(self, unit: str, name: str, period: str) -> tuple[float | None, str]:
        """A measure with what is below, and its status."""
        there = [m for m in self.members(unit) if (m, name, period) in self.own]
        if not there:
            return None, "missing"
        leaves = [m for m in there if self.is_leaf(m)]
        partial = 0 < len(leaves) < len(self.leaves(unit, period))
        return sum(self.own[m, name, period] for m in there), "partial" if partial else "measured"
