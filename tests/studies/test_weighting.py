"""Weights against published results: oracles/weights (AHP matrices; entropy and CRITIC on the 8 ASEM pillars)."""

from __future__ import annotations

import numpy as np
import pytest
from studies.oracle_files import children, content, matrix, rows

from methods.weighting import SAATY, WeightingError, ahp, combined, critic, entropy

CASES = content("weights/ahp_cases.json")
#: The table the published consistency ratios were computed with.
PUBLISHED_INDEX = {**SAATY, 3: 0.52, 4: 0.89, 7: 1.35}
PILLARS = sorted({row["group"] for row in rows("weights/pymcdm_asem_pillars.csv")})


def pairwise(case: dict) -> tuple[np.ndarray, list[str]]:
    names = list(case["weights_numpy"])
    judged = np.eye(len(names))
    for one, other, ratio in case["pairs"]:
        i, j = names.index(one), names.index(other)
        judged[i, j], judged[j, i] = ratio, 1 / ratio
    return judged, names


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_ahp_gives_the_published_eigenvector_and_consistency(case: dict) -> None:
    judged, names = pairwise(case)
    found = ahp(judged, PUBLISHED_INDEX, names)
    assert found.weights == pytest.approx(list(case["weights_numpy"].values()), abs=1e-9)
    assert found.lambda_max == pytest.approx(case["lambda_max"], abs=1e-9)
    assert found.consistency_index == pytest.approx(case["CI"], abs=1e-9)
    assert found.consistency_ratio == pytest.approx(case["CR_saaty"], abs=1e-9)
    assert found.accepted == (case["CR_saaty"] <= 0.10)


def test_saatys_classic_table_is_the_default() -> None:
    judged, names = pairwise(CASES[0])
    assert ahp(judged, names=names).consistency_ratio == pytest.approx(CASES[0]["CI"] / 0.58, abs=1e-12)


def test_a_consistency_ratio_of_a_tenth_is_the_most_that_is_accepted() -> None:
    judged, names = pairwise(CASES[0])
    index = CASES[0]["CI"]
    assert ahp(judged, {3: index / 0.0999}, names).accepted
    assert not ahp(judged, {3: index / 0.1001}, names).accepted


def test_weights_do_not_depend_on_the_order_of_elements() -> None:
    judged, _ = pairwise(CASES[1])
    order = np.random.default_rng(3).permutation(len(judged))
    assert ahp(judged[np.ix_(order, order)]).weights == pytest.approx(ahp(judged).weights[order], abs=1e-12)


def test_two_elements_are_consistent_by_definition() -> None:
    found = ahp(np.array([[1.0, 3.0], [1 / 3, 1.0]]))
    assert found.weights == pytest.approx([0.75, 0.25])
    assert found.accepted
    assert found.consistency_ratio == 0


@pytest.mark.parametrize(
    ("judged", "complaint"),
    [
        (np.ones((2, 3)), "not square: 2 × 3"),
        (np.array([[1.0, 2.0, 1.0], [0.4, 1.0, 1.0], [1.0, 1.0, 1.0]]), "not reciprocal: a against b is 2"),
        (np.array([[1.0, -2.0, 1.0], [-0.5, 1.0, 1.0], [1.0, 1.0, 1.0]]), "a ratio above 0 is needed"),
        (np.array([[2.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]), "a against itself is 2"),
    ],
)
def test_a_faulty_matrix_is_refused_by_name(judged: np.ndarray, complaint: str) -> None:
    with pytest.raises(WeightingError, match=complaint):
        ahp(judged, names=["a", "b", "c"][: max(2, judged.shape[0])])


def test_more_than_ten_elements_are_refused() -> None:
    assert ahp(np.ones((10, 10))).weights == pytest.approx([0.1] * 10)
    with pytest.raises(WeightingError, match="11 elements"):
        ahp(np.ones((11, 11)))


@pytest.mark.parametrize("pillar", PILLARS)
@pytest.mark.parametrize("method", ["entropy", "critic"])
def test_weights_from_data_are_the_published_ones(pillar: str, method: str) -> None:
    published = {
        row["iCode"]: float(row["weight"])
        for row in rows("weights/pymcdm_asem_pillars.csv")
        if row["group"] == pillar and row["method"] == method
    }
    units = [row["uCode"] for row in rows("asem/F_weights/input_normalised_complete.csv")]
    codes = children(pillar)
    scores = matrix("asem/F_weights/input_normalised_complete.csv", units, codes)
    found = entropy(scores, shift=1.0) if method == "entropy" else critic(scores + 1)
    assert found == pytest.approx([published[code] for code in codes], abs=1e-9)


def test_a_constant_column_has_no_weight() -> None:
    scores = np.array([[1.0, 5.0, 3.0], [2.0, 5.0, 9.0], [4.0, 5.0, 1.0]])
    for weights in (entropy(scores), critic(scores)):
        assert weights[1] == 0
        assert weights.sum() == pytest.approx(1)
    assert critic(scores)[[0, 2]] == pytest.approx(critic(scores[:, [0, 2]]))


def test_data_that_tell_nothing_give_no_weights() -> None:
    with pytest.raises(WeightingError, match="no column tells units apart"):
        entropy(np.ones((4, 3)))
    with pytest.raises(WeightingError, match="two columns that vary"):
        critic(np.ones((4, 3)))
    with pytest.raises(WeightingError, match="b: nothing but zeros"):
        entropy(np.array([[1.0, 0.0], [2.0, 0.0]]), names=["a", "b"])
    with pytest.raises(WeightingError, match="a: negative"):
        entropy(np.array([[-1.0, 1.0], [2.0, 3.0]]), names=["a", "b"])
    with pytest.raises(WeightingError, match="a: 1 values are missing"):
        critic(np.array([[np.nan, 1.0], [2.0, 3.0]]), names=["a", "b"])


def test_combined_weights_run_from_data_to_judgement() -> None:
    judged, measured = np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.2, 0.6])
    assert combined(judged, measured, 1) == pytest.approx(judged)
    assert combined(judged, measured, 0) == pytest.approx(measured)
    half = np.sqrt(judged * measured)
    assert combined(judged, measured, 0.5) == pytest.approx(half / half.sum())
    with pytest.raises(WeightingError, match="alpha"):
        combined(judged, measured, 1.5)
