"""Gate C: each check passes on a good month, fails on a month with its fault, and names the rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from scipy.stats import spearmanr
from small_candidate import RULES, small_city, small_tables, write_candidate

from gates.checks import DEFAULT_SCORED_SHARE
from gates.release import evaluate_release_gate
from gates.report import render_gate_page
from gates.result import Finding, GateResult
from gates.tables import rank_moves, score_ranges
from gates.wording import WORDING

MONTH = "2022-02"


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_candidate(tmp_path_factory.mktemp("before") / "2022-01", "2022-01")


def judged(
    folder: Path, previous: Path | None, rules: dict[str, Any] | None = None, **changed: pl.DataFrame
) -> GateResult:
    return evaluate_release_gate(write_candidate(folder, MONTH, **changed), small_city(rules), previous)


def failed(result: GateResult) -> dict[str, Finding]:
    return {finding.check: finding for finding in (*result.failures, *result.warnings)}


def at(unit: str, node: str) -> pl.Expr:
    return (pl.col("unit_code") == unit) & (pl.col("node_code") == node)


def at_lowest(node: str) -> pl.Expr:
    return (pl.col("unit_level") == "township") & (pl.col("node_code") == node)


def scores(*where: tuple[pl.Expr, str, Any]) -> pl.DataFrame:
    table = small_tables(MONTH)["scores"]
    for condition, column, value in where:
        table = table.with_columns(pl.when(condition).then(pl.lit(value)).otherwise(column).alias(column))
    return table


def test_a_good_month_passes_and_makes_every_check(tmp_path: Path, before: Path) -> None:
    result = judged(tmp_path, before)
    assert result.passed, result.screen()
    assert {finding.check for finding in result.findings} == set(WORDING)
    assert all(finding.applicable for finding in result.findings)
    assert result.compared_with == "2022-01"


def test_the_first_issue_has_nothing_to_compare_with_and_says_so(tmp_path: Path) -> None:
    result = judged(tmp_path, None)
    left_out = {f.check: f.not_applicable_en for f in result.findings if not f.applicable}
    assert result.passed
    assert set(left_out) == {"largest_change", "rank_correlation"}
    assert all("month before" in reason for reason in left_out.values())


TOWNSHIPS = ("99011", "99012", "99013", "99024", "99025", "99026")
OVERALL = pl.col("node_code") == "Z"
FAULTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # check: (changed tables, the first failing row)
    "complete": ({"scores": scores().filter(~at("9902", "I2"))}, {"unit": "9902", "node": "I2", "value": 0}),
    "rows_per_level": (
        {"scores": scores().filter(~at("9902", "I2"))},
        {"unit": "county", "node": "level 3", "value": "7 (expected 8)"},
    ),
    "scores_unique": (
        {"scores": pl.concat([scores(), scores().filter(at("9901", "S1"))])},
        {"unit": "9901", "node": "S1"},
    ),
    "values_unique": (
        {"values": pl.concat([small_tables(MONTH)["values"], small_tables(MONTH)["values"].head(1)])},
        {"unit": "9900", "node": "I1"},
    ),
    "measures_unique": (
        {"measures": pl.concat([small_tables(MONTH)["measures"], small_tables(MONTH)["measures"].tail(1)])},
        {"unit": "99026", "node": "n"},
    ),
    "keys_known": ({"scores": scores((at("9902", "I2"), "unit_code", "9999"))}, {"unit": "9999", "node": "I2"}),
    "one_month": (
        {"scores": scores((at("9902", "I2"), "period", "2022-03"))},
        {"unit": "9902", "node": "I2", "value": "2022-03"},
    ),
    "scores_in_range": (
        {"scores": scores((at("99013", "I3"), "score", 100.5))},
        {"unit": "99013", "node": "I3", "value": 100.5},
    ),
    "coverage_in_range": (
        {"scores": scores((at("99013", "F1"), "coverage", 1.2))},
        {"unit": "99013", "node": "F1", "value": 1.2},
    ),
    "scores_status": (
        {"scores": scores((at("99013", "I3"), "status", "guessed"))},
        {"unit": "99013", "node": "I3", "value": "guessed"},
    ),
    "values_status": (
        {"values": small_tables(MONTH)["values"].with_columns(status=pl.lit(None, pl.String))},
        {"unit": "9900", "node": "I1", "value": "(none)"},
    ),
    "score_as_status_says": (
        {"scores": scores((at("99013", "I3"), "status", "missing"))},
        {"unit": "99013", "node": "I3"},
    ),
    "colours_known": (
        {"scores": scores((at("99013", "I3"), "colour", "purple"))},
        {"unit": "99013", "node": "I3", "value": "purple"},
    ),
    "coverage": (
        {"scores": scores((at("9901", "Z"), "coverage", 0.79))},
        {"unit": "9901", "node": "Z", "value": "79.0%"},
    ),
    "scored_share": (
        {"scores": scores((at("99012", "Z"), "score", None), (at("99012", "Z"), "colour", None),
                          (at("99012", "Z"), "status", "missing"))},
        {"unit": "99012", "node": "Z"},
    ),
    "largest_change": ({"scores": scores((at("99026", "Z"), "score", 61.0))}, {"unit": "99026", "node": "Z"}),
    "rank_correlation": (
        {
            "scores": scores(
                *((at(unit, "Z"), "score", 99.0 - i * 4) for i, unit in enumerate(TOWNSHIPS))
            )
        },
        {"unit": "99011", "node": "Z", "value": "第 6 → 第 1 名"},
    ),
    "departments_reporting": (
        {
            "feeds": small_tables(MONTH)["feeds"].with_columns(
                reported=~pl.col("department").is_in(["D2", "D3"])
            )
        },
        {"unit": "fire", "unit_name": "fire局", "node": "cases"},
    ),
    "red_share": (
        {"scores": scores((OVERALL & pl.col("unit_code").is_in(TOWNSHIPS[:4]), "colour", "red"))},
        {"unit": "99011", "node": "Z"},
    ),
    "indicators_vary": (
        {"scores": scores((at_lowest("I3"), "score", 75.0))},
        {"unit": "", "node": "I3", "node_name": "指标I3", "value": "75.0 × 6"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("check", sorted(FAULTS))
def test_each_check_fails_on_its_fault_and_names_the_rows(check: str, tmp_path: Path, before: Path) -> None:
    changed, row = FAULTS[check]
    found = failed(judged(tmp_path, before, **changed))
    assert check in found, f"only {sorted(found)} failed"
    finding = found[check]
    assert finding.rows_total >= 1
    assert {key: finding.rows[0].get(key) for key in row} == row
    assert finding.remedy_zh
    assert finding.remedy_en
    assert finding.observed != finding.expected


def test_every_check_has_a_fault_that_fails_it() -> None:
    assert set(FAULTS) | {"tables_present"} == set(WORDING)


def test_indicators_that_are_the_same_everywhere_are_listed_and_hold_nothing_back(tmp_path: Path, before: Path) -> None:
    """Last bits do not tell units apart, nor does a unit without a score; counties' scores are another matter. A month
    in which nothing happened that is not tolerated (I2) is no reason to warn.
    """
    alone = at_lowest("I4") & (pl.col("unit_code") != "99011")
    changed = scores(
        (at_lowest("I1"), "score", 60.0),
        (at("99012", "I1"), "score", 60.0 + 4e-10),
        (at("99013", "I1"), "score", None),
        (at("99013", "I1"), "status", "missing"),
        (at_lowest("I2"), "score", 100.0),
        (at_lowest("I3"), "score", 75.0),
        (at("99024", "I3"), "score", 75.001),
        *((alone, column, value) for column, value in (("score", None), ("status", "not_applicable"))),
    )
    result = judged(tmp_path, before, scores=changed)
    assert result.passed
    assert not result.failures
    (finding,) = result.warnings
    assert (finding.check, [row["node"] for row in finding.rows]) == ("indicators_vary", ["I1"])
    assert finding.observed == "1 / 2 项各单位相同 the same everywhere: I1"
    assert "passed with 1 warnings" in result.screen()
    page = render_gate_page(result, tmp_path, small_city())
    assert "! 提醒" in page
    assert "1 项提醒" in page
    assert "✗" not in page


def test_a_missing_table_or_column_is_the_only_finding(tmp_path: Path, before: Path) -> None:
    folder = write_candidate(tmp_path, MONTH, scores=scores().drop("rank"))
    (folder / "vetoes.parquet").unlink()
    (finding,) = evaluate_release_gate(folder, small_city(), before).findings
    assert (finding.check, finding.passed) == ("tables_present", False)
    assert {(row["unit"], row["node"]) for row in finding.rows} == {("scores", "rank"), ("vetoes", "")}


def test_nan_is_not_a_score(tmp_path: Path, before: Path) -> None:
    result = judged(tmp_path, before, scores=scores((at("99013", "I3"), "score", float("nan"))))
    assert set(failed(result)) == {"score_as_status_says"}


def test_a_scored_overall_index_needs_a_colour_but_an_indicator_does_not(tmp_path: Path, before: Path) -> None:
    fine = judged(tmp_path / "a", before, scores=scores((at("99013", "I3"), "colour", None)))
    wrong = judged(tmp_path / "b", before, scores=scores((at("99013", "Z"), "colour", None)))
    assert fine.passed
    assert failed(wrong)["colours_known"].rows[0]["value"] == "(none)"


def test_thresholds_that_rules_do_not_name_are_not_asked(tmp_path: Path, before: Path) -> None:
    changed = {
        "scores": scores((at("9901", "Z"), "coverage", 0.1), (at("99026", "Z"), "score", 1.0)),
        "feeds": small_tables(MONTH)["feeds"].with_columns(reported=False),
    }
    result = judged(tmp_path, before, {**RULES, "gate": {}}, **changed)
    left_out = {finding.check for finding in result.findings if not finding.applicable}
    assert left_out == {
        "coverage",
        "largest_change",
        "rank_correlation",
        "departments_reporting",
        "red_share",
    }
    assert result.passed


def test_the_share_of_scored_units_is_asked_even_where_rules_are_silent(tmp_path: Path) -> None:
    gone = [(OVERALL & (pl.col("unit_code") == "99011"), c, v)
            for c, v in (("score", None), ("colour", None), ("status", "missing"))]  # fmt: skip
    result = judged(tmp_path, None, {**RULES, "gate": {}}, scores=scores(*gone))
    assert failed(result)["scored_share"].expected == f"≥ {DEFAULT_SCORED_SHARE:.0%}"
    lenient = judged(tmp_path, None, {**RULES, "gate": {"scored_share": 0.8}}, scores=scores(*gone))
    assert lenient.passed


def test_thresholds_are_met_when_equal(tmp_path: Path, before: Path) -> None:
    limits = {"coverage": 0.95, "largest_change": 0.25, "rank_correlation": 1.0, "departments_reporting": 1.0}
    result = judged(tmp_path, before, {**RULES, "gate": limits})
    assert result.passed, result.screen()


def test_rank_correlation_is_spearmans() -> None:
    now = [90.0, 80.0, 80.0, 71.5, 60.0, None, 55.0]
    then = [70.0, 88.0, 61.0, 61.0, 95.0, 50.0, None]
    units = [str(i) for i in range(7)]
    correlation, _ = rank_moves(pl.DataFrame({"unit": units, "score": now, "before": then}))
    assert correlation == pytest.approx(spearmanr(now[:5], then[:5]).statistic, abs=1e-12)


def test_no_rank_correlation_without_an_order() -> None:
    flat = pl.DataFrame({"unit": ["a", "b", "c"], "score": [80.0] * 3, "before": [1.0, 2.0, 3.0]})
    assert rank_moves(flat)[0] is None
    assert rank_moves(flat.head(2).with_columns(score=pl.col("before")))[0] is None


def test_ranges_follow_the_scoring_kind_and_spread_upwards() -> None:
    rows = [
        ("Z", "", "", "{}"),
        ("A", "Z", "", "{}"),
        ("B", "Z", "", "{}"),
        ("a1", "A", "goalpost", "{}"),
        ("a2", "A", "minmax", '{"L": 1, "U": 7, "clip": true}'),
        ("b1", "B", "zscore", '{"m": 100, "s": 10}'),
        ("b2", "B", "percentile_rank", '{"factor": 10}'),
        ("b3", "B", "minmax", '{"L": 1, "U": 7}'),
    ]
    framework = pl.DataFrame(rows, schema=["code", "parent", "scoring", "params"], orient="row")
    ranges = score_ranges(framework)
    assert ranges["a2"] == (1.0, 7.0)
    assert ranges["A"] == (0.0, 100.0)
    assert ranges["b2"] == (0.0, 10.0)
    assert [ranges[code] for code in ("b1", "b3", "B", "Z")] == [None] * 4


def test_the_same_month_gives_the_same_result_and_survives_json(tmp_path: Path, before: Path) -> None:
    changed, _ = FAULTS["largest_change"]
    first, second = judged(tmp_path, before, **changed), judged(tmp_path, before, **changed)
    assert first.to_dict() == second.to_dict()
    text = json.dumps(first.to_dict(), allow_nan=False)
    assert GateResult.from_dict(json.loads(text)).to_dict() == first.to_dict()
    assert first.gx_result["scores"]["success"] is True
    assert first.gx_result["overall"]["success"] is False
    # which rows is kept of the table in which some fail
    failed = [one for one in first.gx_result["overall"]["results"] if not one["success"]]
    assert [one["result"]["unexpected_index_list"] for one in failed] != [[]]
    assert not any(one["result"] for one in first.gx_result["scores"]["results"])


def test_the_screen_names_check_rows_and_remedy(tmp_path: Path, before: Path) -> None:
    changed, _ = FAULTS["largest_change"]
    screen = judged(tmp_path, before, **changed).screen()
    for expected in ("largest_change", "99026 单位99026", "≤ 25", WORDING["largest_change"].remedy_zh):
        assert expected in screen
    assert len(screen.splitlines()) <= 40
