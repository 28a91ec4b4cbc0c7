"""Defects of rows: exactly the planted rows are quarantined, with their reason and line; the others are landed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import polars as pl
import pytest
from tianshui_office import MONTH, Office, Trial

#: Every reader, both encodings, units by code and name, by name, by code; a monthly return.
CSV, CSV_BY_NAME, CSV_BY_CODE = "fire_rescue/fire_inspection", "fire_rescue/fire_hazard", "fire_rescue/hydrant"
JSON, XLSX, SQL, RETURN = (
    "fire_rescue/fire_incident",
    "fire_rescue/fire_training",
    "fire_rescue/fire_station",
    "fire_rescue/inspection_plan",
)
FEEDS = (CSV, CSV_BY_NAME, CSV_BY_CODE, JSON, XLSX, SQL, RETURN)
Tried = Callable[..., Trial]


def of_month(office: Office, feed: str, row: Mapping[str, str]) -> bool:
    """Whether a delivered row is of the month, not a late row of the month before."""
    record_set = office.record_set(feed)
    header = next(h for h, column in record_set.columns.items() if column == record_set.month_by)
    return row[header].startswith(MONTH)


@pytest.mark.parametrize("feed", FEEDS)
def test_rows_with_a_unit_that_does_not_exist(trial: Tried, feed: str) -> None:
    tried = trial("broken_codes", FEEDS, ":0.03")
    office, clean, receipt = tried.office, tried.clean[feed], tried.spoiled[feed]

    def broken(row: Mapping[str, str]) -> bool:
        return bool({"999999999", "查无此乡"} & set(row.values())) and of_month(office, feed, row)

    planted = tried.spoiled_rows[feed].where(broken)
    assert len(planted) >= 3
    reason = "unit_code_unknown" if "code" in office.record_set(feed).unit else "unit_name_unknown"
    found = office.quarantine(receipt).filter(reason=reason)
    honest = sum(f["count"] for f in clean.failures if f["reason"] == reason)
    assert len(planted) <= found.height <= len(planted) + honest
    if feed != SQL:  # a table has no lines: rows are numbered in the order of their content
        assert set(planted) <= set(found["source_line"])
    assert receipt.received == clean.received
    assert receipt.accepted + receipt.quarantined == clean.accepted + clean.quarantined
    assert len(planted) - honest <= clean.accepted - receipt.accepted <= len(planted)
    failure = next(f for f in receipt.failures if f["reason"] == reason)
    assert failure["count"] == found.height
    assert failure["lines"] == found["source_line"].head(20).to_list()
    assert receipt.status == "accepted"
    assert tried.gate.passed


@pytest.mark.parametrize("feed", FEEDS)
def test_too_many_of_them_hold_the_month_back_and_the_earlier_delivery_stays(trial: Tried, feed: str) -> None:
    tried = trial("broken_codes", FEEDS)
    office, before, receipt = tried.office, tried.clean[feed], tried.spoiled[feed]
    assert (receipt.status, receipt.reported, receipt.in_force) == ("refused", False, before.hash)
    assert 0.09 * receipt.received <= receipt.quarantined <= 0.12 * receipt.received
    finding = next(f for f in tried.gate.findings if f.check == feed)
    assert (finding.passed, finding.severity) == (False, "critical")
    assert finding.observed.startswith(f"{feed}: ")
    assert "5.0% are allowed" in finding.observed
    assert "run the month again" in finding.remedy_en
    assert finding.rows_total == receipt.quarantined
    place = office.record_set(feed).location.replace("{period}", MONTH)
    assert finding.rows
    assert all(str(row["unit"]).startswith(place) for row in finding.rows)
    assert office.current(feed) == before
    assert office.landed(before)
    assert sorted(f.check for f in tried.gate.failures) == sorted(FEEDS)


@pytest.mark.parametrize("feed", FEEDS)
def test_rows_delivered_twice(trial: Tried, feed: str) -> None:
    tried = trial("duplicate_rows", FEEDS)
    office, clean, receipt = tried.office, tried.clean[feed], tried.spoiled[feed]
    once, twice = tried.clean_rows[feed].rows, tried.spoiled_rows[feed].rows
    planted = twice[len(once) :]
    assert len(planted) == round(0.03 * len(once))
    assert receipt.received - clean.received == len(planted)
    of_this_month = sum(of_month(office, feed, row) for row in planted)
    assert receipt.quarantined - clean.quarantined == of_this_month
    assert receipt.other_month - clean.other_month == len(planted) - of_this_month
    duplicates = office.quarantine(receipt).filter(reason="duplicate")
    assert 0 < duplicates.height <= of_this_month + clean.quarantined
    assert duplicates["detail"].str.starts_with("first in ").all()
    if feed != SQL:
        # The first row of each key stays, in its line.
        assert receipt.hash == clean.hash
    assert receipt.accepted == clean.accepted
    assert tried.gate.passed


@pytest.mark.parametrize("feed", [f for f in FEEDS if f != SQL])
def test_columns_in_another_order_change_nothing(trial: Tried, feed: str) -> None:
    tried = trial("shuffled_columns", tuple(f for f in FEEDS if f != SQL))
    clean, shuffled = tried.clean[feed], tried.spoiled[feed]
    before, after = (list(rows[feed].rows[0]) for rows in (tried.clean_rows, tried.spoiled_rows))
    assert sorted(after) == sorted(before)
    assert after != before
    assert shuffled.files != clean.files
    assert (shuffled.hash, shuffled.quarantined, shuffled.layout) == (clean.hash, clean.quarantined, clean.layout)
    assert shuffled.landing_file == clean.landing_file
    assert tried.gate.passed


@pytest.mark.parametrize("feed", FEEDS)
def test_a_month_delivered_again_is_another_landing_and_the_first_is_kept(trial: Tried, feed: str) -> None:
    tried = trial("restated_month", FEEDS)
    office, first, second = tried.office, tried.clean[feed], tried.spoiled[feed]
    before, after = tried.clean_rows[feed].rows, tried.spoiled_rows[feed].rows
    assert second.status == "accepted"
    assert second.hash != first.hash
    assert office.current(feed) == second
    assert pl.read_parquet(office.landed(first)).height == first.accepted
    changed = round(0.03 * len(before))
    if office.record_set(feed).is_monthly_return:  # numbers are put right in place
        assert sum(a != b for a, b in zip(before, after, strict=True)) == changed
        assert second.received == first.received
    else:  # records are taken out
        assert len(before) - len(after) == changed
        assert first.received - second.received == changed
    assert tried.gate.passed


def test_what_is_not_touched_by_a_defect_lands_the_same(trial: Tried) -> None:
    tried = trial("restated_month", FEEDS)
    untouched = set(tried.clean) - set(FEEDS)
    assert untouched
    assert {f: tried.clean[f] for f in untouched} == {f: tried.spoiled[f] for f in untouched}


@pytest.mark.parametrize("feed", FEEDS)
def test_quarantined_values_are_masked(trial: Tried, feed: str) -> None:
    tried = trial("broken_codes", FEEDS, ":0.03")
    receipt = tried.spoiled[feed]
    values = tried.office.quarantine(receipt)["value"].drop_nulls()
    assert values.len()
    assert values.str.contains("*", literal=True).all()
    said = json.dumps([receipt.failures, receipt.preview], ensure_ascii=False)
    assert "999999999" not in said
    assert "查无此乡" not in said
