"""The benchmark prints no time for results that are wrong: its check can fail, and reaches every branch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from click.testing import CliRunner

import benchmarks.__main__ as benchmark
import benchmarks.library_index
import warehouse.index_scores
from benchmarks.agreement import DisagreementError, check_agreement
from benchmarks.generated_city import MISSING, STATUSES, GeneratedCity, generate_city
from benchmarks.library_index import LibraryIndex
from benchmarks.measuring import Measured, Time
from benchmarks.monte_carlo import check_study, generate_study, run_study
from benchmarks.numpy_index import NodeScores, compute, lay_out
from benchmarks.warehouse_index import Compiled, IndexWarehouse, compile_models


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return compile_models()


@pytest.fixture(scope="module")
def case() -> GeneratedCity:
    return generate_city(40, 2)


@pytest.fixture(scope="module")
def oracle(case: GeneratedCity) -> NodeScores:
    return compute(lay_out(case))


def _month(scores: NodeScores, month: int) -> NodeScores:
    part = slice(month, month + 1)
    return NodeScores(scores.score[:, part], scores.coverage[:, part], scores.status[:, part])


def _check(case: GeneratedCity, months: list[NodeScores], oracle: NodeScores) -> None:
    assert len(months) == len(case.periods)
    for month, results in enumerate(months):
        check_agreement(case.month(month), results, _month(oracle, month))


def test_arrays_agree_with_numpy(case: GeneratedCity, oracle: NodeScores) -> None:
    _check(case, list(LibraryIndex(case).months()), oracle)


def test_the_warehouse_agrees_with_numpy(compiled: Compiled, case: GeneratedCity, oracle: NodeScores) -> None:
    stored = IndexWarehouse(compiled, case)
    try:
        stored.run()
        check_agreement(case, stored.results(case), oracle)
        stored.connection.execute(f"delete from {stored.compiled.relations[1]} where node_level = 0")
        with pytest.raises(ValueError, match="rows where nodes"):
            stored.results(case)
    finally:
        stored.close()


def _scores(results: NodeScores) -> None:
    results.score[0, 0, 3] += 1e-8


def _coverage(results: NodeScores) -> None:
    results.coverage[5, 0, 0] += 1e-8


def _status(results: NodeScores) -> None:
    results.status[7, 0, 2] = (results.status[7, 0, 2] + 1) % len(STATUSES)


def _absent(results: NodeScores) -> None:
    results.score[np.nonzero(~np.isnan(results.score))[0][0], :, :] = np.nan


@pytest.mark.parametrize(
    ("fault", "what"),
    [(_scores, "score of"), (_coverage, "coverage of"), (_status, "status of"), (_absent, "score of")],
)
def test_a_fault_in_the_results_is_found(
    case: GeneratedCity, oracle: NodeScores, fault: Callable[[NodeScores], None], what: str
) -> None:
    months = list(LibraryIndex(case).months())
    fault(months[1])
    with pytest.raises(DisagreementError, match=what):
        _check(case, months, oracle)


def test_no_time_is_printed_when_results_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    right = benchmarks.library_index.LibraryIndex.months

    def wrong(self: LibraryIndex) -> Iterator[NodeScores]:
        for results in right(self):
            results.score[0] += 1e-6
            yield results

    monkeypatch.setattr(LibraryIndex, "months", wrong)
    words = ["--units", "20", "--months", "1", "--repeat", "1", "--no-warehouse"]
    done = CliRunner().invoke(benchmark.main, words)
    assert done.exit_code == 1
    assert "no times, because the results differ: score of" in done.output
    assert "numpy s" not in done.output


def test_times_are_printed_when_results_agree() -> None:
    words = ["--units", "20", "--months", "1", "--repeat", "1", "--no-warehouse"]
    done = CliRunner().invoke(benchmark.main, words)
    assert done.exit_code == 0, done.output
    assert "20 × 138 × 1" in done.output


def test_the_study_is_checked_run_by_run() -> None:
    study = generate_study()
    answer = run_study(study)
    check_study(study, answer)
    answer[-1, 50] += 1e-6
    with pytest.raises(AssertionError, match="run 599, unit 50"):
        check_study(study, answer)


def _measured(units: int, months: int, seconds: float) -> Measured:
    alone = Time(0.19 * months, 0.19 * months)
    return Measured(units, months, 138, Time(seconds, seconds), 100 * 2**20, Time(seconds, seconds), alone)


def test_growth_and_goals_are_judged() -> None:
    text = benchmark.report([_measured(4000, 1, 0.02), _measured(40_000, 1, 0.19), _measured(40_000, 12, 5.0)], 5, 0.4)
    assert "10 times the size, 9.5 times the CPU time: no faster than linear" in text
    assert "12 times the size, 26.3 times the CPU time of a month: FASTER THAN LINEAR" in text
    assert "time met, 1 GiB met" in text
    assert "time missed 1.2-fold, 4 GiB met" in text
    assert "time missed 1.3-fold" in text


def test_values_that_lack_a_row_are_refused(compiled: Compiled, case: GeneratedCity) -> None:
    stored = IndexWarehouse(compiled, case)
    try:
        unit, code = case.city.units[7].code, case.indicators[3].code
        stored.connection.execute(
            f"delete from {stored.compiled.values_relation} "
            f"where unit_code = '{unit}' and indicator_code = '{code}' and period = '{case.periods[1]}'"
        )
        with pytest.raises(Exception, match=f"no row of {code} for {unit} in {case.periods[1]}"):
            stored.run()
    finally:
        stored.close()


def test_memory_stays_bounded_month_by_month(
    compiled: Compiled, case: GeneratedCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read month by month or together: the same rows."""
    found = []
    for at_once in (1, 10**9):
        monkeypatch.setattr(warehouse.index_scores, "_VALUES_AT_ONCE", at_once)
        stored = IndexWarehouse(compiled, case)
        stored.run()
        query = f"select * from {compiled.relations[1]} order by all"
        found.append(stored.connection.execute(query).fetchall())
        stored.close()
    assert found[0] == found[1]


def test_generated_values_reach_every_branch(case: GeneratedCity, oracle: NodeScores) -> None:
    levels = np.array([node.level for node in case.nodes])
    assert set(np.unique(case.status)) == set(range(len(STATUSES)))
    leaves = oracle.score[levels == 3]
    assert (leaves == 0).any()
    assert (leaves == 100).any()
    for level in (0, 1, 2):
        assert (oracle.status[levels == level] == MISSING).any(), f"no node of level {level} is under the minimum"
    upper = [i for i, unit in enumerate(case.city.units) if unit.level != case.city.levels[-1]]
    assert case.numerator_of_upper_units[:, :, upper].any()
