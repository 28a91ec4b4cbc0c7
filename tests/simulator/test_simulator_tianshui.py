"""The 21 departments of Tianshui: enough records, each as its contract wants it, rare things rare."""

from __future__ import annotations

import importlib
from typing import Any

import polars as pl
import pytest

from city.folder import City, load_city
from city.periods import Period
from simulator.localising import localise
from simulator.world import World

MONTHS: tuple[Period, ...] = ("2021-01", "2022-07")


@pytest.fixture(scope="module")
def tianshui() -> City:
    return load_city("tianshui")


@pytest.fixture(scope="module")
def rows(tianshui: City) -> dict[Period, dict[tuple[str, str], pl.DataFrame]]:
    """Canonical rows by month, department and record set."""
    world = World(tianshui)
    modules = {
        feed.department.key: importlib.import_module(f"simulator.tianshui.{feed.department.key}")
        for feed in tianshui.feeds
    }
    return {
        month: {
            (key, name): frame
            for key, module in modules.items()
            for name, frame in module.deliveries(world, month).items()
        }
        for month in MONTHS
    }


def test_every_record_set_of_every_department_is_simulated(
    tianshui: City, rows: dict[Period, dict[tuple[str, str], pl.DataFrame]]
) -> None:
    assert len(tianshui.feeds) == 21
    for month in MONTHS:
        assert set(rows[month]) == {(r.department_key, r.name) for r in tianshui.record_sets}


def test_a_month_is_of_a_citys_size(rows: dict[Period, dict[tuple[str, str], pl.DataFrame]]) -> None:
    for month in MONTHS:
        assert 150_000 <= sum(len(frame) for frame in rows[month].values()) <= 190_000


def test_rows_keep_their_contracts(tianshui: City, rows: dict[Period, dict[tuple[str, str], pl.DataFrame]]) -> None:
    for record_set in tianshui.record_sets:
        if record_set.is_monthly_return:
            continue
        module, _, name = record_set.contract.partition(".")
        contract: Any = getattr(importlib.import_module(f"schemas.tianshui.{module}"), name)
        for month in MONTHS:
            frame = rows[month][record_set.department_key, record_set.name]
            contract.validate(frame, lazy=True)
            assert frame["record_id"].is_unique().all(), record_set.key


def test_records_are_of_the_month_they_are_delivered_in(
    tianshui: City, rows: dict[Period, dict[tuple[str, str], pl.DataFrame]]
) -> None:
    for record_set in tianshui.record_sets:
        for month in MONTHS:
            dated = rows[month][record_set.department_key, record_set.name][record_set.month_by]
            text = dated if dated.dtype == pl.String else dated.dt.strftime("%Y-%m")
            assert set(text) <= {month}, record_set.key


def test_returns_name_only_measures_of_their_department(
    tianshui: City, rows: dict[Period, dict[tuple[str, str], pl.DataFrame]]
) -> None:
    measures: dict[str, set[str]] = {}
    for measure in tianshui.measures:
        measures.setdefault(measure.department, set()).add(measure.name)
    for record_set in tianshui.record_sets:
        if record_set.is_monthly_return:
            frame = rows[MONTHS[0]][record_set.department_key, record_set.name]
            assert set(frame["measure"]) <= measures[record_set.department], record_set.key
            assert frame.select("unit_code", "measure").is_unique().all(), record_set.key
            assert (frame["value"] >= 0).all(), record_set.key


def test_every_record_set_can_be_written_in_its_offices_words(
    tianshui: City, rows: dict[Period, dict[tuple[str, str], pl.DataFrame]]
) -> None:
    for record_set in tianshui.record_sets:
        frame = rows[MONTHS[0]][record_set.department_key, record_set.name]
        delivered = localise(tianshui, record_set, frame)
        assert len(delivered) == len(frame)
        for column, words in record_set.values.items():
            header = next(h for h, c in record_set.columns.items() if c == column)
            unsaid = set(delivered[header].drop_nulls()) - {str(word) for word in words}
            assert not unsaid, f"{record_set.key}: {column} has no word for {unsaid}"


def test_homicides_are_rare(tianshui: City) -> None:
    police: Any = importlib.import_module("simulator.tianshui.police")
    world = World(tianshui)
    year = [police.deliveries(world, f"2022-{month:02d}")["criminal_case"] for month in range(1, 13)]
    cases = sum(int((frame["category"] == "homicide").sum()) for frame in year)
    assert 6 <= cases <= 36
