"""What moved every node of every unit, against a second computation in plain Python; a change of method in the middle.

The small city has geometric, harmonic and arithmetic nodes, gaps of every kind, records known to counties only, a unit
that is split, and from 2022-08 on other weights, posts, deductions, shrinkage, averages and indicators.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb
import independent
import polars as pl
import pytest
import small_city
from chain import Chain, landed_chain
from plain_changes import PlainChange, comparisons

from gates.result import GateResult
from publication.indicator_records import IndicatorRecords

pytestmark = pytest.mark.end_to_end

TOLERANCE = 1e-9
FIRST, LAST = "2022-07", "2022-12"
MONTHS = ["2022-08", "2022-10", "2022-12"]
EFFECTS = ("value_effect", "weight_effect", "availability_effect", "method_effect", "population_effect")


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Chain, dict[str, GateResult], Any]:
    chain = landed_chain(tmp_path_factory.mktemp("changes"), small_city.draw_returns(12, 0.04, 0.02, 0.15))
    return chain, chain.build(FIRST, LAST), independent.Recomputation(chain.returns)


def nodes_above(recomputed: independent.Recomputation, then: str, now: str) -> list[str]:
    old, new = (recomputed.nodes(recomputed.version(p)) for p in (then, now))
    return [code for code, node in new.items() if not node.get("scoring") and code in old]


def test_gate_b_holds_for_every_month(computed: tuple[Chain, dict[str, GateResult], Any]) -> None:
    for period, gate in computed[1].items():
        findings = {f.check: f for f in gate.findings}
        assert findings["changes_come_apart"].passed, (period, findings["changes_come_apart"].rows)


@pytest.mark.parametrize("period", MONTHS)
def test_every_effect_on_every_node(computed: tuple[Chain, Any, independent.Recomputation], period: str) -> None:
    chain, _, recomputed = computed
    keys = ("unit_code", "comparison", "node_code", "indicator_code")
    rows = chain.table(period, "contributions").iter_rows(named=True)
    found = {tuple(row[k] for k in keys): row for row in rows}
    seen = dict.fromkeys(EFFECTS, 0)
    for name, then in comparisons(period).items():
        for unit in (u[0] for u in small_city.UNITS if small_city.in_force(u, period)):
            change = PlainChange(recomputed, unit, then, period)
            for node in nodes_above(recomputed, then, period):
                known = small_city.in_force(recomputed.units[unit], then)
                scores = [change.score(node, p) for p in (then, period)] if known else [None]
                expected = {} if None in scores else by_effect(change, node)
                rows_of_node = {k: row for k, row in found.items() if k[:3] == (unit, name, node)}
                assert {k[3] for k in rows_of_node} <= set(expected), (unit, name, node)
                for code, effects in expected.items():
                    row = rows_of_node.get((unit, name, node, code), dict.fromkeys((*EFFECTS, "total"), 0.0))
                    told = [row[e] for e in EFFECTS]
                    assert told == pytest.approx(effects, abs=TOLERANCE), (unit, name, node, code)
                    assert row["total"] == pytest.approx(sum(effects), abs=TOLERANCE)
                    for e, effect in zip(EFFECTS, effects, strict=True):
                        seen[e] += abs(effect) > TOLERANCE
    changed = any(recomputed.version(then) != recomputed.version(period) for then in comparisons(period).values())
    assert all(seen[e] for e in EFFECTS if changed or e != "method_effect"), seen
    assert changed == bool(seen["method_effect"])


def by_effect(change: PlainChange, node: str) -> dict[str, list[float]]:
    """Effects in the order of EFFECTS; population and members that come or go taken out of the value."""
    parts, moves = change.parts(node)
    found = {}
    for code, (value, weight, availability, method) in parts.items():
        members: dict[str, tuple[float, float, float]] = {}
        if not change.of.is_leaf(change.unit) and moves.get(code):
            members = change.members(code)
        people, goes = (moves.get(code, 0.0) * sum(m[i] for m in members.values()) for i in (1, 2))
        found[code] = [value - people - goes, weight, availability + goes, method, people]
    return found


@pytest.mark.parametrize("period", MONTHS)
def test_every_members_part_of_its_county_and_city(
    computed: tuple[Chain, Any, independent.Recomputation], period: str
) -> None:
    chain, _, recomputed = computed
    keys = ("unit_code", "comparison", "member_code", "indicator_code")
    rows = chain.table(period, "member_contributions").iter_rows(named=True)
    found = {tuple(row[k] for k in keys): row for row in rows}
    seen = dict.fromkeys(("value", "population", "availability", "nobody"), 0)
    for name, then in comparisons(period).items():
        for unit in (u[0] for u in small_city.UNITS if u[2] != "township"):
            change = PlainChange(recomputed, unit, then, period)
            if None in (change.score("I", then), change.score("I", period)):
                assert not [k for k in found if k[:2] == (unit, name)]
                continue
            parts, moves = change.parts("I")
            for code, (value, weight, availability, method) in parts.items():
                members = change.members(code) if moves.get(code) else {}
                for member, own in members.items():
                    row = found.pop((unit, name, member, code), dict.fromkeys((*EFFECTS, "total"), 0.0))
                    expected = [moves[code] * part for part in own]
                    told = [row[e] for e in ("value_effect", "population_effect", "availability_effect")]
                    assert told == pytest.approx(expected, abs=TOLERANCE), (unit, name, member, code)
                    assert row["total"] == pytest.approx(sum(expected), abs=TOLERANCE)
                    for kind, part in zip(seen, expected, strict=False):
                        seen[kind] += abs(part) > TOLERANCE
                row = found.pop((unit, name, "", code), dict.fromkeys((*EFFECTS, "total"), 0.0))
                rest = value - sum(moves[code] * sum(own) for own in members.values())
                assert [row[e] for e in EFFECTS] == pytest.approx(
                    [rest, weight, availability, method, 0.0], abs=TOLERANCE
                ), (unit, name, code)
                seen["nobody"] += abs(rest) > TOLERANCE
    assert not found
    assert all(count for kind, count in seen.items() if kind != "availability" or period == MONTHS[-1]), seen


def test_a_new_method_leaves_earlier_months_as_they_were(
    computed: tuple[Chain, Any, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same deliveries with the first version only: the months before 2022-08 have the same bytes."""
    chain = computed[0]
    alone = chain.copied(tmp_path_factory.mktemp("one_method")).without_warehouse()
    assert len(alone.city.versions) == 2
    one = Chain(_with_first_version_only(alone.city), alone.state, alone.returns)
    one.build(FIRST, small_city.NEW_VERSION_FROM)
    assert one.candidate_bytes("2022-07") == chain.candidate_bytes("2022-07")
    changed = one.candidate_bytes(small_city.NEW_VERSION_FROM), chain.candidate_bytes(small_city.NEW_VERSION_FROM)
    assert changed[0]["scores.parquet"] != changed[1]["scores.parquet"]
    assert not one.table(small_city.NEW_VERSION_FROM, "contributions")["method_effect"].abs().sum()


def _with_first_version_only(city: Any) -> Any:
    from dataclasses import replace

    return replace(city, versions=city.versions[:1])


def test_the_month_of_change_tells_weights_from_posts(computed: tuple[Chain, Any, Any]) -> None:
    rows = computed[0].table(small_city.NEW_VERSION_FROM, "contributions").filter(comparison="month", node_code="I")
    by_indicator = rows.group_by("indicator_code").agg(pl.col(*EFFECTS).abs().sum())
    moved = {row["indicator_code"]: row for row in by_indicator.iter_rows(named=True)}
    # A weighs 50 instead of 40: every indicator's weight in the whole moves, whatever it measures
    assert moved["Z"]["weight_effect"] > 0.01
    assert moved["Z"]["method_effect"] == 0
    # new posts of A101, new deductions of A103
    assert moved["A101"]["method_effect"] > 0.01
    assert moved["A103"]["method_effect"] > 0.01


@dataclass(frozen=True)
class UnpublishedIssue:
    """A candidate read as an issue is: its tables and the landing files that it was computed from."""

    chain: Chain
    period: str

    @property
    def state(self) -> Any:
        return self.chain.state

    @property
    def manifest(self) -> dict[str, Any]:
        text = (self.state.candidate(self.period) / "candidate.json").read_text(encoding="utf-8")
        return dict(json.loads(text))

    def table(self, name: str) -> pl.DataFrame:
        return self.chain.table(self.period, name)


@pytest.mark.parametrize("period", [FIRST, *MONTHS])
def test_records_add_up_to_numerators_and_denominators_with_gaps(computed: tuple[Chain, Any, Any], period: str) -> None:
    """Monthly returns with gaps, counties that stand for their townships, values carried forward."""
    chain = computed[0]
    side = IndicatorRecords(chain.city, UnpublishedIssue(chain, period))  # type: ignore[arg-type]
    with duckdb.connect(str(chain.state.warehouse), read_only=True) as connection:
        factors = {
            (unit, code): (above, below)
            for unit, code, above, below in connection.execute(
                "select unit_code, indicator_code, numerator_factor, denominator_factor "
                "from indicators.indicator_values where period = ?",
                [period],
            ).fetchall()
        }
    checked = dict.fromkeys(("measured", "partial", "carried_forward"), 0)
    for row in side.issue.table("values").iter_rows(named=True):
        if row["numerator"] is None:
            continue
        key = row["unit_code"], row["indicator_code"]
        records = side.records(*key)
        for part, factor in zip(("numerator", "denominator"), factors[key], strict=True):
            own = records.filter(part=part)["counts"].sum() * factor
            assert own == pytest.approx(row[part] or 0.0, rel=1e-9, abs=1e-9), (key, part, row["status"])
        if row["status"] in checked:
            checked[row["status"]] += 1
    assert checked["measured"] > 30
    assert checked["partial"] > 10
