"""Statistics of a framework against oracles/asem: D_treat/stats_raw.csv, F_weights (correlations, Cronbach's alpha)."""

from __future__ import annotations

import numpy as np
import pytest
from studies.oracle_files import children, framework, indicators, matrix, number, rows

from methods.audit import (
    correlation,
    correlations,
    cronbach_alpha,
    describe,
    importance,
    share_at,
    variance_shares,
)

CODES = indicators()
UNITS = [row["uCode"] for row in rows("asem/D_treat/treated__winmax_5.csv")]
NAN = float("nan")


def normalised() -> np.ndarray:
    return matrix("asem/F_weights/input_normalised_complete.csv", UNITS, CODES)


def above() -> dict[str, np.ndarray]:
    """Every node's scores: plain means of what is below, as the published correlations were computed."""
    found = dict(zip(CODES, normalised().T, strict=True))
    for level in ("2", "3"):
        for code, row in framework().items():
            if row["Level"] == level:
                found[code] = np.mean([found[child] for child in children(code)], axis=0)
    found["Index"] = np.mean([found["Conn"], found["Sust"]], axis=0)
    return found


def test_distributions_are_the_published_ones() -> None:
    raw = matrix("asem/input/data.csv", UNITS, CODES)
    published = {row["iCode"]: row for row in rows("asem/D_treat/stats_raw.csv")}
    assert set(published) == set(CODES)
    for i, code in enumerate(CODES):
        found, stated = describe(raw[:, i]), published[code]
        pairs = {
            "Min": found.minimum, "Max": found.maximum, "Mean": found.mean, "Median": found.median, "Std": found.sd,
            "Skew": found.skewness, "Kurt": found.kurtosis, "N.Avail": found.available,
            "N.NonZero": found.available * (1 - found.zeros), "N.Unique": found.distinct,
            "Frc.NonZero": 1 - found.zeros, "Frc.Same": found.most_common, "Frc.Avail": found.available / len(UNITS),
        }  # fmt: skip
        for name, value in pairs.items():
            assert value == pytest.approx(number(stated[name]), rel=1e-9, abs=1e-9), (code, name)


def test_correlations_with_parents_and_the_index_are_the_published_ones() -> None:
    scores = above()
    for row in rows("asem/F_weights/corr_indicator_index.csv"):
        found = correlation(scores[row["Var2"]], scores["Index"])
        assert found == pytest.approx(float(row["Correlation"]), abs=1e-9), row["Var2"]
    with_above = rows("asem/F_weights/corr_indicator_parent.csv")
    assert len(with_above) == 16
    for row in with_above:
        node = framework()[row["Var2"]]["Parent"] if row["Var1"] == "Sub-index" else "Index"
        found = correlation(scores[row["Var2"]], scores[node])
        assert found == pytest.approx(float(row["Correlation"]), abs=1e-9), row


def test_high_correlations_among_siblings_are_the_published_ones() -> None:
    stated = {
        (row["Group"], frozenset((row["Ind1"], row["Ind2"]))): float(row["Corr"])
        for row in rows("asem/F_weights/corr_flags_high_0.75.csv")
    }
    scores, found = normalised(), {}
    for pillar in (code for code, row in framework().items() if row["Level"] == "2"):
        own = children(pillar)
        table = correlations(scores[:, [CODES.index(code) for code in own]])
        for i, one in enumerate(own):
            for j in range(i):
                if abs(table[i, j]) > 0.75:
                    found[pillar, frozenset((one, own[j]))] = round(table[i, j], 3)
    assert found == stated


def test_cronbachs_alpha_is_the_published_one() -> None:
    for row in rows("asem/F_weights/cronbach_pillars.csv"):
        own = [CODES.index(code) for code in children(row["group"])]
        assert cronbach_alpha(normalised()[:, own]) == pytest.approx(float(row["alpha"]), abs=1e-9), row["group"]


def test_variance_shares_sum_to_one_and_follow_the_weights() -> None:
    generator = np.random.default_rng(2)
    columns, weights = generator.normal(size=(400, 3)), np.array([0.6, 0.3, 0.1])
    total = columns @ weights
    shares = variance_shares(columns, weights, total)
    assert shares.sum() == pytest.approx(1, abs=1e-12)
    # independent columns of the same spread: shares go with the squares of the weights
    assert shares == pytest.approx(weights**2 / (weights**2).sum(), abs=0.06)
    assert importance(columns, total) == pytest.approx(weights**2 / (weights**2).sum(), abs=0.06)


def test_a_column_against_the_total_has_a_negative_share() -> None:
    x = np.linspace(0, 1, 30)
    columns = np.column_stack([x, 1 - x])
    shares = variance_shares(columns, np.array([0.8, 0.2]), columns @ [0.8, 0.2])
    assert shares[1] < 0
    assert correlation(columns[:, 1], columns @ [0.8, 0.2]) == pytest.approx(-1)


def test_what_is_missing_or_constant_has_no_statistics() -> None:
    assert np.isnan(correlation(np.array([1.0, 2.0, NAN]), np.array([1.0, 2.0, 3.0])))
    assert np.isnan(correlation(np.ones(5), np.arange(5.0)))
    assert np.isnan(cronbach_alpha(np.arange(5.0)[:, None]))
    assert np.isnan(cronbach_alpha(np.ones((5, 2))))
    assert describe(np.array([NAN, NAN])).available == 0
    assert describe(np.full(4, 7.0)).constant
    assert np.isnan(describe(np.full(4, 7.0)).skewness)
    assert not describe(np.array([1.0, 2.0])).constant


def test_shares_at_the_ends_of_the_range() -> None:
    scores = np.array([100.0, 100.0 - 1e-12, 99.0, 0.0, NAN])
    assert share_at(scores, 100) == 0.5
    assert share_at(scores, 0) == 0.25
    assert share_at(scores, float("inf")) == 0
    assert np.isnan(share_at(np.array([NAN]), 100))


def test_outliers_lie_beyond_the_fences_of_tukey() -> None:
    # quartiles 5.75 and 15.25: the fences are at −8.5 and 29.5; 28 lies within, 31 beyond
    inner = np.arange(1.0, 20.0)
    assert list(np.percentile([*inner, 31.0], [25, 75])) == [5.75, 15.25]
    assert describe(np.array([*inner, 31.0])).outliers == pytest.approx(0.05)
    assert describe(np.array([*inner, 28.0])).outliers == 0
    assert describe(np.arange(20.0)).outliers == 0
