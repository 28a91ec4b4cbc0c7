"""A definition that a new version of the method changes is the method's effect: two months of a county, by hand.

Three townships of two groups; indicator Q is minmax between 0 and 10, so a value of 1 is 10 points, and half of the
index. R, the other half, never moves. In the second month the second version of the method is in force.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import polars as pl
import pytest

from methods.index import PARAMETERS
from warehouse.changes import change_effects

THEN, NOW = "2022-01", "2022-02"
COUNTY, STREET, TOWN, OTHER = "u", "s1", "t1", "t2"
GROUPS = {STREET: "peer group street", TOWN: "peer group town", OTHER: "peer group town", COUNTY: "unit u"}
#: Of Q in the first month: numerator and denominator. The county has the sums.
FIRST = {STREET: (20.0, 10.0), TOWN: (30.0, 10.0), OTHER: (10.0, 10.0), COUNTY: (60.0, 30.0)}
Q: dict[str, Any] = {"numerator": "n", "denominator": "d", "window": "month", "scale": 1.0, "shrinkage": None}
Q |= {"value_cap": None, "applies_to": ""}


def framework(version: str, q: dict[str, Any]) -> list[dict[str, Any]]:
    common = {"version": version, "minimum_coverage": 0.5, "floor": 1.0, "direction": 1, "weight": 1.0}
    root = common | Q | {"code": "X", "parent": "", "level": 0, "aggregation": "arithmetic", "scoring": ""}
    leaf = common | {"parent": "X", "level": 1, "aggregation": "", "scoring": "minmax"}
    rows = [root | {"window": ""}, leaf | Q | q | {"code": "Q"}, leaf | Q | {"code": "R", "numerator": "r"}]
    return [row | {"position": i} for i, row in enumerate(rows)]


def every_effect(
    changed: dict[str, Any], second: dict[str, tuple[float, float, float]], rates: Sequence[dict[str, Any]] = ()
) -> pl.DataFrame:
    """All that the model writes; `second` has numerator, denominator and value of Q now."""
    firsts = {unit: (n, d, n / d) for unit, (n, d) in FIRST.items()}
    rows: dict[str, list[dict[str, Any]]] = {"node_scores": [], "indicator_values": [], "indicator_months": []}
    for period, version, of in ((THEN, "v1", firsts), (NOW, "v2", second)):
        for unit, (numerator, denominator, value) in of.items():
            place = {"period": period, "version": version, "unit_code": unit}
            q, r = min(100.0, value * 10), 50.0
            rows["node_scores"] += [
                place | {"node_code": c, "score": s} for c, s in zip("XQR", ((q + r) / 2, q, r), strict=True)
            ]
            counts = {"numerator": numerator, "denominator": denominator, "numerator_of_upper_units": 0.0}
            factors = {"months_counted": 1, "numerator_factor": 1.0, "denominator_factor": 1.0}
            other = counts | {"numerator": 5.0, "denominator": 1.0}
            for code, own in (("Q", counts), ("R", other)):
                rows["indicator_values"].append(place | {"indicator_code": code} | own | factors)
                rows["indicator_months"].append(place | {"indicator_code": code} | own)
    # as warehouse.tables has it: a level named in applies_to leaves no group out
    only_streets = changed.get("applies_to") == "street"
    towns_left_out = {("v2", "Q", group) for group in GROUPS.values() if "town" in group and only_streets}
    parameters = [
        {"version": version, "indicator_code": code, "parameter_group": group, "clip": False, "reference_values": None}
        | dict.fromkeys(PARAMETERS)
        | {"lo": 0.0, "hi": 10.0, "range_low": 0.0, "range_high": 100.0}
        | {"contributes": (version, code, group) not in towns_left_out}
        for version in ("v1", "v2")
        for code in "QR"
        for group in sorted(set(GROUPS.values()))
    ]
    months = [
        {"period": p, "month_index": i, "version": v, "month_before": b, "year_before": "2021-01"}
        for p, i, v, b in ((THEN, 1, "v1", "2021-12"), (NOW, 2, "v2", THEN))
    ]
    tables = rows | {
        "run_window": [{"release_from": NOW, "release_to": NOW, "first_issue": THEN, "index_from": THEN}],
        "months": months,
        "units": [
            {"unit_code": u, "parent": "" if u == COUNTY else COUNTY, "parameter_group": g, "is_leaf": u != COUNTY}
            for u, g in GROUPS.items()
        ],
        "unit_members": [
            {"unit_code": above, "member_code": u, "member_is_leaf": u != COUNTY}
            for u in GROUPS
            for above in {u, COUNTY}
        ],
        "residents": [{"unit_code": u, "period": p, "residents": 100} for u in FIRST for p in (THEN, NOW)],
        "framework": framework("v1", {}) + framework("v2", changed),
        "scoring_parameters": parameters,
        "reference_rates": list(rates) or [{"version": "v", "indicator_code": "", "unit_code": "", "rate": 0.0}],
    }
    with duckdb.connect() as connection:
        relations = {}
        for name, content in tables.items():
            frame = pl.DataFrame(content, infer_schema_length=None, schema_overrides={"value_cap": pl.Float64})
            connection.register(f"{name}_rows", frame.to_arrow())
            connection.execute(f"create table {name} as select * from {name}_rows")
            relations[name] = connection.table(name)
        return pl.DataFrame(change_effects(relations).read_all())


def effects_of(
    changed: dict[str, Any], second: dict[str, tuple[float, float, float]], rates: Sequence[dict[str, Any]] = ()
) -> dict[str, tuple[float, float]]:
    """Value and method effect of Q in the index by unit; arguments as of every_effect."""
    found = every_effect(changed, second, rates).filter(pl.col("member_code").is_null())
    rows_of_q = found.filter(node_code="X", indicator_code="Q", comparison="month")
    assert found.filter(indicator_code="R").is_empty()
    for row in rows_of_q.iter_rows(named=True):
        assert row["total"] == pytest.approx(row["value_effect"] + row["method_effect"])
    return {r["unit_code"]: (r["value_effect"], r["method_effect"]) for r in rows_of_q.iter_rows(named=True)}


#: A township's own numbers a month later: its value rises from 2 to 3.
RISEN = FIRST | {STREET: (30.0, 10.0), COUNTY: (70.0, 30.0)}


def later(scale: float = 1.0, **changed: tuple[float, float]) -> dict[str, tuple[float, float, float]]:
    return {unit: (n, d, scale * n / d) for unit, (n, d) in (RISEN | changed).items()}


def test_without_a_change_of_definition_all_is_value() -> None:
    found = effects_of({}, later())
    assert found == {STREET: (5.0, 0.0), COUNTY: (pytest.approx(10 / 30 * 5), 0.0)}


def test_another_scale_is_the_methods_and_the_rise_is_told_in_its_terms() -> None:
    found = effects_of({"scale": 2.0}, later(2.0))
    assert found[STREET] == (pytest.approx(10.0), pytest.approx(10.0))  # 2 → 4 by the method, 4 → 6 by the street
    assert found[TOWN] == (0.0, pytest.approx(15.0))  # 3 → 6, and nothing moved there
    assert found[COUNTY] == (pytest.approx(2 * 10 / 30 * 5), pytest.approx(10.0))


def test_a_lower_cap_is_the_methods() -> None:
    second = {unit: (n, d, min(2.5, n / d)) for unit, (n, d) in RISEN.items()}
    found = effects_of({"value_cap": 2.5}, second)
    assert found[TOWN] == (0.0, pytest.approx(-2.5))
    assert found[STREET] == (pytest.approx(2.5), 0.0)


@pytest.mark.parametrize("changed", [{"numerator": "m"}, {"denominator": "e"}, {"window": "rolling_3m"}])
def test_what_is_measured_otherwise_cannot_be_compared_and_is_all_the_methods(changed: dict[str, Any]) -> None:
    found = effects_of(changed, later(**{TOWN: (50.0, 10.0), COUNTY: (90.0, 30.0)}))
    assert found == {
        STREET: (0.0, pytest.approx(5.0)),
        TOWN: (0.0, pytest.approx(10.0)),
        COUNTY: (0.0, pytest.approx(5.0)),
    }


def test_other_members_of_a_county_are_the_methods_and_a_township_stays_comparable() -> None:
    """Q is counted in streets only from the second month on: the county's value is the street's, 2 becomes 3."""
    second = {STREET: (30.0, 10.0, 3.0), COUNTY: (30.0, 10.0, 3.0)}
    found = effects_of({"applies_to": "street"}, second)
    assert found[STREET] == (pytest.approx(5.0), 0.0)
    assert found[COUNTY] == (0.0, pytest.approx(5.0))
    # a level in place of a group leaves the members as they were
    assert effects_of({"applies_to": "county"}, later())[COUNTY] == (pytest.approx(10 / 30 * 5), 0.0)


def test_shrinkage_towards_a_county_without_a_single_event_is_the_methods() -> None:
    """A reference rate of zero is a rate: 20 / (10 + 10) is what the street had by the new method."""
    rates = [{"version": "v2", "indicator_code": "Q", "unit_code": COUNTY, "rate": 0.0}]
    second = {unit: (n, d, n / (d + (10 if unit != COUNTY else 0))) for unit, (n, d) in RISEN.items()}
    found = effects_of({"shrinkage": 10.0}, second, rates)
    assert found[STREET] == (pytest.approx(2.5), pytest.approx(-5.0))
    assert found[TOWN] == (0.0, pytest.approx(-7.5))
    assert found[COUNTY] == (pytest.approx(10 / 30 * 5), 0.0)


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_units_taken_apart_a_few_at_a_time_have_the_same_effects(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ["unit_code", "node_code", "member_code", "indicator_code"]
    whole = every_effect({"scale": 2.0}, later(2.0)).sort(keys)
    assert set(whole.filter(unit_code=COUNTY)["member_code"]) == {None, STREET, ""}
    monkeypatch.setattr("warehouse.changes._UNITS_AT_ONCE", at_once)
    assert every_effect({"scale": 2.0}, later(2.0)).sort(keys).equals(whole)
