"""Whose records count in a county's indicator, by hand: own ones, its townships', and when it stands for them.

County 900102 has a street 001, a street 002 and a town 003; what follows lands in one month and is asked for without
dbt or a warehouse.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import small_city

from city import StateFolder, load_city
from feeds.landing import land_department
from publication.indicator_records import IndicatorRecords

MONTH = "2022-01"
COUNTY = "900102"
A, B, TOWN = "900102001", "900102002", "900102003"
EVERY = {A, B, TOWN}
Counted = tuple[dict[str, float], set[str]]


@dataclass(frozen=True)
class HandMadeIssue:
    """The tables of an issue that provenance reads: months that count, and the framework."""

    state: StateFolder
    manifest: Mapping[str, Any]
    framework: pl.DataFrame

    def table(self, name: str) -> pl.DataFrame:
        if name == "framework":
            return self.framework
        units = [u[0] for u in small_city.UNITS]
        rows = [
            {"unit_code": unit, "indicator_code": code, "months_counted": MONTH}
            for unit in units
            for code in self.framework["code"]
        ]
        return pl.DataFrame(rows)


@pytest.fixture
def counted(tmp_path: Path) -> Callable[..., Counted]:
    """Land what units reported; answers what counts in the numerator by unit, and units in the denominator."""

    def ask(indicator: str, unit: str, **reported: dict[str, float]) -> Counted:
        city = load_city(small_city.write_city(tmp_path / "smallcity"))
        state = StateFolder(tmp_path / "home", city.key)
        returns: dict[tuple[str, str], dict[tuple[str, str], float]] = {}
        for measure, by_unit in reported.items():
            department = small_city.MEASURES[measure][1]
            own = returns.setdefault((MONTH, department), {})
            own |= {(code, measure): number for code, number in by_unit.items()}
        small_city.write_returns(state.sources, returns)
        landing = [
            {"department": r.department, "record_set": r.record_set, "period": MONTH}
            | {"landing_file": r.landing_file, "hash": r.hash}
            for feed in city.feeds
            if (MONTH, feed.department.code) in returns
            for r in land_department(city, state, feed.department.key, MONTH, str(state.sources), {})
        ]
        nodes = [
            {name: getattr(node, name) for name in ("code", "numerator", "denominator", "scoring")}
            | {"applies_to": ";".join(node.applies_to), "params": json.dumps(node.params)}
            for node in city.version(MONTH).framework
        ]
        issue = HandMadeIssue(state, {"landing": landing}, pl.DataFrame(nodes, infer_schema_length=None))
        rows = IndicatorRecords(city, issue).records(unit, indicator)  # type: ignore[arg-type]
        above, below = (rows.filter(part=part) for part in ("numerator", "denominator"))
        return dict(above.group_by("unit_code").agg(pl.col("counts").sum()).iter_rows()), set(below["unit_code"])

    return ask


def test_a_county_that_alone_reported_stands_for_all_its_townships(counted: Callable[..., Counted]) -> None:
    assert counted("A102", COUNTY, crimes={COUNTY: 5}) == ({COUNTY: 5}, EVERY)


def test_beside_its_townships_it_adds_events_and_no_residents(counted: Callable[..., Counted]) -> None:
    assert counted("A102", COUNTY, crimes={COUNTY: 5, A: 3}) == ({COUNTY: 5, A: 3}, {A})
    assert counted("A102", A, crimes={COUNTY: 5, A: 3}) == ({A: 3}, {A})


def test_the_city_counts_a_county_that_stands_and_the_townships_of_others(counted: Callable[..., Counted]) -> None:
    other = "900101002"
    found = counted("A102", small_city.CITY, crimes={COUNTY: 5, other: 2})
    assert found == ({COUNTY: 5, other: 2}, EVERY | {other})


def test_a_township_counts_only_with_both_numbers(counted: Callable[..., Counted]) -> None:
    found = counted("A101", COUNTY, cases_on_time={A: 4, B: 2}, cases_due={A: 5, TOWN: 9})
    assert found == ({A: 4}, {A})


def test_a_county_stands_with_the_denominators_that_are_known_below_it(counted: Callable[..., Counted]) -> None:
    found = counted("A101", COUNTY, cases_on_time={COUNTY: 7}, cases_due={A: 5, TOWN: 9})
    assert found == ({COUNTY: 7}, {A, TOWN})


def test_a_county_has_nothing_to_stand_on_without_any_denominator(counted: Callable[..., Counted]) -> None:
    assert counted("A101", COUNTY, cases_on_time={COUNTY: 7}) == ({}, set())


def test_a_county_with_both_numbers_is_set_against_its_own_too(counted: Callable[..., Counted]) -> None:
    found = counted("A101", COUNTY, cases_on_time={COUNTY: 7}, cases_due={COUNTY: 8, A: 5})
    assert found == ({COUNTY: 7}, {COUNTY, A})


def test_events_that_deductions_count_are_events_seen(counted: Callable[..., Counted]) -> None:
    """One class of two is told, and no township told both: the event counts all the same, with its points."""
    found = counted("A103", COUNTY, deaths={COUNTY: 2}, accidents={A: 1})
    assert found == ({COUNTY: 40}, set())
    found = counted("A103", COUNTY, deaths={COUNTY: 2, A: 0}, accidents={A: 1})
    assert found == ({COUNTY: 40, A: 7}, set())


def test_a_county_stands_for_the_groups_that_the_indicator_is_of(counted: Callable[..., Counted]) -> None:
    assert counted("C101", COUNTY, rural_fires={COUNTY: 3}) == ({COUNTY: 3}, {TOWN})
    assert counted("C101", COUNTY, rural_fires={COUNTY: 3, A: 8}) == ({COUNTY: 3}, {TOWN})


def test_a_unit_that_is_not_in_force_is_not_stood_for(counted: Callable[..., Counted]) -> None:
    """900103003 exists from 2022-03 on; in January 900103002 does."""
    found = counted("A102", "900103", crimes={"900103": 5})
    assert found == ({"900103": 5}, {"900103001", "900103002"})
