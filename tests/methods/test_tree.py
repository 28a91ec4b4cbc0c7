"""A framework's tree: read, refused when it is none, weighted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from city import load_city
from methods.tree import Tree, TreeError, effective_weights, tree_from_table, tree_of

#: An indicator on the first level, one on the second, and a level skipped.
TABLE: dict[str, list[Any]] = {
    "code": ["X", "A", "A2", "A1", "B", "C", "C1"],
    "parent": ["", "X", "A", "A", "X", "X", "C"],
    "level": [0, 1, 2, 2, 1, 1, 3],
    "weight": [1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 7.0],
    "aggregation": ["arithmetic", "geometric", "", None, "", "arithmetic", ""],
    "scoring": ["", "", "minmax", "minmax", "zscore", "", "minmax"],
    "minimum_coverage": [0.5] * 7,
    "floor": [1.0] * 7,
}


def table(**changed: list[Any]) -> dict[str, list[Any]]:
    return TABLE | changed


def test_a_tree_is_read_from_a_table() -> None:
    tree = tree_from_table(TABLE)
    assert [tree.codes[i] for i in tree.leaves] == ["A2", "A1", "B", "C1"]
    assert [tree.codes[i] for i in tree.children[tree.position["A"]]] == ["A1", "A2"]
    assert [tree.codes[i] for i in tree.upwards] == ["A", "C", "X"]
    assert [tree.codes[i] for i in tree.leaves_below(tree.position["A"])] == ["A2", "A1"]
    assert tree.effective_weight == pytest.approx([1, 0.5, 0.125, 0.375, 0.25, 0.25, 0.25])
    assert tree.effective_weight[tree.leaves].sum() == pytest.approx(1)


def test_effective_weights_of_many_weightings_at_once() -> None:
    tree = tree_from_table(TABLE)
    many = np.repeat(tree.weight[:, None], 2, axis=1)
    many[tree.position["B"], 1] = 0
    effective = effective_weights(tree, many)
    assert effective[:, 0].tolist() == tree.effective_weight.tolist()
    assert effective[:, 1] == pytest.approx([1, 2 / 3, 1 / 6, 1 / 2, 0, 1 / 3, 1 / 3])


def test_the_folder_and_the_table_give_the_same_tree() -> None:
    version = load_city("tianshui").versions[0]
    tree = tree_of(version.framework, version.rules)
    assert isinstance(tree, Tree)
    assert len(tree.codes) == 180
    assert len(tree.leaves) == 138
    assert tree.minimum_coverage[0] == version.rules["minimum_coverage"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"code": ["X", "A", "A2", "A2", "B", "C", "C1"]}, "A2 stands in the framework more than once"),
        ({"parent": ["", "X", "A", "A", "X", "", "C"]}, "here 2: X, C"),
        ({"parent": ["", "X", "A", "Z", "X", "X", "C"]}, "A1 hangs under Z, which is no node"),
        ({"level": [0, 1, 1, 2, 1, 1, 3]}, "A2 of level 1 hangs under A of level 1"),
        ({"weight": [1.0, 2.0, 0.0, 3.0, 1.0, 1.0, 7.0]}, "the weight of A2 is 0.0"),
        ({"weight": [1.0, 2.0, 1.0, float("nan"), 1.0, 1.0, 7.0]}, "the weight of A1 is nan"),
        ({"aggregation": ["arithmetic", "median", "", "", "", "", ""]}, "A is averaged by 'median'"),
        ({"scoring": ["", "minmax", "minmax", "minmax", "zscore", "", "minmax"]}, "A has children and a scoring kind"),
        ({"scoring": ["", "", "", "minmax", "zscore", "", "minmax"]}, "A2 has neither children nor a kind"),
        ({"floor": [1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]}, "A is averaged by geometric and needs a floor above 0"),
    ],
)
def test_what_is_no_tree_is_refused(changed: dict[str, list[Any]], words: str) -> None:
    with pytest.raises(TreeError, match=words):
        tree_from_table(table(**changed))


def test_a_table_without_the_rules_is_refused() -> None:
    with pytest.raises(TreeError, match="no column floor"):
        tree_from_table({name: column for name, column in TABLE.items() if name != "floor"})
