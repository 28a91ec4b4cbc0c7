"""The index arithmetic as a whole against an independent recomputation, for every unit, node and month."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import duckdb
import independent
import polars as pl
import pytest
import small_city
from chain import NUMBERS, Chain, landed_chain

from city.periods import months_between
from gates.model import model_gate
from gates.result import GateResult
from warehouse.dbt import run_dbt

pytestmark = pytest.mark.end_to_end

TOLERANCE = 1e-9
#: The range starts before the first issue: months that nobody publishes must not change those that are.
FIRST, LAST = "2021-10", "2022-12"
RANGE = months_between(FIRST, LAST)
#: Seed, share of returns not delivered, of rows left out, of numbers known to counties only.
FEW_GAPS = (11, 0.03, 0.005, 0.08)
MANY_GAPS = (2, 0.15, 0.05, 0.2)


@pytest.fixture(scope="module")
def computed(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Chain, dict[str, bytes], dict[str, GateResult], independent.Recomputation]:
    """Few gaps: the first issue computed alone, then the whole range into the same warehouse."""
    chain = landed_chain(tmp_path_factory.mktemp("few"), small_city.draw_returns(*FEW_GAPS))
    chain.build(small_city.FIRST_ISSUE, small_city.FIRST_ISSUE)
    alone = chain.candidate_bytes(small_city.FIRST_ISSUE)
    gate = chain.build(FIRST, LAST)
    return chain, alone, gate, independent.Recomputation(chain.returns)


@pytest.fixture(scope="module")
def many_gaps(tmp_path_factory: pytest.TempPathFactory) -> tuple[Chain, dict[str, GateResult]]:
    """Many gaps: the whole range into a new warehouse."""
    chain = landed_chain(tmp_path_factory.mktemp("many"), small_city.draw_returns(*MANY_GAPS))
    return chain, chain.build(FIRST, LAST)


def assert_near(found: float | None, expected: float | None, what: Any) -> None:
    if found is None or expected is None:
        assert found is None, (what, found, expected)
        assert expected is None, (what, found, expected)
    else:
        assert math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE), (what, found, expected)


def assert_scores(chain: Chain, recomputed: independent.Recomputation) -> Counter[str]:
    rows_of = {period: recomputed.scores(period) for period in small_city.MONTHS if period <= LAST}
    seen: Counter[str] = Counter()
    for period in RANGE:
        recomputed.with_changes(period, rows_of)
        expected = rows_of[period]
        found = {(r["unit_code"], r["node_code"]): r for r in chain.table(period, "scores").iter_rows(named=True)}
        assert found.keys() == expected.keys()
        for key, row in found.items():
            mine = expected[key]
            what = (period, *key)
            for number in ("score", "coverage", "change_month", "change_year"):
                assert_near(row[number], mine[number], (*what, number))
            for word in (
                *("status", "rank", "colour", "change_month_reason", "change_year_reason"),
                *("rank_change_month", "rank_change_year"),
            ):
                assert row[word] == mine[word], (*what, word, row[word], mine[word])
            seen[row["status"]] += 1
            seen[str(row["colour"])] += 1
            seen["changes of a year"] += row["change_year"] is not None
            seen["overall scores"] += key[1] == "I" and row["score"] is not None
    return seen


def assert_values(chain: Chain, recomputed: independent.Recomputation) -> None:
    for period in RANGE:
        rows = chain.table(period, "values").iter_rows(named=True)
        found = {(r["unit_code"], r["indicator_code"]): r for r in rows}
        leaves = [c for c, n in recomputed.nodes(recomputed.version(period)).items() if n.get("scoring")]
        units = [u[0] for u in small_city.UNITS if small_city.in_force(u, period)]
        assert sorted(found) == sorted((unit, code) for unit in units for code in leaves)
        for (unit, code), row in found.items():
            window, value, scored = recomputed.completed(code, unit, period)
            score, status = recomputed.leaf_score(code, unit, period)
            what = (period, unit, code)
            assert row["status"] == status, (what, row["status"], status)
            assert_near(row["numerator"], window.numerator, (*what, "numerator"))
            assert_near(row["denominator"], window.denominator, (*what, "denominator"))
            assert_near(row["value"], value, (*what, "value"))
            assert_near(row["value_smoothed"], scored, (*what, "value_smoothed"))
            assert_near(row["score"], score, (*what, "score"))
            assert row["months_counted"] == (" ".join(window.months) or None), what


def assert_measures(chain: Chain, recomputed: independent.Recomputation) -> None:
    for period in RANGE:
        rows = list(chain.table(period, "measures").iter_rows(named=True))
        units = [u for u in small_city.UNITS if small_city.in_force(u, period)]
        assert len(rows) == len(units) * (len(small_city.MEASURES) + 1)
        for row in rows:
            quantity, status = recomputed.measure(row["unit_code"], row["measure"], period)
            what = (period, row["unit_code"], row["measure"])
            assert_near(row["quantity"], quantity, what)
            assert row["status"] == status, what


def assert_vetoes(chain: Chain, recomputed: independent.Recomputation) -> int:
    total = 0
    for period in RANGE:
        found = {
            (r["unit_code"], r["measure"], r["from_unit"]): (r["events"], r["cap"])
            for r in chain.table(period, "vetoes").iter_rows(named=True)
        }
        assert found == recomputed.vetoes(period)
        assert len(found) == chain.table(period, "vetoes").height
        total += len(found)
    return total


def test_every_score_rank_colour_and_change(computed: tuple[Chain, Any, Any, independent.Recomputation]) -> None:
    chain, _, _, recomputed = computed
    seen = assert_scores(chain, recomputed)
    wanted = ("measured", "partial", "carried_forward", "not_applicable", "missing", "changes of a year")
    assert all(seen[word] > 20 for word in (*wanted, *(colour for colour, _ in small_city.COLOURS))), seen
    assert seen["overall scores"] > len(RANGE) * len(small_city.UNITS) / 2


def test_every_value_numerator_and_denominator(computed: tuple[Chain, Any, Any, independent.Recomputation]) -> None:
    assert_values(computed[0], computed[3])


def test_every_measure(computed: tuple[Chain, Any, Any, independent.Recomputation]) -> None:
    assert_measures(computed[0], computed[3])


def test_every_veto(computed: tuple[Chain, Any, Any, independent.Recomputation]) -> None:
    assert assert_vetoes(computed[0], computed[3]) > 20


def test_with_many_gaps(many_gaps: tuple[Chain, Any]) -> None:
    recomputed = independent.Recomputation(many_gaps[0].returns)
    seen = assert_scores(many_gaps[0], recomputed)
    assert seen["missing"] > seen["measured"] / 2
    assert_values(many_gaps[0], recomputed)
    assert_measures(many_gaps[0], recomputed)
    assert_vetoes(many_gaps[0], recomputed)


def test_gate_b_passes_every_month(
    computed: tuple[Chain, Any, dict[str, GateResult], Any], many_gaps: tuple[Chain, dict[str, GateResult]]
) -> None:
    for gate in (computed[2], many_gaps[1]):
        assert sorted(gate) == RANGE
        for result in gate.values():
            assert len(result.findings) > 20
            assert result.passed, [f.check for f in result.findings if not f.passed]


def test_a_month_alone_is_the_month_in_a_range(
    computed: tuple[Chain, dict[str, bytes], Any, Any],
) -> None:
    """The first issue: the range computed the two months before it, the single run did not."""
    chain, alone, _, _ = computed
    assert "scores.parquet" in alone
    assert alone == chain.candidate_bytes(small_city.FIRST_ISSUE)


def test_the_order_of_rows_and_files_does_not_matter(
    many_gaps: tuple[Chain, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Also a month in the middle alone, in which the method changes, from an empty warehouse."""
    period = small_city.NEW_VERSION_FROM
    shuffled = landed_chain(tmp_path_factory.mktemp("shuffled"), many_gaps[0].returns, shuffled_by=3)
    shuffled.build(period, period)
    expected, found = many_gaps[0].candidate_bytes(period), shuffled.candidate_bytes(period)
    for name in NUMBERS:
        assert found[f"{name}.parquet"] == expected[f"{name}.parquet"], name


def test_a_change_of_method_holds_from_its_month_on(computed: tuple[Chain, Any, Any, Any]) -> None:
    chain = computed[0]
    before, after = (set(chain.table(p, "scores")["node_code"]) for p in ("2022-07", small_city.NEW_VERSION_FROM))
    assert before - after == {"C101"}
    assert after - before == {"C104"}
    versions = {p: chain.table(p, "framework")["version"].unique().to_list() for p in RANGE}
    expected = {p: ["2021-06"] if p < small_city.NEW_VERSION_FROM else [small_city.NEW_VERSION_FROM] for p in RANGE}
    assert versions == expected


def test_residents_of_a_split_unit_count_once(computed: tuple[Chain, Any, Any, Any]) -> None:
    chain = computed[0]

    def of(period: str, unit: str) -> int | None:
        rows = chain.table(period, "units").filter(pl.col("unit_code") == unit)["residents"].to_list()
        return rows[0] if rows else None

    assert of("2022-02", "900103003") is None
    assert of("2022-03", "900103002") is None
    assert of("2022-02", "900103") == 14_880 + 12_251
    assert of("2022-03", "900103") == 14_880 + 12_263


#: Gate B's test -> the fault that it must find: SQL with the month in the place of {month}.
CORRUPTIONS: Mapping[str, str] = {
    "scores_are_in_range": "update release.release_scores set score = 100.5 "
    "where node_code = 'A101' and score >= 0 and {one}",
    "coverage_is_sound": "update release.release_scores set coverage = 1.5 where node_code = 'A' and {one}",
    "score_agrees_with_status": "update release.release_scores set status = 'missing' "
    "where node_code = 'A201' and score >= 0 and {one}",
    "every_unit_and_node_is_present": "delete from release.release_scores where node_code = 'B104' and {one}",
    "upper_units_sum_their_members": "update indicators.measures set quantity = quantity + 1 "
    "where unit_code = '900000' and measure = 'calls' and {month}",
    "unique_grain_release_scores": "insert into release.release_scores "
    "select * from release.release_scores where node_code = 'C103' and {one}",
    "unique_grain_release_values": "insert into release.release_values "
    "select * from release.release_values where indicator_code = 'C103' and {one}",
    "unique_grain_release_measures": "insert into release.release_measures "
    "select * from release.release_measures where measure = 'calls' and {one}",
    "unique_grain_release_vetoes": "insert into release.release_vetoes "
    "select * from release.release_vetoes where {month}",
    "unique_grain_own_measures": "insert into indicators.own_measures "
    "select * from indicators.own_measures where measure = 'calls' and {month}",
    "unique_grain_measures": "insert into indicators.measures "
    "select * from indicators.measures where measure = 'calls' and unit_code != '900000' and {month}",
    "unique_grain_indicator_windows": "insert into indicators.indicator_windows "
    "select * from indicators.indicator_windows where indicator_code = 'A101' and {one}",
    "unique_grain_node_scores": "insert into indices.node_scores "
    "select * from indices.node_scores where node_code = 'C103' and {one}",
    "known_values_node_scores": "update indices.node_scores set status = 'fine' where {one}",
    "known_values_indicator_windows": "update indicators.indicator_windows set status = '' where {one}",
    "changes_come_apart": "update release.change_effects set value_effect = value_effect + 2e-9 "
    "where node_code = 'A' and indicator_code = 'A101' and member_code is null and {one}",
    "not_missing_own_measures": "update indicators.own_measures set quantity = null "
    "where measure = 'patrols' and unit_code = '900101001' and {month}",
    "not_missing_release_scores": "update release.release_scores set unit_level = null where node_code = 'B' and {one}",
}
#: Faults made for one test that another one finds as well: own records that are doubled or gone no longer add up.
ALSO_FOUND_BY = {
    "upper_units_sum_their_members": ("unique_grain_own_measures", "not_missing_own_measures"),
}
#: Faults of no month: they hold back all.
OF_EVERY_MONTH = {
    "effective_weights_sum_to_one": "update city.framework set effective_weight = 0.9 where code = 'A101'",
    "measures_match_the_framework": "delete from city.measures where measure = 'wells_checked'",
}


def corrupt(connection: duckdb.DuckDBPyConnection, statement: str, months: list[str]) -> str:
    """Put the fault into the first of the months that has such rows; answers the month."""
    for month in months:
        in_month = f"period = '{month}'"
        changed = connection.execute(statement.format(month=in_month, one=f"{in_month} and unit_code = '900101'"))
        count = changed.fetchone()
        if count and count[0]:
            return month
    raise AssertionError(f"no month has rows for: {statement}")


@pytest.fixture(scope="module")
def corrupted(
    computed: tuple[Chain, Any, Any, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, str], dict[str, GateResult]]:
    """A copy of the warehouse with one fault per test, each in its own month; gate B over it."""
    chain = computed[0].copied(tmp_path_factory.mktemp("corrupted"))
    months: dict[str, str] = {}
    with duckdb.connect(str(chain.state.warehouse)) as connection:
        for number, (test, statement) in enumerate(CORRUPTIONS.items()):
            months[test] = corrupt(connection, statement, RANGE[2 + number % 9 :])
        for statement in OF_EVERY_MONTH.values():
            connection.execute(statement)
    target = chain.state.dbt / "corrupted"
    run_dbt(chain.city, chain.state, ["test"], target)
    return months, model_gate(chain.state, target / "run_results.json", RANGE)


def failed(gate: GateResult, test: str) -> bool:
    return any(f.check.startswith(test) and not f.passed for f in gate.findings)


@pytest.mark.parametrize("test", sorted(CORRUPTIONS))
def test_gate_b_finds_the_month_of_a_fault(corrupted: tuple[dict[str, str], dict[str, GateResult]], test: str) -> None:
    months, gates = corrupted
    expected = {months[test]} | {months[other] for other in ALSO_FOUND_BY.get(test, ())}
    assert {month for month, gate in gates.items() if failed(gate, test)} == expected


@pytest.mark.parametrize("test", sorted(OF_EVERY_MONTH))
def test_gate_b_holds_back_every_month_for_a_fault_of_none(
    corrupted: tuple[dict[str, str], dict[str, GateResult]], test: str
) -> None:
    assert all(failed(gate, test) for gate in corrupted[1].values())


def test_every_test_of_gate_b_is_made_to_fail(corrupted: tuple[Any, dict[str, GateResult]]) -> None:
    """A new gate-B test comes with a fault that it finds; generic tests on further tables share one."""
    kinds = (*CORRUPTIONS, *OF_EVERY_MONTH, "unique_grain", "known_values", "not_missing")
    names = {finding.check for finding in corrupted[1][LAST].findings}
    assert len(names) > 20
    assert not [name for name in names if not name.startswith(kinds)]
