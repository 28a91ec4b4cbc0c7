"""Windows, carrying forward, caps, smoothing, ranks and colours on a few rows: the models' own SQL, by hand."""

from __future__ import annotations

from typing import Any

import pytest
from rendered_models import months, run_model, run_window

NOTHING: dict[str, Any] = {"numerator": None, "denominator": None}


def windows_of(
    numbers: dict[int, tuple[float, float | None]],
    *,
    of: int = 6,
    reported: int = 1,
    leaf_units: int = 1,
    values_from: int = 1,
    **node: Any,
) -> dict[str, Any]:
    """The window that ends in month `of`, from numerators and denominators by month."""
    framework = (
        {"version": "v", "code": "I", "scoring": "goalpost", "window_months": 3, "months_required": 2, "scale": 100.0}
        | {"numerator_kind": "flow", "denominator_kind": "flow", "denominator": "d", "minimum_coverage": 0.6}
        | node
    )
    places = {"version": "v", "indicator_code": "I", "unit_code": "u"}
    rows = run_model(
        "indicator_windows",
        {
            "framework": [framework],
            "run_window": [run_window("2022-01", "2022-12")[0] | {"values_from": f"2022-{values_from:02d}"}],
            "indicator_units": [
                places
                | {"period": m["period"], "month_index": m["month_index"], "leaf_units": leaf_units}
                | {"applies": True, "in_force": True}
                for m in months(1, 6)
            ],
            "indicator_months": [
                places
                | {"period": f"2022-{month:02d}", "numerator": n, "denominator": d, "numerator_of_upper_units": 0.0}
                | {"leaf_units_reported": reported, "upper_units_reported": 0}
                for month, (n, d) in (numbers or {1: (0.0, 0.0)}).items()
            ],
        },
    )
    return next(row for row in rows if row["period"] == f"2022-{of:02d}")


def test_flows_are_summed_over_the_window() -> None:
    row = windows_of({3: (9, 9), 4: (1, 10), 5: (2, 20), 6: (3, 30)})
    assert (row["numerator"], row["denominator"], row["uncapped_value"], row["status"]) == (6, 60, 10, "measured")


def test_months_before_the_first_value_count_in_its_window() -> None:
    row = windows_of({3: (9, 9), 4: (1, 10), 5: (2, 20), 6: (3, 30)}, values_from=6)
    assert (row["numerator"], row["denominator"], row["status"]) == (6, 60, "measured")


def test_two_of_three_months_are_partial_and_one_is_missing() -> None:
    row = windows_of({4: (1, 10), 6: (3, 30)})
    assert (row["numerator"], row["uncapped_value"], row["status"]) == (4, 10, "partial")
    short = windows_of({6: (3, 30)})
    assert (short["status"], short["numerator"], short["uncapped_value"]) == ("missing", None, None)
    assert short["reported_in_month"]
    assert not windows_of({4: (1, 10), 5: (3, 30)})["reported_in_month"]


def test_stocks_are_averaged_and_flows_against_them_scaled_for_months_not_reported() -> None:
    row = windows_of({4: (1, 10), 6: (3, 30)}, denominator_kind="stock")
    assert (row["numerator"], row["denominator"], row["uncapped_value"]) == (4 * 3 / 2, 20, 30)
    row = windows_of({4: (1, 10), 6: (3, 30)}, numerator_kind="stock")
    assert (row["numerator"], row["denominator"]) == (2, 60)
    row = windows_of({4: (1, None), 6: (3, None)}, denominator="", denominator_kind=None)
    assert (row["numerator"], row["uncapped_value"]) == (6, 600)
    row = windows_of({4: (1, None), 6: (3, None)}, denominator="", denominator_kind=None, scoring="zero_tolerance")
    assert row["numerator"] == 4


def test_too_few_members_make_a_month_unreported() -> None:
    both = {5: (1.0, 10.0), 6: (3.0, 30.0)}
    assert windows_of(both, reported=3, leaf_units=5)["status"] == "partial"
    assert windows_of(both, reported=2, leaf_units=5)["status"] == "missing"
    assert windows_of(both | {4: (1.0, 10.0)}, reported=4, leaf_units=5)["status"] == "partial"


def test_nothing_to_divide_by_does_not_apply() -> None:
    assert windows_of({4: (0, 0), 5: (0, 0), 6: (0, 0)})["status"] == "not_applicable"


def values_of(
    *known: dict[str, Any], carry_months: int = 1, rate: float | None = None, is_leaf: bool = True, **node: Any
) -> list[dict[str, Any]]:
    """Values of one unit in months 1, 2, …, from what its windows hold."""
    framework = (
        {"version": "v", "code": "I", "position": 4, "scoring": "goalpost", "scale": 100.0, "value_cap": 100.0}
        | {"carry_months": carry_months, "shrinkage": 50.0 if rate is not None else None}
        | node
    )
    columns = {"months_counted": 1, "numerator_factor": 1.0, "denominator_factor": 1.0, "numerator_of_upper_units": 0.0}
    rows = [
        columns | {"period": m["period"], "version": "v", "indicator_code": "I", "unit_code": "u"} | own
        for m, own in zip(months(1, len(known)), known, strict=True)
    ]
    rates = [{"version": "v", "indicator_code": "I", "unit_code": "county", "rate": rate or 0.0}]
    found = run_model(
        "indicator_values",
        {
            "indicator_windows": rows,
            "months": months(1, len(known)),
            "framework": [framework],
            "units": [{"unit_code": "u", "parent": "county", "is_leaf": is_leaf, "position": 9}],
            "reference_rates": [r | {"unit_code": "county" if rate is not None else "elsewhere"} for r in rates],
            "run_window": run_window("2022-01", "2022-12"),
        },
    )
    return sorted(found, key=lambda row: str(row["period"]))


def measured(numerator: float, denominator: float = 10.0, status: str = "measured") -> dict[str, Any]:
    return {"status": status, "numerator": numerator, "denominator": denominator, "reported_in_month": True} | {
        "uncapped_value": 100 * numerator / denominator
    }


def missing(*, reported: bool = False) -> dict[str, Any]:
    return {"status": "missing", "numerator": None, "denominator": None, "uncapped_value": None} | {
        "reported_in_month": reported
    }


def test_a_value_is_carried_forward_for_the_months_that_the_rules_allow() -> None:
    rows = values_of(measured(2), missing(), missing())
    assert [row["status"] for row in rows] == ["measured", "carried_forward", "missing"]
    assert [row["value"] for row in rows] == [20, 20, None]
    assert [row["status"] for row in values_of(measured(2), missing(), missing(), carry_months=2)][
        2
    ] == "carried_forward"
    assert values_of(measured(2), missing(), carry_months=0)[1]["status"] == "missing"
    # the last one known, partial or whole, and never one that was itself carried
    rows = values_of(measured(2), measured(3, status="partial"), missing(), carry_months=2)
    assert rows[2]["value"] == 30


def test_a_department_that_reported_is_not_stood_in_for() -> None:
    rows = values_of(measured(2), missing(), missing(reported=True), carry_months=2)
    assert [row["status"] for row in rows] == ["measured", "carried_forward", "missing"]


def test_shares_are_capped_and_missing_ones_are_not_the_cap() -> None:
    rows = values_of(measured(12), missing(reported=True))
    assert [(row["value"], row["value_smoothed"]) for row in rows] == [(100, 100), (None, None)]
    assert values_of(measured(12), value_cap=None)[0]["value"] == pytest.approx(120)


def test_small_units_are_shrunk_towards_their_county_and_both_values_kept() -> None:
    row = values_of(measured(2), rate=0.5)[0]
    assert (row["value"], row["value_smoothed"]) == (20, pytest.approx(100 * (2 + 50 * 0.5) / (10 + 50)))
    assert values_of(measured(2), rate=0.5, is_leaf=False)[0]["value_smoothed"] == 20
    assert values_of(measured(90), rate=5.0)[0]["value_smoothed"] == 100


def test_positions_travel_with_the_values() -> None:
    row = values_of(measured(2))[0]
    assert (row["indicator_position"], row["unit_position"]) == (4, 9)


def released(
    scores: dict[str, dict[int, float | None]], vetoes: dict[str, int] | None = None, first_issue: str = "0001-01"
) -> dict[tuple[str, int], dict[str, Any]]:
    """Overall scores by unit and month: `c…` are counties, others townships."""
    count = max(month for own in scores.values() for month in own)
    rows = run_model(
        "release_scores",
        {
            "node_scores": [
                {"period": f"2022-{month:02d}", "version": "v", "unit_code": unit, "node_code": "X", "node_level": 0}
                | {"score": score, "coverage": 1.0, "status": "missing" if score is None else "measured"}
                for unit, own in scores.items()
                for month, score in own.items()
            ],
            "months": months(1, count),
            "units": [
                {"unit_code": unit, "level": "county" if unit.startswith("c") else "township"} for unit in scores
            ],
            "colours": [
                {"version": "v", "position": i, "colour": colour, "cut_from": cut}
                for i, (colour, cut) in enumerate([("green", 90.0), ("blue", 80.0), ("red", float("-inf"))], start=1)
            ],
            "release_vetoes": [
                {"period": f"2022-{month:02d}", "unit_code": unit, "cap_position": 3}
                for unit, month in (vetoes or {"nobody": 1}).items()
            ],
            "run_window": run_window("2022-01", "2022-12", first_issue),
        },
    )
    return {(str(row["unit_code"]), int(str(row["period"])[5:])): row for row in rows}


def test_ties_share_the_better_rank_within_their_level() -> None:
    found = released(
        {"a": {1: 90.0}, "b": {1: 95.0}, "d": {1: 90.0 + 4e-10}, "e": {1: 70.0}, "f": {1: None}, "c1": {1: 60.0}}
    )
    assert {unit: row["rank"] for (unit, _), row in found.items()} == {
        "b": 1,
        "a": 2,
        "d": 2,
        "e": 4,
        "f": None,
        "c1": 1,
    }


def test_colours_follow_cut_points_and_vetoes_cap_them() -> None:
    scores: dict[str, dict[int, float | None]] = {
        "a": {1: 90.0 - 4e-10}, "b": {1: 89.99}, "d": {1: 0.0}, "e": {1: 99.0}, "f": {1: None}
    }  # fmt: skip
    found = released(scores, {"e": 1})
    assert {unit: row["colour"] for (unit, _), row in found.items()} == {
        "a": "green", "b": "blue", "d": "red", "e": "red", "f": None
    }  # fmt: skip


def test_changes_are_null_with_a_reason() -> None:
    found = released(
        {"a": {1: 80.0, 2: 82.5, 3: None, 4: 81.0}, "b": {1: 81.0, 2: 82.0, 3: 83.0, 4: 80.0}}, first_issue="2022-01"
    )
    row = found["a", 2]
    assert (row["change_month"], row["change_month_reason"], row["rank_change_month"]) == (2.5, None, 1)
    assert found["a", 1]["change_month_reason"] == "before_first_issue"
    assert (found["a", 3]["change_month"], found["a", 3]["change_month_reason"]) == (None, "no_score_now")
    assert (found["a", 4]["change_month"], found["a", 4]["change_month_reason"]) == (None, "no_score_then")


def vetoes_of(events: dict[tuple[str, int], int], *, of: int, dissolved: str = "") -> dict[tuple[str, str], float]:
    """Vetoes of a month by unit and by the unit where it happened, under a rule of three months that rises to counties.

    Townships a and b of county c; one may be dissolved after the month before.
    """
    below = [("a", "a"), ("b", "b"), ("c", "c"), ("c", "a"), ("c", "b")]
    rows = run_model(
        "release_vetoes",
        {
            "vetoes": [
                {"version": "v", "veto": 0, "measure": "deaths", "window_months": 3, "at_least": 2.0, "cap": "red"}
                | {"cap_position": 3, "rises_to": ["county"]}
            ],
            "months": months(1, of),
            "own_measures": [
                {"unit_code": unit, "period": f"2022-{month:02d}", "measure": "deaths", "quantity": float(count)}
                for (unit, month), count in events.items()
            ],
            "unit_members": [{"unit_code": above, "member_code": unit} for above, unit in below],
            "unit_months": [
                {"unit_code": unit, "period": m["period"]}
                for m in months(1, of)
                for unit in "abc"
                if unit != dissolved or m["month_index"] < months(of, of)[0]["month_index"]
            ],
            "units": [{"unit_code": u, "is_leaf": u != "c", "level": "county" if u == "c" else "town"} for u in "abc"],
            "run_window": run_window(f"2022-{of:02d}", f"2022-{of:02d}"),
        },
    )
    return {(str(row["unit_code"]), str(row["from_unit"])): float(row["events"]) for row in rows}


def test_vetoes_count_over_their_window_and_rise_as_declared() -> None:
    assert vetoes_of({("a", 2): 1, ("a", 4): 1, ("b", 4): 1}, of=4) == {("a", "a"): 2, ("c", "a"): 2}
    assert vetoes_of({("a", 1): 1, ("a", 4): 1}, of=4) == {}  # the first is out of the window


def test_a_unit_that_was_dissolved_has_no_veto_of_its_own_and_its_county_still_has() -> None:
    assert vetoes_of({("a", 3): 2}, of=4, dissolved="a") == {("c", "a"): 2}
