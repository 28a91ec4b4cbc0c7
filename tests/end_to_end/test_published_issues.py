"""Thirteen issues of Tianshui: whole, numbered, chained, hashed, labelled; CSV says what Parquet says."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from finished_run import PUBLISHED, FinishedRun

from publication.verify import verify

pytestmark = pytest.mark.end_to_end

UNITS, NODES, INDICATORS = 131, 180, 138
TABLES = (
    *("scores", "values", "measures", "units", "framework", "vetoes", "feeds", "departments"),
    *("contributions", "member_contributions"),
    *("robustness", "robustness_colours", "robustness_sensitivity"),
)
#: Columns that the issue promises its readers, in order; reasons and changes of rank stand beside them.
SCORES = (
    "period", "unit_code", "unit_level", "node_code", "node_level", "score", "coverage", "status", "rank", "colour",
    "change_month", "change_year",
)  # fmt: skip
BESIDE = {"change_month_reason", "change_year_reason", "rank_change_month", "rank_change_year"}
VALUES = [
    "period", "unit_code", "indicator_code", "numerator", "denominator", "value", "value_smoothed", "score", "status",
    "months_counted",
]  # fmt: skip
MEASURES = ["period", "unit_code", "measure", "quantity", "status"]
STATUSES = {"measured", "partial", "carried_forward", "not_applicable", "missing"}
KEYS = ["unit_code", "node_code"]


def folder(run: FinishedRun, period: str) -> Path:
    return run.state.issues / period / "r1"


def table(run: FinishedRun, period: str, name: str) -> pl.DataFrame:
    return pl.read_parquet(folder(run, period) / f"{name}.parquet")


def manifest(run: FinishedRun, period: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder(run, period) / "manifest.json").read_text(encoding="utf-8"))
    return content


def test_there_are_thirteen_issues_each_once(tianshui_run: FinishedRun) -> None:
    found = sorted(str(p.relative_to(tianshui_run.state.issues)) for p in tianshui_run.state.issues.glob("*/r*"))
    assert found == [f"{period}/r1" for period in PUBLISHED]
    assert [manifest(tianshui_run, period)["issue_number"] for period in PUBLISHED] == list(range(1, 14))
    index = json.loads((tianshui_run.state.issues / "index.json").read_text(encoding="utf-8"))
    assert [(e["period"], e["issue_number"]) for e in index["issues"]] == list(
        zip(PUBLISHED, range(1, 14), strict=True)
    )


@pytest.mark.parametrize("period", PUBLISHED)
def test_an_issue_has_every_unit_and_node_with_a_status(period: str, tianshui_run: FinishedRun) -> None:
    scores = table(tianshui_run, period, "scores")
    assert [c for c in scores.columns if c not in BESIDE] == list(SCORES)
    assert set(scores.columns) == {*SCORES, *BESIDE}
    assert len(scores) == scores.select(KEYS).n_unique() == UNITS * NODES
    assert (scores["unit_code"].n_unique(), scores["node_code"].n_unique()) == (UNITS, NODES)
    assert scores["period"].unique().to_list() == [period]
    assert scores.sort(KEYS).equals(scores)
    assert dict(scores.unique("node_code").group_by("node_level").len().iter_rows()) == {
        0: 1,
        1: 9,
        2: 32,
        3: INDICATORS,
    }
    assert dict(scores.unique("unit_code").group_by("unit_level").len().iter_rows()) == {
        "city": 1, "county": 7, "township": 123,
    }  # fmt: skip
    assert set(scores["status"]) <= STATUSES
    assert scores["status"].null_count() == 0
    assert scores.filter(pl.col("score").is_null() != pl.col("status").is_in(["missing", "not_applicable"])).is_empty()
    assert scores.filter(~pl.col("score").is_between(0, 100)).is_empty()
    assert scores.filter(pl.col("score").is_null() != pl.col("rank").is_null()).is_empty()
    assert scores.filter(pl.col("score").is_null() != pl.col("colour").is_null()).is_empty()

    values = table(tianshui_run, period, "values")
    assert values.columns == VALUES
    assert len(values) == values.select("unit_code", "indicator_code").n_unique() == UNITS * INDICATORS
    assert values["status"].null_count() == 0
    leaves = scores.filter(node_level=3).select("unit_code", "node_code", "score", "status")
    assert values.select("unit_code", pl.col("indicator_code").alias("node_code"), "score", "status").equals(leaves)

    measures = table(tianshui_run, period, "measures")
    assert measures.columns == MEASURES
    declared = {m.name for m in tianshui_run.city.measures} | {"residents"}
    assert set(measures["measure"]) == declared
    assert len(measures) == measures.select("unit_code", "measure").n_unique() == UNITS * len(declared)
    assert set(measures["status"]) <= STATUSES


@pytest.mark.parametrize("period", PUBLISHED)
def test_ranks_and_colours_follow_from_the_scores(period: str, tianshui_run: FinishedRun) -> None:
    scores = table(tianshui_run, period, "scores")
    again = scores.with_columns(
        expected=pl.col("score").round(9).rank("min", descending=True).over("unit_level", "node_code").cast(pl.Int32)
    )
    assert again.filter(pl.col("rank").ne_missing(pl.col("expected"))).is_empty()
    rounded = pl.col("score").round(9)
    plain = (
        pl.when(rounded >= 90).then(pl.lit("green")).when(rounded >= 80).then(pl.lit("blue"))
        .when(rounded >= 70).then(pl.lit("orange")).when(rounded.is_not_null()).then(pl.lit("red"))
    )  # fmt: skip
    capped = set(table(tianshui_run, period, "vetoes")["unit_code"])
    held = (pl.col("node_level") == 0) & pl.col("unit_code").is_in(capped) & plain.is_in(["green", "blue"])
    coloured = scores.with_columns(expected=pl.when(held).then(pl.lit("orange")).otherwise(plain))
    assert coloured.filter(pl.col("colour").ne_missing(pl.col("expected"))).is_empty()


@pytest.mark.parametrize("period", PUBLISHED)
def test_changes_are_differences_of_published_scores(period: str, tianshui_run: FinishedRun) -> None:
    scores = table(tianshui_run, period, "scores").with_columns(pl.col("score").round(9))
    place = PUBLISHED.index(period)
    for span, back in (("month", 1), ("year", 12)):
        change, reason = pl.col(f"change_{span}"), pl.col(f"change_{span}_reason")
        assert scores.filter(change.is_null() != reason.is_not_null()).is_empty()
        if place < back:
            assert scores[f"change_{span}"].null_count() == len(scores)
            assert set(scores[f"change_{span}_reason"]) == {"before_first_issue"}
            continue
        earlier = table(tianshui_run, PUBLISHED[place - back], "scores")
        both = scores.join(
            earlier.select(*KEYS, pl.col("score").round(9).alias("then"), pl.col("rank").alias("rank_then")), on=KEYS
        )
        assert len(both) == len(scores)
        difference = pl.col("score") - pl.col("then")
        assert both.filter(difference.is_null() != change.is_null()).is_empty()
        assert both.filter((difference - change).abs() > 1.5e-9).is_empty()
        assert both.filter((pl.col("rank_then") - pl.col("rank")).ne_missing(pl.col(f"rank_change_{span}"))).is_empty()
        overall = both.filter(node_level=0)
        assert overall.filter(change != 0).height == UNITS


@pytest.mark.parametrize("period", PUBLISHED)
def test_csv_says_what_parquet_says(period: str, tianshui_run: FinishedRun) -> None:
    for name in TABLES:
        parquet = table(tianshui_run, period, name)
        content = (folder(tianshui_run, period) / f"{name}.csv").read_bytes()
        assert content.startswith(b"\xef\xbb\xbf"), name
        text = pl.read_csv(content, infer_schema=False)
        assert text.columns == parquet.columns
        for column, kind in parquet.schema.items():
            said = text[column].fill_null("")
            if kind == pl.String:
                # blank stands for null and for no text; an apostrophe keeps spreadsheets from computing
                guarded = said.str.replace(r"^'([=+\-@\t\r＝＋－＠])", "$1")
                assert guarded.equals(parquet[column].fill_null("")), (name, column)
            else:
                typed = said.replace("", None)
                numbers = typed == "true" if kind == pl.Boolean else typed.cast(kind)
                assert numbers.equals(parquet[column], null_equal=True), (name, column)


def test_every_hash_is_that_of_the_file_and_the_chain_is_whole(tianshui_run: FinishedRun) -> None:
    assert verify(tianshui_run.state) == []
    before = None
    for place, period in enumerate(PUBLISHED, start=1):
        own = manifest(tianshui_run, period)
        assert own["chain"] == {"sequence": place, "previous_manifest_sha256": before}
        files = {entry["name"]: entry["sha256"] for entry in own["files"]}
        beside = [p for p in folder(tianshui_run, period).iterdir() if p.is_file() and p.name != "renderings.json"]
        on_disk = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in beside}
        before = on_disk.pop("manifest.json")
        assert files == on_disk
        told = {"gate.json", "gate.html", "timeliness.json"}
        assert {f"{name}.{end}" for name in TABLES for end in ("parquet", "csv")} | told == set(files)
        assert {gate: answer["passed"] for gate, answer in own["gates"].items()} == dict.fromkeys("ABC", True)


@pytest.mark.parametrize("period", PUBLISHED)
def test_the_issue_says_that_it_is_synthetic_and_opens_without_a_network(
    period: str, tianshui_run: FinishedRun
) -> None:
    notice = tianshui_run.city.settings["notice_zh"], tianshui_run.city.settings["notice_en"]
    said = manifest(tianshui_run, period)["synthetic"]
    assert (said["synthetic"], said["notice_zh"], said["notice_en"]) == (True, *notice)
    page = (folder(tianshui_run, period) / "gate.html").read_text(encoding="utf-8")
    assert all(words in page for words in notice)
    assert not re.search(r"""(src|href|url|@import)\s*[=(]?\s*["']?(https?:)?//""", page)
    assert f"第 {PUBLISHED.index(period) + 1} 期" in page or f"第{PUBLISHED.index(period) + 1}期" in page


def test_scores_spread_as_an_index_should(tianshui_run: FinishedRun) -> None:
    """Not a rule of the method: a simulation whose units all look alike would hide faults of every other test."""
    overall = table(tianshui_run, "2023-01", "scores").filter(node_level=0, unit_level="township")["score"]
    assert 70 < overall.min() < 80  # type: ignore[operator]
    assert overall.max() > 86  # type: ignore[operator]
    assert overall.n_unique() == 123
