"""Scores packed for the compare page: what its script unpacks, in V8, is what was packed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_mini_racer import MiniRacer

from publication.site.packing import RUN, packed

UNPACK = Path(__file__).resolve().parents[2] / "publication" / "site" / "assets" / "unpack.js"
NONE = float("nan")


@pytest.fixture(scope="module")
def engine() -> MiniRacer:
    engine = MiniRacer()
    engine.eval(UNPACK.read_text(encoding="utf-8"))
    return engine


def read(engine: MiniRacer, series: Sequence[Sequence[float]]) -> list[list[float | None]]:
    text = packed(series)
    assert json.dumps(text) == f'"{text}"', "a character has to be escaped in a script"
    return json.loads(engine.eval(f"JSON.stringify(pinganUnpack({json.dumps(text)}, {len(series[0])}))"))


def shown(series: Sequence[Sequence[float]]) -> list[list[float | None]]:
    return [[None if value != value else round(value * 100) / 100 for value in months] for months in series]


@pytest.mark.parametrize(
    "series",
    [
        [[91.37, NONE, 91.37, 91.38], [0.0, 100.0, 100.0, 99.85]],
        [[-229.27, 12.5], [NONE, 4_000_000.01], [-229.27, -229.27]],
        [[NONE, NONE], [NONE, 0.0]],
        [[0.0], [7.25], [7.25]],
        [[50.0] * (2 * RUN + 3), [50.0] * RUN + [NONE] + [50.0] * (RUN + 2)],
        [[50.0 + step / 100 for step in range(-60, 60)], [50.0 + (-1) ** step * step**2 / 100 for step in range(120)]],
    ],
)
def test_what_the_script_reads_is_what_was_packed(engine: MiniRacer, series: list[list[float]]) -> None:
    assert read(engine, series) == shown(series)


def lists_of(months: int) -> st.SearchStrategy[list[list[float]]]:
    score = st.integers(-300, 10_100).map(lambda number: NONE if number < -100 else number / 100)
    return st.lists(st.lists(score, min_size=months, max_size=months), min_size=1, max_size=4)


@given(st.integers(1, 15).flatmap(lists_of))
def test_any_scores_are_read_again(engine: MiniRacer, series: list[list[float]]) -> None:
    assert read(engine, series) == shown(series)
