"""The benchmark prints no time for results that are wrong: its check can fail, and reaches every branch."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from click.testing import CliRunner

import benchmarks.__main__ as benchmark
from benchmarks.agreement import DisagreementError, check_agreement
from benchmarks.generated_city import MISSING, STATUSES, GeneratedCity, generate_city
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


def _computed(compiled: Compiled, case: GeneratedCity) -> NodeScores:
    warehouse = IndexWarehouse(compiled, case)
    try:
        warehouse.run()
        return warehouse.results(case)
    finally:
        warehouse.close()


def _with_sql(compiled: Compiled, old: str, new: str) -> Compiled:
    assert any(old in model.sql for model in compiled.models), f"the SQL no longer holds {old!r}"
    return dataclasses.replace(
        compiled, models=tuple(dataclasses.replace(m, sql=m.sql.replace(old, new)) for m in compiled.models)
    )


def test_the_compiled_sql_agrees_with_numpy(compiled: Compiled, case: GeneratedCity, oracle: NodeScores) -> None:
    check_agreement(case, _computed(compiled, case), oracle)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("children.weight * children.score", "children.weight * children.score * 1.00000001", "score of"),
        ("'carried_forward')", "'carried_forward', 'missing')", "status of"),
        ("/ rolled.leaf_weight_applicable", "/ (rolled.leaf_weight_applicable + 1e-7)", "coverage of|score of"),
        ("60 + 40 *", "60 + 40.0000001 *", "score of"),
    ],
)
def test_a_fault_put_into_the_sql_is_found(
    compiled: Compiled, case: GeneratedCity, oracle: NodeScores, old: str, new: str, what: str
) -> None:
    found = _computed(_with_sql(compiled, old, new), case)
    with pytest.raises(DisagreementError, match=what):
        check_agreement(case, found, oracle)


def test_a_row_that_duckdb_lacks_is_found(compiled: Compiled, case: GeneratedCity) -> None:
    fewer = _with_sql(compiled, "where level = 0 and scoring = ''", "where level = 0 and scoring = 'none'")
    with pytest.raises(ValueError, match="rows where nodes"):
        _computed(fewer, case)


def test_no_time_is_printed_when_results_differ(compiled: Compiled, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = _with_sql(compiled, "children.weight * children.score", "children.weight * children.score + 1e-6")
    monkeypatch.setattr(benchmark, "compile_models", lambda: wrong)
    done = CliRunner().invoke(benchmark.main, ["--units", "20", "--months", "1", "--repeat", "1"])
    assert done.exit_code == 1
    assert "no times, because the results differ: score of" in done.output
    assert "numpy s" not in done.output


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
