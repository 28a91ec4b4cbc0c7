"""Every change comes apart exactly: any tree, any gaps, any change of weights, posts and averages."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from methods.decomposition import Decomposition, PeriodScores
from methods.tree import Tree

NAN = math.nan
AVERAGES = ("arithmetic", "geometric", "harmonic")


def tree(*nodes: tuple[str, str, float, str], floor: float = 1.0) -> Tree:
    """(code, parent, weight, average); a node without an average is an indicator."""
    codes = [node[0] for node in nodes]
    level = {"": -1}
    for code, parent, *_ in nodes:
        level[code] = level[parent] + 1
    return Tree(
        codes=tuple(codes),
        parent=np.array([codes.index(p) if p else -1 for _, p, *_ in nodes], dtype=np.intp),
        level=np.array([level[code] for code in codes], dtype=np.intp),
        weight=np.array([node[2] for node in nodes], dtype=np.float64),
        aggregation=tuple(node[3] or "arithmetic" for node in nodes),
        scoring=tuple("" if node[3] else "minmax" for node in nodes),
        minimum_coverage=np.full(len(nodes), 0.5),
        floor=np.full(len(nodes), floor),
    )


def scored(shape: Tree, leaves: dict[str, float], without: frozenset[str] = frozenset()) -> dict[str, float]:
    """Scores of all nodes of one unit, node by node in plain Python; nodes in `without` fell under their coverage."""
    scores = {code: leaves.get(code, NAN) for code in shape.codes if shape.scoring[shape.position[code]]}
    for node in sorted((c for c in shape.codes if c not in scores), key=lambda c: -shape.level[shape.position[c]]):
        place = shape.position[node]
        below = [c for c in shape.codes if shape.parent[shape.position[c]] == place and not math.isnan(scores[c])]
        scores[node] = NAN
        if not below or node in without:
            continue
        weights = [float(shape.weight[shape.position[c]]) for c in below]
        raised = [max(scores[c], float(shape.floor[place])) for c in below]
        match shape.aggregation[place]:
            case "geometric":
                total = sum(w * math.log(x) for w, x in zip(weights, raised, strict=True))
                scores[node] = math.exp(total / sum(weights))
            case "harmonic":
                scores[node] = sum(weights) / sum(w / x for w, x in zip(weights, raised, strict=True))
            case _:
                scores[node] = sum(w * scores[c] for w, c in zip(weights, below, strict=True)) / sum(weights)
    return scores


def period(shape: Tree, *units: dict[str, float]) -> PeriodScores:
    """Both sides of a comparison are made of these."""
    return PeriodScores(shape, np.array([[unit[code] for unit in units] for code in shape.codes]))


def effects_of(then: PeriodScores, now: PeriodScores, node: str, **fields: Any) -> dict[str, tuple[float, ...]]:
    """(value, weight, availability, method) of the first unit by indicator."""
    found = Decomposition(then, now, **fields).effects(node)
    parts = np.stack([found.value, found.weight, found.availability, found.method])[:, :, 0]
    return {code: tuple(parts[:, row]) for row, code in enumerate(found.indicators)}


FLAT = tree(("I", "", 1, "arithmetic"), ("a", "I", 1, ""), ("b", "I", 3, ""))


def test_a_change_of_a_score_moves_the_mean_by_its_weight() -> None:
    then, now = (period(FLAT, scored(FLAT, {"a": a, "b": 80})) for a in (60, 70))
    assert effects_of(then, now, "I") == {"a": (2.5, 0, 0, 0), "b": (0, 0, 0, 0)}


def test_what_a_township_stops_reporting_is_availability_and_the_rest_weight() -> None:
    then = period(FLAT, scored(FLAT, {"a": 60, "b": 80}))
    now = period(FLAT, scored(FLAT, {"b": 80}))
    # I goes from 75 to 80, c = 77.5: a takes -0.25 (60 - c), b's weight goes from 0.75 to 1 above c
    assert effects_of(then, now, "I") == {"a": (0, 0, 4.375, 0), "b": (0, 0.625, 0, 0)}


def test_effects_do_not_depend_on_the_zero_of_the_scale() -> None:
    then = [{"a": 60.0, "b": 80.0}, {"a": 60.0}, {"a": 3.0, "b": 9.0}]
    now = [{"b": 84.0}, {"a": 61.0, "b": 12.0}, {"a": 5.0, "b": 2.0}]
    heavier = tree(("I", "", 1, "arithmetic"), ("a", "I", 2, ""), ("b", "I", 3, ""))
    found = []
    for shift in (0.0, 1000.0):
        sides = [
            period(shape, *(scored(shape, {c: x + shift for c, x in unit.items()}) for unit in units))
            for shape, units in ((FLAT, then), (heavier, now))
        ]
        found.append(Decomposition(*sides).effects("I"))
    for name in ("value", "weight", "availability", "method"):
        np.testing.assert_allclose(getattr(found[0], name), getattr(found[1], name), atol=1e-10)


def test_new_posts_are_the_methods_effect_and_not_the_departments() -> None:
    then, now = period(FLAT, scored(FLAT, {"a": 60, "b": 80})), period(FLAT, scored(FLAT, {"a": 66, "b": 80}))
    # by the new posts a had been 50: it rose by 16 and the method took 10
    again = np.array([[50.0], [NAN]])
    assert effects_of(then, now, "I", rescored=again) == {"a": (4.0, 0, 0, -2.5), "b": (0, 0, 0, 0)}


def test_another_average_is_a_method_effect() -> None:
    geometric = tree(("I", "", 1, "geometric"), ("a", "I", 1, ""), ("b", "I", 1, ""))
    arithmetic = tree(("I", "", 1, "arithmetic"), ("a", "I", 1, ""), ("b", "I", 1, ""))
    then, now = (period(shape, scored(shape, {"a": 16, "b": 64})) for shape in (geometric, arithmetic))
    found = effects_of(then, now, "I")
    assert found == {code: pytest.approx((0, 0, 0, 4), abs=1e-12) for code in "ab"}


def test_a_geometric_mean_moves_by_its_logarithmic_mean() -> None:
    shape = tree(("I", "", 1, "geometric"), ("a", "I", 1, ""), ("b", "I", 3, ""))
    then, now = period(shape, scored(shape, {"a": 20, "b": 50})), period(shape, scored(shape, {"a": 40, "b": 25}))
    low, high = 20**0.25 * 50**0.75, 40**0.25 * 25**0.75
    mean = (high - low) / math.log(high / low)
    found = effects_of(then, now, "I")
    assert found["a"] == pytest.approx((mean * 0.25 * math.log(2), 0, 0, 0), abs=1e-12)
    assert found["b"] == pytest.approx((mean * 0.75 * math.log(0.5), 0, 0, 0), abs=1e-12)


def test_under_the_floor_of_a_geometric_node_nothing_moves() -> None:
    shape = tree(("I", "", 1, "geometric"), ("a", "I", 1, ""), ("b", "I", 1, ""), floor=10)
    then, now = period(shape, scored(shape, {"a": 2, "b": 50})), period(shape, scored(shape, {"a": 7, "b": 60}))
    found = effects_of(then, now, "I")
    assert found["a"] == (0, 0, 0, 0)
    assert found["b"][0] == pytest.approx(math.sqrt(600) - math.sqrt(500), abs=1e-12)


def test_a_node_under_its_coverage_takes_its_indicators_with_it() -> None:
    shape = tree(
        ("I", "", 1, "arithmetic"),
        ("A", "I", 1, "arithmetic"),
        ("b", "I", 1, ""),
        ("a1", "A", 1, ""),
        ("a2", "A", 1, ""),
    )
    then = period(shape, scored(shape, {"a1": 40, "a2": 60, "b": 90}))
    now = period(shape, scored(shape, {"a1": 44, "b": 90}, without=frozenset({"A"})))
    found = effects_of(then, now, "I")
    # from 70 to 90, c = 80: both indicators of A vanish, though a1 still has a score
    assert found == {"a1": (0, 0, 10, 0), "a2": (0, 0, 5, 0), "b": (0, 5, 0, 0)}
    nothing = Decomposition(then, now).effects("A")
    assert not nothing.comparable[0]
    assert not nothing.total.any()


def test_only_a_node_of_both_versions_is_decomposed() -> None:
    other = tree(("I", "", 1, "arithmetic"), ("a", "I", 1, ""), ("b", "I", 1, "arithmetic"), ("c", "b", 1, ""))
    then, now = period(FLAT, scored(FLAT, {"a": 1, "b": 2})), period(other, scored(other, {"a": 1, "c": 2}))
    changes = Decomposition(then, now)
    with pytest.raises(KeyError, match="c is not a node of both"):
        changes.effects("c")
    with pytest.raises(KeyError, match="b is an indicator in one"):
        changes.effects("b")
    assert changes.effects("I").total.sum() == pytest.approx(1.5 - 1.75)


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[PeriodScores, PeriodScores, np.ndarray[Any, Any], list[str]]:
    """Two versions of a random framework, scores with gaps, and some old values scored by a new rule."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    averages = draw(st.sampled_from([("arithmetic",), AVERAGES, ("geometric",), ("harmonic", "arithmetic")]))
    gaps, low = draw(st.sampled_from([0.0, 0.2, 0.6])), draw(st.sampled_from([-20.0, 0.0, 5.0]))
    new_method = draw(st.booleans())

    def framework() -> list[tuple[str, str, float, str]]:
        nodes = [("I", "", 1.0, rng.choice(averages))]
        for first in range(rng.randint(1, 3)):
            if rng.random() < 0.25:
                nodes.append((f"L{first}", "I", rng.uniform(0.1, 9), ""))
                continue
            nodes.append((f"A{first}", "I", rng.uniform(0.1, 9), rng.choice(averages)))
            for second in range(rng.randint(1, 3)):
                name = f"A{first}{second}"
                if rng.random() < 0.5:
                    nodes.append((f"{name}x", f"A{first}", rng.uniform(0.1, 9), ""))
                    continue
                nodes.append((name, f"A{first}", rng.uniform(0.1, 9), rng.choice(averages)))
                nodes += [(f"{name}{leaf}", name, rng.uniform(0.1, 9), "") for leaf in "pqr"[: rng.randint(1, 3)]]
        return nodes

    old = framework()
    new = framework() if new_method else old
    shapes = [tree(*nodes, floor=rng.choice([1.0, 30.0])) for nodes in (old, new)]
    if not new_method:
        shapes[1] = shapes[0]
    sides = []
    for shape in shapes:
        units = []
        for _ in range(4):
            leaves = {
                c: rng.uniform(low, 100)
                for c in shape.codes
                if shape.scoring[shape.position[c]] and rng.random() >= gaps
            }
            inner = [c for c in shape.codes if not shape.scoring[shape.position[c]] and c != "I"]
            units.append(scored(shape, leaves, frozenset(c for c in inner if rng.random() < gaps / 3)))
        sides.append(period(shape, *units))
    old_leaves = len(shapes[0].leaves)
    again = np.array([[rng.choice([NAN, rng.uniform(low, 100)]) for _ in range(4)] for _ in range(old_leaves)])
    again[np.isnan(sides[0].scores[shapes[0].leaves])] = NAN
    inner = [c for c in shapes[0].codes if not shapes[0].scoring[shapes[0].position[c]]]
    shared = [c for c in inner if c in shapes[1].position and not shapes[1].scoring[shapes[1].position[c]]]
    return sides[0], sides[1], again, shared


@given(comparisons())
@settings(max_examples=300, deadline=None)
def test_effects_sum_to_the_change_whatever_is_missing_and_whatever_the_method(
    comparison: tuple[PeriodScores, PeriodScores, np.ndarray[Any, Any], list[str]],
) -> None:
    then, now, again, nodes = comparison
    changes = Decomposition(then, now, again)
    for node in nodes:
        change = now.scores[now.tree.position[node]] - then.scores[then.tree.position[node]]
        found = changes.effects(node)
        assert (found.comparable == ~np.isnan(change)).all()
        total = found.total.sum(axis=0)
        np.testing.assert_allclose(total[found.comparable], change[found.comparable], atol=1e-9, rtol=0)
        assert not found.total[:, ~found.comparable].any()
        if then.tree is now.tree:
            unchanged = np.isnan(again).all(axis=1)
            rows = [i for i, code in enumerate(found.indicators) if unchanged[list(_leaf_codes(then.tree)).index(code)]]
            assert not found.method[rows].any()


def _leaf_codes(shape: Tree) -> list[str]:
    return [shape.codes[i] for i in shape.leaves]
