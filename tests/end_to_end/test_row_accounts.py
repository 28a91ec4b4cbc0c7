"""Every delivered row is accounted for in every receipt of the run, and the volume is that of a city."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from finished_run import PUBLISHED, SIMULATED, FinishedRun

pytestmark = pytest.mark.end_to_end

Receipt = dict[str, Any]


@pytest.fixture(scope="module")
def receipts(tianshui_run: FinishedRun) -> list[Receipt]:
    paths = sorted(tianshui_run.state.landing.glob("*/*/*/current.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def test_every_record_set_of_every_month_has_a_receipt(receipts: list[Receipt], tianshui_run: FinishedRun) -> None:
    expected = {(r.department_key, r.name, p) for r in tianshui_run.city.record_sets for p in SIMULATED}
    assert {(r["department_key"], r["record_set"], r["period"]) for r in receipts} == expected
    assert not list(tianshui_run.state.landing.glob("*/*/*/attempt.json"))
    assert Counter(r["status"] for r in receipts) == {"accepted": len(expected)}


def test_received_is_accepted_quarantined_of_another_month_and_layout(
    receipts: list[Receipt], tianshui_run: FinishedRun
) -> None:
    for receipt in receipts:
        place = f"{receipt['department_key']}/{receipt['record_set']} {receipt['period']}"
        parts = receipt["accepted"] + receipt["quarantined"] + receipt["other_month"] + receipt["layout"]
        assert receipt["received"] == parts, place
        assert receipt["received"] == sum(f["rows"] for f in receipt["files"]), place
        landed = pl.scan_parquet(tianshui_run.state.landing / receipt["landing_file"])
        assert landed.select(pl.len()).collect().item() == receipt["accepted"], place
        if receipt["quarantined"]:
            quarantine = pl.read_parquet(tianshui_run.state.quarantine / receipt["quarantine_file"])
            assert quarantine.select("source_file", "source_line").n_unique() == receipt["quarantined"], place
            assert quarantine["reason"].null_count() == 0
            assert receipt["failures"], place


def test_a_delivered_row_is_a_row_of_its_file(receipts: list[Receipt], tianshui_run: FinishedRun) -> None:
    """What the product counts as received, counted again in the CSV files of one month."""
    counted = 0
    for receipt in receipts:
        own = [f for f in receipt["files"] if f["delivery"] == receipt["period"] == "2022-12"]
        for file in own:
            path = tianshui_run.state.sources / file["path"]
            if path.suffix == ".csv":
                assert path.read_bytes().rstrip().count(b"\n") == file["rows"], path
                counted += 1
    assert counted > 40


def test_dirt_is_quarantined_and_late_rows_are_taken(receipts: list[Receipt]) -> None:
    reasons: Counter[str] = Counter()
    late: Counter[str] = Counter()
    for receipt in receipts:
        late[receipt["period"]] += receipt["late"]
        for failure in receipt["failures"]:
            reasons[failure["reason"]] += failure["count"]
    assert set(reasons) >= {"duplicate", "time_order", "unit_code_unknown", "unit_name_unknown"}
    assert min(reasons.values()) > 0
    assert all(late[period] > 0 for period in SIMULATED[:-1])
    assert late[SIMULATED[-1]] == 0  # nothing has been delivered after it


def test_a_month_has_at_least_150_000_delivered_records(receipts: list[Receipt]) -> None:
    """Rows of the month's own files, so that a row is not counted again where late rows are looked for."""
    delivered: defaultdict[str, int] = defaultdict(int)
    for receipt in receipts:
        own = sum(f["rows"] for f in receipt["files"] if f["delivery"] == receipt["period"])
        delivered[receipt["period"]] += own - receipt["layout"]
    assert sorted(delivered) == SIMULATED
    assert {period: rows for period, rows in delivered.items() if rows < 150_000} == {}


def test_the_issue_tells_the_same_account(receipts: list[Receipt], tianshui_run: FinishedRun) -> None:
    counts = ["received", "accepted", "quarantined", "other_month", "layout"]
    for period in PUBLISHED:
        feeds = pl.read_parquet(tianshui_run.state.issues / period / "r1" / "feeds.parquet")
        said = {(r["department_key"], r["record_set"]): [r[c] for c in counts] for r in feeds.iter_rows(named=True)}
        own = [r for r in receipts if r["period"] == period]
        assert said == {(r["department_key"], r["record_set"]): [r[c] for c in counts] for r in own}
        assert feeds["reported"].all()


def test_sources_say_that_they_are_synthetic(tianshui_run: FinishedRun) -> None:
    notice = (Path(tianshui_run.state.sources) / "SYNTHETIC.md").read_text(encoding="utf-8")
    assert tianshui_run.city.settings["notice_zh"] in notice
