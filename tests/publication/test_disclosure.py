"""What a public set withholds: on a county of four towns, small enough to check by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from methods.tree import tree_from_table
from publication.disclosure import PublishedNumbers, Withheld, withheld_cells

TREE = tree_from_table(
    {
        "code": ["I", "S", "a", "b"],
        "parent": ["", "I", "S", "S"],
        "level": [0, 2, 3, 3],
        "weight": [1.0, 1.0, 0.7, 0.3],
        "aggregation": ["arithmetic"] * 4,
        "scoring": ["", "", "minmax", "minmax"],
        "minimum_coverage": [0.5] * 4,
        "floor": [1.0] * 4,
    }
)
#: County first, then its towns.
PARENTS = [-1, 0, 0, 0, 0]
ROWS = slice(1, None)


def county(cases: list[float], disclosure: str = "", other: list[float] | None = None) -> PublishedNumbers:
    """Towns with so many cases (indicator a) and another thing, never few (indicator b)."""
    other = other or [100.0, 200.0, 300.0, 400.0]
    quantity = np.array([[sum(cases), sum(other)], *([c, o] for c, o in zip(cases, other, strict=True))])
    score = np.column_stack([np.full(5, 80.0), np.full(5, 80.0), 100 - quantity[:, 0], np.full(5, 60.0)])
    return PublishedNumbers(
        unit_parent=PARENTS,
        quantity=quantity,
        disclosure=[disclosure, ""],
        tree=TREE,
        numerator=quantity.copy(),
        denominator=np.full((5, 2), np.nan),
        numerator_measures=[[0], [1]],
        denominator_measures=[[], []],
        score=score,
    )


def of_towns(table: npt.NDArray[np.str_], column: int) -> list[str]:
    return [str(word) for word in table[ROWS, column]]


def test_counts_under_five_are_withheld_with_value_and_score() -> None:
    told = withheld_cells(county([4, 3, 50, 60]))
    for table, column in ((told.measures, 0), (told.leaves, 0), (told.nodes, 2)):
        assert of_towns(table, column)[:2] == ["small_count", "small_count"]


def test_a_single_withheld_town_takes_the_smallest_other_with_it() -> None:
    told = withheld_cells(county([4, 70, 50, 60]))
    assert of_towns(told.measures, 0) == ["small_count", "", "complementary", ""]
    assert told.measures[0, 0] == "", "the county's total stays"


def test_two_withheld_towns_that_add_up_to_less_than_five_are_not_enough() -> None:
    told = withheld_cells(county([0, 1, 50, 60]))
    assert of_towns(told.measures, 0) == ["small_count", "small_count", "complementary", ""]


def test_where_no_town_is_left_the_total_goes() -> None:
    told = withheld_cells(county([0, 0, 0, 1]))
    assert told.measures[0, 0] == "small_count"
    assert (told.leaves[:, 0] != "").all()


def test_a_withheld_indicator_takes_a_sibling_so_that_the_node_does_not_give_it_back() -> None:
    told = withheld_cells(county([4, 3, 50, 60]))
    assert of_towns(told.nodes, 3) == ["complementary", "complementary", "", ""]
    assert of_towns(told.measures, 1) == ["complementary", "complementary", "", ""]
    assert told.nodes[1, 1] == "", "the second level is told"
    assert told.inexact[1, 1], "but not exactly"
    assert told.inexact[1, 0]
    assert not told.inexact[3, 1]


def test_a_node_with_one_child_goes_with_it() -> None:
    numbers = county([4, 3, 50, 60])
    numbers.score[:, 3] = np.nan  # b has no score anywhere
    told = withheld_cells(numbers)
    assert of_towns(told.nodes, 1) == ["complementary", "complementary", "", ""]
    assert told.nodes[1, 0] == "complementary", "the overall index has that one child only"


def test_sensitive_measures_are_told_from_the_second_level_up_for_every_unit() -> None:
    told = withheld_cells(county([500, 600, 700, 800], disclosure="sensitive"))
    assert (told.leaves[:, 0] == "sensitive").all()
    assert (told.nodes[:, 2] == "sensitive").all()
    assert (told.nodes[:, 1] == "").all()


def test_open_measures_may_be_few() -> None:
    told = withheld_cells(county([1, 2, 3, 4], disclosure="open"))
    assert (told.measures == "").all()
    assert (told.nodes == "").all()


@pytest.mark.parametrize("seed", range(40))
def test_no_withheld_count_follows_from_what_is_told(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cases = rng.poisson(rng.choice([1, 4, 12]), 4).astype(float)
    other = rng.poisson(rng.choice([2, 8, 40]), 4).astype(float)
    numbers = county(list(cases), other=list(other))
    told = withheld_cells(numbers)
    for column in (0, 1):
        _assert_undetermined(numbers, told, column)
    for unit in range(5):  # the mean of the two children gives neither back
        hidden = [told.nodes[unit, leaf] != "" for leaf in (2, 3)]
        assert sum(hidden) != 1 or told.nodes[unit, 1] != ""


def _assert_undetermined(numbers: PublishedNumbers, told: Withheld, column: int) -> None:
    hidden = told.measures[ROWS, column] != ""
    assert ((numbers.quantity[:, column] >= 5) | (told.measures[:, column] != "")).all()
    if told.measures[0, column] == "" and hidden.any():
        rest = numbers.quantity[0, column] - numbers.quantity[ROWS, column][~hidden].sum()
        assert hidden.sum() >= 2
        assert rest >= 5
