"""Every change of the small city taken apart a second time, from METHODS.md section 6: plain Python, unit by unit.

It starts from the independent recomputation of values and scores; nothing of the product's arithmetic is used.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import independent
import small_city as city

from city.periods import add_months, months_between

Row = independent.Row
#: indicator -> value, weight, availability, method
Parts = dict[str, list[float]]
VALUE, WEIGHT, AVAILABILITY, METHOD = range(4)


@dataclass(frozen=True)
class PlainChange:
    """The change of one unit between two months."""

    of: independent.Recomputation
    unit: str
    then: str
    now: str

    def score(self, code: str, period: str) -> float | None:
        return self.of.node(code, self.unit, period)[0] if code in self.of.nodes(self.of.version(period)) else None

    def children(self, code: str, period: str) -> dict[str, float]:
        """Share of each child that has a score; arithmetic nodes below an arithmetic one are opened."""
        below = {
            n["code"]: float(n["weight"])
            for n in self.of.children(self.of.version(period), code)
            if self.score(n["code"], period) is not None
        }
        shares = {child: weight / sum(below.values()) for child, weight in below.items()}
        if not self.opens(code):
            return shares
        opened: dict[str, float] = {}
        for child, share in shares.items():
            inner = self.children(child, period) if self.opens(child) else {child: 1.0}
            opened |= {leaf: share * own for leaf, own in inner.items()}
        return opened

    def opens(self, code: str) -> bool:
        found = [self.of.nodes(self.of.version(p)).get(code) for p in (self.then, self.now)]
        return all(n is None or n.get("aggregation") == "arithmetic" for n in found)

    def rule(self, code: str, period: str) -> tuple[str, float]:
        version = self.of.version(period)
        kind = self.of.nodes(version)[code]["aggregation"]
        return kind, 0.0 if kind == "arithmetic" else float(city.METHODS[version].rules.get("floor", 1))

    def leaf_shares(self, code: str, period: str) -> dict[str, float]:
        """Effective weight of each indicator within a node, with what is missing."""
        version = self.of.version(period)
        if code not in self.of.nodes(version):
            return {}
        if self.of.nodes(version)[code].get("scoring"):
            return {code: 1.0}
        shares: dict[str, float] = {}
        below = [n for n in self.of.children(version, code) if self.score(n["code"], period) is not None]
        total = sum(float(n["weight"]) for n in below)
        for child in below:
            for leaf, own in self.leaf_shares(child["code"], period).items():
                shares[leaf] = own * float(child["weight"]) / total
        return shares

    def parts(self, code: str) -> tuple[Parts, dict[str, float]]:
        """Effects by indicator, and by how much the node moves with one point of each indicator."""
        old_version, new_version = self.of.version(self.then), self.of.version(self.now)
        if self.of.nodes(new_version)[code].get("scoring"):
            x0, x1 = self.score(code, self.then), self.score(code, self.now)
            assert x0 is not None
            assert x1 is not None
            again = x0 if old_version == new_version else self.of_old_value(code, self.unit, x0)
            return {code: [x1 - again, 0.0, 0.0, again - x0]}, {code: 1.0}
        rule = self.rule(code, self.now)
        old, new = self.children(code, self.then), self.children(code, self.now)
        f0 = {c: phi(rule, self.score(c, self.then)) for c in old}
        f1 = {c: phi(rule, self.score(c, self.now)) for c in new}
        before = sum(w * f0[c] for c, w in old.items())
        after = sum(w * f1[c] for c, w in new.items())
        stretch = slope(back(rule, before), back(rule, after), before, after, derivative(rule, back(rule, before)))
        centre = (before + after) / 2
        found: Parts = defaultdict(lambda: [0.0] * 4)
        moves: dict[str, float] = defaultdict(float)
        for child in old.keys() | new.keys():
            if child in old and child in new:
                x0, x1 = self.score(child, self.then), self.score(child, self.now)
                assert x0 is not None
                assert x1 is not None
                inner = 0.0 if x0 < rule[1] else 1 / derivative(rule, x0)
                factor = stretch * (old[child] + new[child]) / 2 * slope(f0[child], f1[child], x0, x1, inner)
                below, steps = self.parts(child)
                for leaf, effects in below.items():
                    found[leaf] = [a + factor * b for a, b in zip(found[leaf], effects, strict=True)]
                    moves[leaf] += factor * steps.get(leaf, 0.0)
                effect, which = (f0[child] + f1[child] - 2 * centre) / 2 * (new[child] - old[child]), WEIGHT
            elif child in new:
                effect, which = new[child] * (f1[child] - centre), AVAILABILITY
            else:
                effect, which = -old[child] * (f0[child] - centre), AVAILABILITY
            shares: dict[str, float] = defaultdict(float)
            for period in (self.then, self.now):
                for leaf, share in self.leaf_shares(child, period).items():
                    shares[leaf] += share
            for leaf, share in shares.items():
                found[leaf][which] += stretch * effect * share / sum(shares.values())
        if rule != self.rule(code, self.then):
            score = self.score(code, self.then)
            assert score is not None
            for leaf, share in self.leaf_shares(code, self.then).items():
                found[leaf][METHOD] += share * (back(rule, before) - score)
        return dict(found), dict(moves)

    def of_old_value(self, code: str, unit: str, x0: float) -> float:
        """The old value scored by the new rule."""
        old, new = (self.of.nodes(self.of.version(p))[code] for p in (self.then, self.now))
        if old == new:
            return x0
        window, _, _ = self.of.completed(code, unit, self.then)
        assert window.numerator is not None
        if new["scoring"] == "zero_tolerance":
            return self._repriced(code, unit, window)
        value = new["scale"] * window.numerator / (window.denominator or 1.0)
        if new["smoothing"] and self.of.is_leaf(unit):
            k = float(new["smoothing"].split("k=")[1])
            rates = {r["group"]: r["rate"] for r in city.REFERENCE if r["indicator"] == code and "rate" in r}
            rate = rates[self.of.units[unit][1]]
            value = new["scale"] * (window.numerator + k * rate) / ((window.denominator or 0.0) + k)
        again = self.of.score_of(new, unit, min(value, new["params"].get("cap", math.inf)))
        assert again is not None
        return x0 if abs(again - x0) < 1e-9 else again

    def _repriced(self, code: str, unit: str, window: independent.Windowed) -> float:
        version = self.of.version(self.now)
        sums = [self.of.known(version, code, unit, month) for month in window.months]
        points, above = sum(s[0] for s in sums if s), sum(s[3] for s in sums if s)
        if self.of.is_leaf(unit):
            return max(0.0, 100 - points)
        scores = self.member_scores(code, unit, self.then, again=True)
        people = {m: self.of.residents(m, self.then) or 0.0 for m in scores}
        mean = sum(x * people[m] for m, x in scores.items()) / sum(people.values())
        return max(0.0, mean - above / len(scores))

    def member_scores(self, code: str, unit: str, period: str, *, again: bool = False) -> dict[str, float]:
        found = {}
        for member in self.of.leaves(unit, period):
            score = self.of.leaf_score(code, member, period)[0]
            if score is not None:
                found[member] = self.of_old_value(code, member, score) if again else score
        return found

    # Townships' part of a county or the city

    def members(self, code: str) -> dict[str, tuple[float, float, float]]:
        """Member -> parts of the change of the upper unit's score: value, residents, availability."""
        new = self.of.nodes(self.of.version(self.now))[code]
        x0, x1 = self.score(code, self.then), self.score(code, self.now)
        assert x0 is not None
        assert x1 is not None
        changed = self.of.version(self.then) != self.of.version(self.now)
        again = self.of_old_value(code, self.unit, x0) if changed else x0
        if new["scoring"] == "zero_tolerance":
            return self._of_mean(code, x1 - again, changed)
        (n0, d0, own0), (n1, d1, own1) = (self._sums(code, p) for p in (self.then, self.now))
        moved = n1 / d1 - n0 / d0
        if abs(moved) <= 1e-12 * max(abs(n0 / d0), abs(n1 / d1)):
            return {}
        factor = (x1 - again) / moved
        found = {}
        for member in own0.keys() | own1.keys():
            (a0, b0), (a1, b1) = own0.get(member, (0.0, 0.0)), own1.get(member, (0.0, 0.0))
            above = factor * (a1 - a0) / ((d0 + d1) / 2)
            below = -factor * (n0 / d0 + n1 / d1) / 2 * (b1 - b0) / ((d0 + d1) / 2)
            people = new["denominator"] == "residents"
            found[member] = (above, below, 0.0) if people else (above + below, 0.0, 0.0)
        return found

    def _sums(self, code: str, period: str) -> tuple[float, float, Mapping[str, tuple[float, float]]]:
        version = self.of.version(period)
        node = self.of.nodes(version)[code]
        window = self.of.completed(code, self.unit, period)[0]
        kinds = {"residents": "stock"} | {name: row[0] for name, row in city.MEASURES.items()}
        above, below = kinds[node["numerator"]], kinds.get(node["denominator"], "")
        length, count = independent.WINDOW[node["window"]][0], len(window.months)
        upper = 1 / count if above == "stock" else 1.0 if below == "flow" else length / count
        lower = 1 / count if below == "stock" else length / count if above == "stock" else 1.0
        own: dict[str, tuple[float, float]] = {}
        for month in window.months:
            for member in self.of.leaves(self.unit, month, self.of.groups(node)):
                known = self.of.known(version, code, member, month)
                if known is not None:
                    a, b = own.get(member, (0.0, 0.0))
                    own[member] = a + upper * known[0], b + lower * (known[1] or 0.0)
        assert window.numerator is not None
        return window.numerator, window.denominator if node["denominator"] else 1.0, own  # type: ignore[return-value]

    def _of_mean(self, code: str, change: float, changed: bool) -> dict[str, tuple[float, float, float]]:
        x = [
            self.member_scores(code, self.unit, self.then, again=changed),
            self.member_scores(code, self.unit, self.now),
        ]
        shares, means, before_bound = [], [], []
        for scores, period in zip(x, (self.then, self.now), strict=True):
            people = {m: self.of.residents(m, period) or 0.0 for m in scores}
            shares.append({m: people[m] / sum(people.values()) for m in scores})
            means.append(sum(shares[-1][m] * scores[m] for m in scores))
            window = self.of.completed(code, self.unit, period)[0]
            known = [self.of.known(self.of.version(self.now), code, self.unit, m) for m in window.months]
            before_bound.append(means[-1] - sum(k[3] for k in known if k) / len(scores))
        moved = before_bound[1] - before_bound[0]
        factor = 1.0 if abs(moved) < 1e-10 else change / moved
        centre = sum(means) / 2
        found = {}
        for member in x[0].keys() | x[1].keys():
            s0, s1 = (s.get(member, 0.0) for s in shares)
            if member in x[0] and member in x[1]:
                a, b = x[0][member], x[1][member]
                parts = (s0 + s1) / 2 * (b - a), ((a + b) / 2 - centre) * (s1 - s0), 0.0
            elif member in x[1]:
                parts = 0.0, 0.0, s1 * (x[1][member] - centre)
            else:
                parts = 0.0, 0.0, -s0 * (x[0][member] - centre)
            found[member] = tuple(factor * p for p in parts)  # type: ignore[assignment]
        return found


def phi(rule: tuple[str, float], x: float | None) -> float:
    assert x is not None
    raised = max(x, rule[1])
    return math.log(raised) if rule[0] == "geometric" else 1 / raised if rule[0] == "harmonic" else x


def back(rule: tuple[str, float], f: float) -> float:
    return math.exp(f) if rule[0] == "geometric" else 1 / f if rule[0] == "harmonic" else f


def derivative(rule: tuple[str, float], x: float) -> float:
    """dx/dφ."""
    return x if rule[0] == "geometric" else -x * x if rule[0] == "harmonic" else 1.0


def slope(a0: float, a1: float, b0: float, b1: float, derivative: float) -> float:
    return derivative if abs(b1 - b0) < 1e-9 else (a1 - a0) / (b1 - b0)


def comparisons(period: str) -> dict[str, str]:
    """What a month is compared with."""
    earlier = {"month": add_months(period, -1), "year": add_months(period, -12)}
    return {name: p for name, p in earlier.items() if p >= city.FIRST_ISSUE and p in months_between("2021-01", period)}
