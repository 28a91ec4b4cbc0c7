"""The robustness tables of an issue, made again from its other tables; Tianshui's issues of the shared run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pytest
from finished_run import FinishedRun

from city import City
from methods.robustness import RobustnessError
from publication.reading import read_issue_data
from warehouse.robustness import BASE, MADE_FROM, SEED, TABLES, WEIGHTS_SHARE, robustness_tables

pytestmark = pytest.mark.end_to_end
PERIOD = "2023-01"


@pytest.fixture(scope="module")
def issue(tianshui_run: FinishedRun) -> dict[str, pl.DataFrame]:
    published = read_issue_data(tianshui_run.state, PERIOD)
    return {name: published.table(name) for name in (*MADE_FROM, *TABLES)}


@pytest.fixture(scope="module")
def city(tianshui_run: FinishedRun) -> City:
    return tianshui_run.city


@pytest.fixture(scope="module")
def made(issue: Mapping[str, pl.DataFrame], city: City) -> dict[str, pl.DataFrame]:
    return robustness_tables(city, issue, PERIOD)


def test_the_issue_holds_what_its_other_tables_give(
    issue: Mapping[str, pl.DataFrame], made: Mapping[str, pl.DataFrame]
) -> None:
    keys = {"robustness": ["unit_code"], "robustness_colours": ["unit_code", "colour"]}
    for name in TABLES:
        by = keys.get(name, ["assumption"])
        assert issue[name].sort(by).equals(made[name].sort(by)), name


def test_every_unit_has_its_row_and_its_published_rank(issue: Mapping[str, pl.DataFrame]) -> None:
    overall = issue["scores"].filter(node_level=0)
    both = overall.join(issue["robustness"], on=["unit_code", "unit_level"], suffix="_here")
    assert both.height == overall.height == issue["robustness"].height
    assert (both["rank"] == both["rank_here"]).all()
    assert (both["rank_p05"] <= both["median_rank"]).all()
    assert (both["median_rank"] <= both["rank_p95"]).all()
    units = dict(both.group_by("unit_level").len().iter_rows())
    assert (both["ties"] < both["unit_level"].replace_strict(units)).all()


def test_shares_of_colours_sum_to_one_and_keep_their_meaning(issue: Mapping[str, pl.DataFrame]) -> None:
    shares = issue["robustness_colours"]
    assert shares.group_by("unit_code").agg(pl.col("share").sum())["share"].to_numpy() == pytest.approx(1, abs=1e-8)
    published = issue["scores"].filter(node_level=0).select("unit_code", "colour")
    # alternatives on another scale would make nearly every unit red
    assert shares.join(published, on=["unit_code", "colour"])["share"].mean() > 0.5


def test_a_veto_caps_colours_in_every_run(issue: Mapping[str, pl.DataFrame]) -> None:
    capped = issue["vetoes"].filter(cap="orange")["unit_code"].unique()
    assert len(capped)
    above = issue["robustness_colours"].filter(
        pl.col("unit_code").is_in(capped.implode()) & pl.col("colour").is_in(["green", "blue"])
    )
    assert above["share"].to_list() == [0.0] * 2 * len(capped)


def test_each_assumption_says_its_runs_and_that_it_was_varied(issue: Mapping[str, pl.DataFrame]) -> None:
    rows = issue["robustness_sensitivity"]
    assert rows["assumption"].sort().to_list() == ["aggregation", "left_out", "scoring", "weights"]
    assert rows["runs"].to_list() == [BASE * 6] * 4
    assert rows["seed"].to_list() == [SEED] * 4
    assert rows["weights_share"].to_list() == [WEIGHTS_SHARE] * 4
    assert rows["problem"].is_null().all()
    assert (rows["options"] > 1).all()
    assert rows.filter(assumption="scoring")["indicators_varied"].item() > 100
    assert (rows["total_order_p05"] <= rows["total_order"]).all()
    assert (rows["total_order"] <= rows["total_order_p95"]).all()


def test_rows_in_another_order_give_the_same_tables(issue: Mapping[str, pl.DataFrame], city: City) -> None:
    shuffled = {name: issue[name].sample(fraction=1, shuffle=True, seed=4) for name in MADE_FROM}
    one, other = (robustness_tables(city, tables, PERIOD, base=20) for tables in (issue, shuffled))
    assert all(one[name].equals(other[name]) for name in TABLES)


def test_numbers_of_another_method_are_refused(issue: Mapping[str, pl.DataFrame], city: City) -> None:
    scores = issue["scores"].with_columns(score=pl.when(node_level=0).then(pl.col("score") + 1e-6).otherwise("score"))
    with pytest.raises(RobustnessError, match="materialize the month again"):
        robustness_tables(city, {**issue, "scores": scores}, PERIOD, base=2)


def test_an_assumption_that_cannot_be_varied_is_said_so_and_the_others_are_studied(
    issue: Mapping[str, pl.DataFrame], city: City
) -> None:
    rows = robustness_tables(city, issue, PERIOD, base=20, weights_share=0.0)["robustness_sensitivity"]
    weights = rows.filter(assumption="weights").row(0, named=True)
    assert "share is 0" in weights["problem"]
    assert weights["total_order"] is None
    others = rows.filter(pl.col("assumption") != "weights")
    assert others["problem"].is_null().all()
    assert others["total_order"].is_not_null().all()


def test_a_unit_without_a_score_has_a_row_without_ranks(issue: Mapping[str, pl.DataFrame], city: City) -> None:
    gone = "620502001"
    values = issue["values"].with_columns(
        score=pl.when(unit_code=gone).then(None).otherwise("score"),
        status=pl.when(unit_code=gone).then(pl.lit("missing")).otherwise("status"),
    )
    scores = issue["scores"].with_columns(score=pl.when(unit_code=gone).then(None).otherwise("score"))
    found = robustness_tables(city, {**issue, "values": values, "scores": scores}, PERIOD, base=20)
    row = found["robustness"].filter(unit_code=gone).row(0, named=True)
    assert [row[name] for name in ("rank", "median_rank", "rank_p05", "rank_p95", "ties")] == [None] * 5
    assert found["robustness_colours"].filter(unit_code=gone).is_empty()
    assert np.isfinite(found["robustness"]["median_rank"].drop_nulls().to_numpy()).all()
    assert found["robustness"]["median_rank"].null_count() == 1
