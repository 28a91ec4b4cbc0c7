"""Frozen bounds and rates, and what upper units take from them: corner cases that a whole city rarely shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import small_city

from city import City, load_city
from city.check import check_city, errors
from city.folder import CityFolderError, FrameworkNode
from methods.calibration import CalibrationError, propose_reference
from pipelines.calibration import calibrate, changed_sets
from pipelines.settings import Settings
from warehouse.tables import city_tables, residents, scoring_parameters
from warehouse.window import run_window

STREETS = ("900101001", "900102001", "900102002")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return load_city(small_city.write_city(tmp_path_factory.mktemp("reference") / "smallcity"))


def with_indicators(city: City, *codes: str, **changed: Any) -> City:
    """The city with these indicators only, changed."""
    version = city.versions[0]
    nodes = [replace(n, **changed) for n in version.framework if n.code in codes]
    return replace(city, versions=(replace(version, framework=tuple(nodes), reference=()),))


def proposed(city: City, windows: pl.DataFrame) -> dict[tuple[str, str], dict[str, str]]:
    rows = propose_reference(city, city.versions[0], windows, "2021-01", "2021-12").reference
    return {(r["indicator"], r["group"]): r for r in rows}


def windows_of(
    city: City, code: str, numerators: dict[str, list[float]], denominator: float = 10_000.0, status: str = "measured"
) -> pl.DataFrame:
    node: FrameworkNode = next(n for n in city.versions[0].framework if n.code == code)
    length = {"month": 1, "stock": 1, "rolling_3m": 3, "rolling_12m": 12}[node.window]
    return pl.DataFrame(
        [
            {"unit_code": unit, "indicator_code": code, "period": f"2021-{month:02d}", "status": status}
            | {"months_reported": length, "numerator": number, "denominator": denominator}
            for unit, numbers in numerators.items()
            for month, number in enumerate(numbers, start=1)
        ]
    )


def test_bounds_are_type_7_percentiles_of_shrunk_values_within_the_peer_group(city: City) -> None:
    one = with_indicators(city, "A102")
    numbers = {unit: [float(3 * i + 7 * (j % 5)) for j in range(12)] for i, unit in enumerate(STREETS)}
    towns = {u[0]: [float(40 + j) for j in range(12)] for u in small_city.UNITS if u[3] == "town"}
    counties = {"900101": [30.0] * 12, "900102": [20.0] * 12, "900103": [25.0] * 12}
    rows = proposed(one, windows_of(one, "A102", numbers | towns | counties))
    rates = {"900101": 30 / 10_000, "900102": 20 / 10_000, "900103": 25 / 10_000}
    for county, rate in rates.items():
        assert float(rows["A102", county]["rate"]) == pytest.approx(rate, rel=1e-9)
    shrunk = sorted(10_000 * (n + 10_000 * rates[u[:6]]) / 20_000 for u, own in numbers.items() for n in own)

    def type_7(share: float) -> float:
        place = share * (len(shrunk) - 1)
        below = int(place)
        return shrunk[below] + (place - below) * (shrunk[min(below + 1, len(shrunk) - 1)] - shrunk[below])

    street = rows["A102", "street"]
    assert float(street["lo"]) == pytest.approx(type_7(0.05), rel=1e-9)
    assert float(street["hi"]) == pytest.approx(type_7(0.95), rel=1e-9)
    assert float(street["sd"]) == pytest.approx(np.std(shrunk, ddof=1), rel=1e-9)
    assert street["n"] == "36"


def test_incomplete_windows_give_no_bounds(city: City) -> None:
    one = with_indicators(city, "C201")
    full = windows_of(one, "C201", {u[0]: [60.0, 70.0, 80.0] for u in small_city.UNITS if u[2] == "township"})
    odd = windows_of(one, "C201", dict.fromkeys(STREETS, [900.0] * 3), status="partial")
    assert proposed(one, pl.concat([full, odd])) == proposed(one, full)


def test_levels_in_applies_to_say_nothing_of_peer_groups(city: City) -> None:
    one = with_indicators(city, "C201", applies_to=("township",))
    windows = windows_of(one, "C201", {u[0]: [60.0, 70.0, 80.0] for u in small_city.UNITS if u[2] == "township"})
    assert set(proposed(one, windows)) == {("C201", "street"), ("C201", "town")}
    only = with_indicators(city, "C201", applies_to=("township", "town"))
    assert set(proposed(only, windows)) == {("C201", "town")}


def test_equal_bounds_must_be_declared_by_hand(city: City) -> None:
    one = with_indicators(city, "C201")
    windows = windows_of(one, "C201", {u[0]: [70.0] * 4 for u in small_city.UNITS if u[2] == "township"})
    with pytest.raises(CalibrationError, match=r"C201.*peer group street(.|\n)*declared = true"):
        proposed(one, windows)


def test_percentile_ranks_get_their_sets_of_values(city: City) -> None:
    """Of each peer group, and of each upper unit the values of its level: sets cannot be averaged."""
    one = with_indicators(city, "B103")
    townships = {
        u[0]: [float(i + j) for j in range(3)] for i, u in enumerate(u for u in small_city.UNITS if u[2] == "township")
    }
    counties = {"900101": [7.0] * 3, "900102": [8.5] * 3, "900103": [9.0] * 3}
    windows = windows_of(one, "B103", townships | counties | {"900000": [40.0, 41.0, 42.0]})
    proposal = propose_reference(one, one.versions[0], windows, "2021-01", "2021-12")
    sets: dict[str, list[float]] = {}
    for row in proposal.values:
        assert row["indicator"] == "B103"
        sets.setdefault(row["group"], []).append(float(row["value"]))
    assert sets["street"] == sorted(v for code, own in townships.items() if code in STREETS for v in own)
    assert sets["900101"] == sets["900103"] == [7.0] * 3 + [8.5] * 3 + [9.0] * 3
    assert sets["900000"] == [40.0, 41.0, 42.0]
    rows = {row["group"]: row for row in proposal.reference}
    assert set(rows) == {"street", "town"}
    assert (rows["street"]["n"], rows["street"]["lo"], rows["street"]["hi"]) == ("9", "", "")
    assert float(rows["street"]["p50"]) == pytest.approx(np.median(sets["street"]))


def test_a_set_holds_every_digit_of_the_value_that_is_scored(city: City) -> None:
    one = with_indicators(city, "B103", denominator="patrols", scale=100.0)
    windows = windows_of(
        one, "B103", {u[0]: [1.0, 2.0, 5.0] for u in small_city.UNITS if u[2] == "township"}, denominator=7.0
    )
    proposal = propose_reference(one, one.versions[0], windows, "2021-01", "2021-12")
    assert {float(r["value"]) for r in proposal.values if r["group"] == "street"} == {100 * (n / 7) for n in (1, 2, 5)}


def test_a_set_of_one_value_must_be_declared_by_hand(city: City) -> None:
    one = with_indicators(city, "B103")
    windows = windows_of(one, "B103", {u[0]: [70.0] * 4 for u in small_city.UNITS if u[2] == "township"})
    with pytest.raises(CalibrationError, match=r"B103.*peer group street: n = 12, all 70"):
        propose_reference(one, one.versions[0], windows, "2021-01", "2021-12")


def test_what_is_declared_by_hand_is_kept(city: City) -> None:
    one = with_indicators(city, "C201")
    flat = windows_of(one, "C201", {u[0]: [70.0] * 4 for u in small_city.UNITS if u[2] == "township"})
    rows = tuple(
        {"indicator": "C201", "group": group, "lo": "1", "hi": "2", "declared": "yes", "note": "few"}
        for group in ("street", "town")
    )
    declared = replace(one, versions=(replace(one.versions[0], reference=rows),))
    found = proposed(declared, flat)
    assert {(row["lo"], row["hi"], row["declared"], row["note"]) for row in found.values()} == {
        ("1", "2", "yes", "few")
    }
    undeclared = replace(
        one, versions=(replace(one.versions[0], reference=tuple(r | {"declared": "false"} for r in rows)),)
    )
    with pytest.raises(CalibrationError):
        proposed(undeclared, flat)


def test_upper_units_take_posts_averaged_with_reference_year_residents(city: City) -> None:
    parameters = scoring_parameters(city, city.versions[0])

    def of(code: str, group: str, column: str) -> Any:
        row = parameters.filter((pl.col("indicator_code") == code) & (pl.col("parameter_group") == group))
        return row[column].to_list()[0]

    street, town = 52_311, 18_204 + 9_875
    assert of("A101", "unit 900101", "p0") == pytest.approx((40 * street + 30 * town) / (street + town), rel=1e-12)
    assert of("A101", "unit 900103", "p0") == 30
    # equal everywhere: taken as it is, to the last bit
    assert of("A201", "unit 900000", "target") == 7
    assert of("B103", "unit 900000", "reference_values") is None
    # a unit that came after the reference year has no part in the weights, the one it replaced has
    streets, towns = 52_311 + 61_020 + 40_117, 18_204 + 9_875 + 22_050 + 15_003 + 12_400
    expected = (40 * streets + 30 * towns) / (streets + towns)
    assert of("A101", "unit 900000", "p0") == pytest.approx(expected, rel=1e-12)


def test_a_county_younger_than_the_reference_year_takes_its_own_residents(city: City) -> None:
    young = tuple(replace(u, valid_from="2022-03") if u.code.startswith("900102") else u for u in city.units)
    parameters = scoring_parameters(replace(city, units=young), city.versions[0])
    row = parameters.filter((pl.col("indicator_code") == "A101") & (pl.col("parameter_group") == "unit 900102"))
    streets, town = 61_020 + 40_117, 22_050
    assert row["p0"].to_list() == [pytest.approx((40 * streets + 30 * town) / (streets + town), rel=1e-12)]


def test_residents_are_the_years_own_or_the_latest_earlier_ones(city: City) -> None:
    table = residents(city, ["2021-12", "2022-01", "2022-02", "2022-03", "2030-01"])
    found = {(r["unit_code"], r["period"]): r["residents"] for r in table.iter_rows(named=True)}
    assert found["900101001", "2021-12"] == 52_311
    assert found["900101001", "2022-01"] == found["900101001", "2030-01"] == 53_002
    assert found["900103002", "2022-02"] == 12_251
    assert ("900103002", "2022-03") not in found
    assert ("900103003", "2022-02") not in found
    assert found["900103003", "2022-03"] == 12_263


def test_a_month_reads_the_same_months_whatever_is_released_with_it(city: City) -> None:
    alone, ranged = run_window(city, "2022-12", "2022-12"), run_window(city, "2022-01", "2022-12")
    assert alone.index_from == "2021-12"
    assert alone.values_from == "2021-11"
    assert alone.measures_from == "2021-01"
    assert ranged.measures_from <= alone.measures_from
    tables = city_tables(city, run_window(city, "2022-07", "2022-07"))
    assert tables["framework"]["version"].unique().to_list() == ["2021-06"]


def test_the_city_folder_is_sound(city: City) -> None:
    assert errors(check_city(city.folder)) == []


def test_changes_of_sets_are_told_by_size_and_ends() -> None:
    old = [{"indicator": "B103", "group": "street", "value": v} for v in ("3", "1")]
    new = [*old[::-1], {"indicator": "B103", "group": "town", "value": "2"}]
    assert changed_sets(old, old[::-1]) == "1 sets of reference values, 0 changed"
    assert changed_sets(old, new).splitlines() == [
        "+ B103 town: ∅ → 1 values 2 … 2",
        "2 sets of reference values, 1 changed",
    ]
    assert changed_sets(new, old).startswith("- B103 town: 1 values 2 … 2 → ∅")


def test_a_version_that_is_not_there_is_not_another_one(city: City, tmp_path: Path) -> None:
    where = Settings(tmp_path, str(city.folder), sources=str(tmp_path))
    with pytest.raises(CityFolderError, match="no version '2019-01'; it has 2021-06"):
        calibrate(where, ["2021-01"], "2019-01", write=False)
