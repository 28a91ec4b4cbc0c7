"""`pingan audit` over Tianshui's issues: tables against independent recomputation, findings, page and command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from finished_run import FinishedRun
from scipy import stats

from city import StateFolder
from pipelines.command_line import cli
from publication.audit import Audit, AuditError, audit
from publication.audit_page import write_page
from publication.reading import read_issue_data

pytestmark = pytest.mark.end_to_end
PERIOD = "2023-01"


@pytest.fixture(scope="module")
def audited(tianshui_run: FinishedRun) -> Audit:
    return audit(tianshui_run.state, [PERIOD])


@pytest.fixture(scope="module")
def townships(tianshui_run: FinishedRun) -> pl.DataFrame:
    """Scores of the 123 townships, one column per node."""
    scores = read_issue_data(tianshui_run.state, PERIOD).table("scores").filter(unit_level="township")
    return scores.pivot(on="node_code", index="unit_code", values="score").sort("unit_code")


def test_every_indicator_and_node_has_its_row(audited: Audit) -> None:
    assert audited.tables["indicators"].height == 138
    assert audited.tables["nodes"].height == 42
    assert audited.units == 123
    assert audited.tables["correlations"].height == sum(
        n * (n - 1) // 2 for n in audited.tables["nodes"]["children"].to_list()
    )


def test_shares_at_the_ends_and_correlations_are_those_of_the_issue(audited: Audit, townships: pl.DataFrame) -> None:
    for row in audited.tables["indicators"].iter_rows(named=True):
        scores = townships[row["code"]].drop_nulls()
        assert row["at_ceiling"] == pytest.approx((scores > 100 - 1e-9).mean())
        assert row["at_floor"] == pytest.approx((scores < 1e-9).mean())
        both = townships.select(row["code"], row["parent"], "I").drop_nulls()
        if scores.n_unique() > 1:
            r = np.corrcoef(both[row["code"]], both[row["parent"]])[0, 1]
            assert row["r_parent"] == pytest.approx(r, abs=1e-9)
            assert row["r_overall"] == pytest.approx(np.corrcoef(both[row["code"]], both["I"])[0, 1], abs=1e-9)
        most = scores.round(12).value_counts()["count"].max() / scores.len()  # type: ignore[operator]
        assert row["discriminates"] == (max(most, row["at_ceiling"], row["at_floor"]) < 0.75)


def test_values_are_described_as_scipy_describes_them(audited: Audit, tianshui_run: FinishedRun) -> None:
    values = (
        read_issue_data(tianshui_run.state, PERIOD).table("values").filter(pl.col("unit_code").str.len_chars() == 9)
    )
    for row in audited.tables["indicators"].iter_rows(named=True):
        own = values.filter(indicator_code=row["code"])
        x = own["value"].drop_nulls().to_numpy()
        assert row["unit_months"] == own.filter(pl.col("status") != "not_applicable").height
        assert row["zeros"] == pytest.approx((x == 0).mean())
        if x.min() < x.max():
            assert row["skewness"] == pytest.approx(stats.skew(x, bias=False), abs=1e-9)
            assert row["kurtosis"] == pytest.approx(stats.kurtosis(x, bias=False), abs=1e-9)
            assert (row["treatment"] != "none") == (abs(row["skewness"]) > 2 and row["kurtosis"] > 3.5)


def test_weights_importance_and_variance_shares_are_shares_among_siblings(audited: Audit) -> None:
    rows = audited.tables["indicators"]
    sums = rows.group_by("parent").agg(pl.col("nominal_weight", "importance").sum())
    assert sums["nominal_weight"].to_numpy() == pytest.approx(1)
    assert sums["importance"].to_numpy() == pytest.approx(1)
    # where every unit has every child, the parent is the weighted sum and the variance shares sum to one
    whole = audited.tables["nodes"].filter(pl.col("complete_rows") == 123)
    below = rows.filter(pl.col("parent").is_in(whole["code"].implode()))
    shares = below.group_by("parent").agg(pl.col("variance_share").sum())
    assert shares.height > 10
    assert shares["variance_share"].to_numpy() == pytest.approx(1, abs=1e-9)


def test_the_audit_says_that_the_simulated_index_bunches_and_which_indicators_no_longer_discriminate(
    audited: Audit, townships: pl.DataFrame
) -> None:
    first, *others = audited.findings
    assert first.key == "bunched"
    low, high = np.percentile(townships["I"], [25, 75])
    assert (first.fields["p25"], first.fields["p75"]) == (f"{low:.1f}", f"{high:.1f}")
    ceiling = next(finding for finding in others if finding.key == "ceiling")
    assert set(ceiling.nodes) == set(audited.tables["indicators"].filter(pl.col("at_ceiling") >= 0.75)["code"])
    assert len(ceiling.nodes) > 10


def test_every_point_of_a_treatment_is_recorded(audited: Audit) -> None:
    points = audited.tables["treatment"]
    treated = audited.tables["indicators"].filter(pl.col("treatment") != "none")
    assert set(points["indicator_code"]) == set(treated["code"])
    assert (points["before"] != points["after"]).all()
    assert set(points["by"]) <= {"winsorised", "logarithm"}


def test_months_of_another_method_are_refused(tianshui_run: FinishedRun, tmp_path: Path) -> None:
    """Two issues whose frameworks differ in one weight."""
    import shutil

    state = StateFolder(tmp_path, tianshui_run.state.city_key)
    for period in ("2022-12", PERIOD):
        shutil.copytree(tianshui_run.state.issues / period, state.issues / period)
    shutil.copy(tianshui_run.state.issues / "index.json", state.issues / "index.json")
    path = read_issue_data(state, "2022-12").folder / "framework.parquet"
    table = pl.read_parquet(path)
    table.with_columns(weight=pl.when(code="I01").then(15.0).otherwise("weight")).write_parquet(path)
    with pytest.raises(AuditError, match="2022-12 and 2023-01 were computed by different methods"):
        audit(state, ["2022-12", PERIOD])


def test_the_page_is_whole_offline_and_the_same_again(
    audited: Audit, tianshui_run: FinishedRun, tmp_path: Path
) -> None:
    page = write_page(audited, tianshui_run.city, tmp_path).read_text(encoding="utf-8")
    assert page == write_page(audited, tianshui_run.city, tmp_path / "again").read_text(encoding="utf-8")
    assert tianshui_run.city.settings["notice_zh"] in page
    assert tianshui_run.city.settings["notice_en"] in page
    assert "://" not in page
    assert "<script" not in page
    assert "总分扎堆" in page
    assert "Overall scores bunch" in page
    assert all(code in page for code in audited.tables["indicators"]["code"])


def test_the_command_writes_tables_and_page(
    tianshui_run: FinishedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINGAN_HOME", str(tianshui_run.where.home))
    result = CliRunner().invoke(cli, ["audit", "--months", "2022-12..2023-01", "--all", "--to", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "246 unit-months" in result.stdout
    assert "138 indicators" in result.stderr
    names = {"indicators", "nodes", "correlations", "treatment"}
    assert {p.name for p in tmp_path.iterdir()} == {f"{n}.{e}" for n in names for e in ("csv", "parquet")} | {
        "audit.html"
    }
    for name in names:
        assert pl.read_csv(tmp_path / f"{name}.csv").height == pl.read_parquet(tmp_path / f"{name}.parquet").height
    assert CliRunner().invoke(cli, ["audit", "--months", "2031-01"]).exit_code == 1
