"""Outlier treatment against oracles/asem/D_treat: treated values, what was done, and the statistics before."""

from __future__ import annotations

import numpy as np
import pytest
from studies.oracle_files import indicators, matrix, number, rows

from methods.treatment import has_outliers, kurtosis, skewness, treat

CODES = indicators()
UNITS = [row["uCode"] for row in rows("asem/D_treat/treated__winmax_5.csv")]
RAW = matrix("asem/input/data.csv", UNITS, CODES)
LIMITS = {"1": 1, "3": 3, "5": 5, "NULL": None}


@pytest.mark.parametrize("limit", LIMITS)
def test_treated_values_are_the_published_ones(limit: str) -> None:
    published = matrix(f"asem/D_treat/treated__winmax_{limit}.csv", UNITS, CODES)
    treated = np.column_stack([treat(RAW[:, i], LIMITS[limit]).values for i in range(len(CODES))])
    assert treated == pytest.approx(published, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("limit", LIMITS)
def test_what_was_done_is_what_the_publisher_did(limit: str) -> None:
    details = {row["iCode"]: row for row in rows(f"asem/D_treat/details__winmax_{limit}.csv")}
    assert set(details) == set(CODES)
    for i, code in enumerate(CODES):
        done, said = treat(RAW[:, i], LIMITS[limit]), details[code]
        assert has_outliers(RAW[:, i]) == (said["check_SkewKurt0.Pass"] == "FALSE")
        assert skewness(RAW[:, i]) == pytest.approx(number(said["check_SkewKurt0.Skew"]), abs=1e-9)
        if said["check_SkewKurt0.Pass"] == "TRUE":
            assert (done.kind, done.points) == ("none", ())
            continue
        second = said.get("check_SkewKurt2.Skew", "") != ""
        assert done.kind == ("logarithm" if second else "winsorised")
        step = "check_SkewKurt2" if second else "check_SkewKurt1"
        assert done.skewness == pytest.approx(number(said[f"{step}.Skew"]), abs=1e-9)
        assert done.kurtosis == pytest.approx(number(said[f"{step}.Kurt"]), abs=1e-9)
        assert done.passed == (said[f"{step}.Pass"] == "TRUE")
        if not second:
            assert done.drawn_in == int(said["winsorise.nwin"])


def test_statistics_before_treatment_are_the_published_ones() -> None:
    published = {row["iCode"]: row for row in rows("asem/D_treat/stats_raw.csv")}
    for i, code in enumerate(CODES):
        assert skewness(RAW[:, i]) == pytest.approx(float(published[code]["Skew"]), abs=1e-9)
        assert kurtosis(RAW[:, i]) == pytest.approx(float(published[code]["Kurt"]), abs=1e-9)
        assert has_outliers(RAW[:, i]) == (published[code]["Flag.SkewKurt"] == "OUT")


def test_every_moved_point_is_recorded_and_no_other() -> None:
    for i in range(len(CODES)):
        done = treat(RAW[:, i])
        moved = {p.position: (p.before, p.after) for p in done.points}
        for place, (before, after) in enumerate(zip(RAW[:, i], done.values, strict=True)):
            if place in moved:
                assert moved[place] == (before, after)
                assert before != after
            else:
                assert before == after or (np.isnan(before) and np.isnan(after))


def test_ties_of_an_extreme_value_move_together() -> None:
    values = np.array([*np.linspace(0, 1, 40), 9.0, 9.0])
    done = treat(values)
    assert [p.before for p in done.points] == [9.0, 9.0]
    assert {p.after for p in done.points} == {1.0}
    assert done.drawn_in == 1


def test_a_constant_has_no_outliers() -> None:
    assert treat(np.full(9, 3.0)).kind == "none"
