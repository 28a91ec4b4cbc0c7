from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from small_feeds import UNITS, small_city

from city.folder import City, Unit, _unit, read_table
from feeds.units import UnitIndex, resolve_units, unit_index

TIANSHUI = Path(__file__).resolve().parents[2] / "data" / "tianshui" / "units.csv"


@pytest.fixture
def index(tmp_path: Path) -> UnitIndex:
    return unit_index(small_city(tmp_path), "nbs", "2022-01")


@pytest.fixture(scope="module")
def tianshui() -> City:
    return replace(small_city(TIANSHUI.parent), units=tuple(_unit(r) for r in read_table(TIANSHUI)))


@pytest.mark.parametrize(
    ("code", "name", "unit"),
    [
        ("110101001", None, "110101001"),
        ("110101001000", None, "110101001"),
        ("110101001017", None, "110101001"),
        ("110101001.0", None, "110101001"),
        ("110101", None, "110101"),
        ("110101000", None, "110101"),
        ("110101000000", None, "110101"),
        ("110000000000", None, "110000"),
        (None, "山前镇", "110101002"),
        (None, "东县 河口镇", "110101001"),
        (None, "甲市西县河口镇", "110102001"),
        (None, "山前镇人民政府", "110101002"),
        (None, "西县", "110102"),
        (None, "开发区", "110101"),
        ("110102001", "河口镇", "110102001"),
    ],
)
def test_codes_and_names_that_resolve(index: UnitIndex, code: str | None, name: str | None, unit: str) -> None:
    assert index.resolve(code, name).unit_code == unit


@pytest.mark.parametrize(
    ("code", "name", "reason"),
    [
        (None, None, "unit_missing"),
        ("999999999", None, "unit_code_unknown"),
        ("110101999", "河口镇", "unit_code_unknown"),
        ("11010100", None, "unit_code_unknown"),
        ("110101009000", None, "unit_code_unknown"),
        (None, "河上镇", "unit_name_unknown"),
        (None, "西县山前镇", "unit_name_unknown"),
        ("110101001", "山前镇", "unit_code_and_name_disagree"),
        ("110101001", "东县", "unit_code_and_name_disagree"),
    ],
)
def test_what_cannot_be_resolved_says_why(index: UnitIndex, code: str | None, name: str | None, reason: str) -> None:
    resolution = index.resolve(code, name)
    assert resolution.unit_code is None
    assert resolution.reason == reason


def test_an_ambiguous_name_lists_the_candidates(index: UnitIndex) -> None:
    resolution = index.resolve(None, "河口镇")
    assert resolution.reason == "unit_name_ambiguous"
    assert resolution.detail == "东县河口镇 (110101001) or 西县河口镇 (110102001)"


def test_a_code_means_another_township_in_the_other_list(tmp_path: Path) -> None:
    city = small_city(tmp_path)
    assert unit_index(city, "nbs", "2022-01").resolve("110101001", "河口镇").unit_code == "110101001"
    other = unit_index(city, "other", "2022-01")
    assert other.resolve("110101001", "山前镇").unit_code == "110101002"
    assert other.resolve("110101001", "河口镇").reason == "unit_code_and_name_disagree"
    assert other.resolve("110101", None).unit_code == "110101"


def test_a_list_without_aliases_is_the_units_own_codes(tmp_path: Path) -> None:
    assert unit_index(small_city(tmp_path), "areas", "2022-01").resolve("110101001", None).unit_code == "110101001"


def test_units_are_known_only_in_their_months(tmp_path: Path) -> None:
    units: tuple[Unit, ...] = (*UNITS[:-1], replace(UNITS[-1], valid_from="2022-03", valid_to="2022-05"))
    city = replace(small_city(tmp_path), units=units)
    found = [
        unit_index(city, "nbs", period).resolve("110102001", None).unit_code
        for period in ("2022-02", "2022-03", "2022-05", "2022-06")
    ]
    assert found == [None, "110102001", "110102001", None]


def test_tianshui_42_codes_name_different_townships_in_the_two_lists(tianshui: City) -> None:
    nbs, areacity = (unit_index(tianshui, code_list, "2022-01") for code_list in ("nbs", "areacity"))
    townships = {u.code for u in tianshui.units if u.level == "township"}
    shared = {c for c in areacity.by_code if c in townships}
    differing = {c for c in shared if areacity.by_code[c] != nbs.by_code[c]}
    assert len(differing) == 42
    for code in differing:
        other = areacity.labels[areacity.by_code[code]]
        assert areacity.resolve(code, other).unit_code == areacity.by_code[code]
        assert nbs.resolve(code, other).reason == "unit_code_and_name_disagree"


def test_tianshui_development_zones_count_for_their_county(tianshui: City) -> None:
    nbs = unit_index(tianshui, "nbs", "2022-01")
    assert nbs.resolve("620503400", "天水经济开发区").unit_code == "620503"
    assert nbs.resolve("620503400000", None).unit_code == "620503"


def test_tianshui_every_unit_resolves_by_its_code_and_its_full_name(tianshui: City) -> None:
    nbs = unit_index(tianshui, "nbs", "2022-01")
    assert {nbs.resolve(u.code, nbs.labels[u.code]).unit_code for u in tianshui.units} == set(tianshui.unit_by_code)
    assert all(nbs.resolve(None, nbs.labels[u.code]).unit_code == u.code for u in tianshui.units)


def test_rows_keep_their_order_and_nulls(index: UnitIndex) -> None:
    rows = pl.DataFrame(
        {"unit_code": ["110101002", None, None, "110101002"], "unit_name": [None, "西县", None, None]},
        schema={"unit_code": pl.String, "unit_name": pl.String},
    )
    assert resolve_units(rows, index)["unit"].to_list() == ["110101002", "110102", None, "110101002"]
