"""The public set of a finished Tianshui issue, attacked: nothing withheld can be subtracted out of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from finished_run import FinishedRun

from publication.public_set import PublicSetError, export_public
from publication.reading import read_issue_data

pytestmark = pytest.mark.end_to_end
PERIOD, BEFORE = "2023-01", "2022-12"


@pytest.fixture(scope="module")
def public(tianshui_run: FinishedRun, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("public")
    return {
        period: export_public(read_issue_data(tianshui_run.state, period), tianshui_run.city, folder / period).folder
        for period in (BEFORE, PERIOD)
    }


def test_no_count_under_five_is_told(public: dict[str, Path], tianshui_run: FinishedRun) -> None:
    disclosure = {m.name: m.disclosure for m in tianshui_run.city.measures}
    told = pl.read_parquet(public[PERIOD] / "measures.parquet").filter(pl.col("measure") != "residents")
    told = told.with_columns(disclosure=pl.col("measure").replace_strict(disclosure))
    assert told.filter((pl.col("quantity") < 5) & (pl.col("disclosure") != "open")).is_empty()
    assert told.filter(pl.col("quantity").is_not_null() & (pl.col("disclosure") == "sensitive")).is_empty()
    assert told.filter(pl.col("quantity").is_not_null()).height > 5000, "a set that tells nothing proves nothing"


def test_no_county_gives_a_withheld_town_back(public: dict[str, Path]) -> None:
    units = pl.read_parquet(public[PERIOD] / "units.parquet").select("unit_code", "parent")
    cells = pl.read_parquet(public[PERIOD] / "measures.parquet").join(units, on="unit_code")
    hidden = pl.col("withheld") != ""
    groups = cells.filter(pl.col("parent") != "").group_by("parent", "measure").agg(hidden=hidden.sum())
    totals = cells.select(pl.col("unit_code").alias("parent"), "measure", total="quantity")
    uncovered = groups.join(totals, on=["parent", "measure"]).filter(
        pl.col("total").is_not_null() & (pl.col("hidden") == 1)
    )
    assert uncovered.is_empty()


def test_no_node_gives_a_withheld_child_back(public: dict[str, Path]) -> None:
    framework = pl.read_parquet(public[PERIOD] / "framework.parquet").select(node_code="code", parent="parent")
    scores = pl.read_parquet(public[PERIOD] / "scores.parquet").join(framework, on="node_code")
    children = scores.group_by("unit_code", "parent").agg(hidden=(pl.col("withheld") != "").sum())
    nodes = scores.select("unit_code", pl.col("node_code").alias("parent"), "score")
    told = children.join(nodes, on=["unit_code", "parent"]).filter(pl.col("score").is_not_null())
    assert told.filter(pl.col("hidden") == 1).is_empty()
    assert scores.filter(pl.col("rounded") & (pl.col("score").round(1) != pl.col("score"))).is_empty()


def test_no_change_gives_last_months_withheld_score_back(public: dict[str, Path]) -> None:
    keys = ["unit_code", "node_code"]
    before = pl.read_parquet(public[BEFORE] / "scores.parquet").select(*keys, before="withheld")
    now = pl.read_parquet(public[PERIOD] / "scores.parquet").join(before, on=keys)
    assert now.filter((pl.col("before") != "") & pl.col("change_month").is_not_null()).is_empty()
    assert now.filter(pl.col("before") == "")["change_month"].is_not_null().any()


def test_the_set_says_what_it_is_and_is_the_same_again(
    public: dict[str, Path], tianshui_run: FinishedRun, tmp_path: Path
) -> None:
    data = read_issue_data(tianshui_run.state, PERIOD)
    again = export_public(data, tianshui_run.city, tmp_path / "again").folder
    for path in public[PERIOD].iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name
    readme = (again / "README.md").read_text(encoding="utf-8")
    assert "synthetic" in readme
    with pytest.raises(PublicSetError, match="not empty"):
        export_public(data, tianshui_run.city, again)
    whole = export_public(data, tianshui_run.city, tmp_path / "whole", unsuppressed_because="for the auditors").folder
    assert "for the auditors" in (whole / "README.md").read_text(encoding="utf-8")
    assert pl.read_parquet(whole / "scores.parquet").filter(pl.col("withheld") != "").is_empty()
