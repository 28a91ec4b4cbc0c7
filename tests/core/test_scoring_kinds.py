"""The scoring macros at their corner points: the rendered SQL, run by DuckDB, against METHODS.md section 2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pytest

MACROS = Path(__file__).resolve().parents[2] / "dbt_project" / "macros" / "scoring.sql"
UP, DOWN = 1, -1
TYPES = {"reference_values": "double[]", "clip": "boolean", "direction": "integer"}


@pytest.fixture(scope="module")
def kinds() -> Any:
    # dbt's macros are Jinja; these use nothing that only dbt knows
    return jinja2.Environment(autoescape=False).from_string(MACROS.read_text(encoding="utf-8")).module  # noqa: S701


def scored(kinds: Any, kind: str, x: float | None, needed: tuple[str, ...] = (), **parameters: Any) -> Any:
    sql = getattr(kinds, kind)("v.x")
    if needed:
        sql = kinds.scored_with(needed, sql)
    columns = ", ".join(f"?::{TYPES.get(name, 'double')} as {name}" for name in parameters)
    query = f"select {sql} from (select ?::double as x) as v, (select {columns}) as p"  # noqa: S608
    row = duckdb.execute(query, [x, *parameters.values()]).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("x", "expected"),
    [(-1e9, 0), (30, 0), (45, 30), (60, 60), (70, 80), (80, 100), (81, 100), (1e9, 100), (29.999, 0)],
)
def test_goalpost_rising(kinds: Any, x: float, expected: float) -> None:
    assert scored(kinds, "goalpost", x, p0=30, p60=60, p100=80) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("x", "expected"), [(61, 0), (60, 0), (40, 30), (20, 60), (10, 80), (0, 100), (-5, 100)])
def test_goalpost_falling(kinds: Any, x: float, expected: float) -> None:
    assert scored(kinds, "goalpost", x, p0=60, p60=20, p100=0) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("direction", "x", "expected"),
    [
        *((UP, 0, 0), (UP, 49, 50), (UP, 98, 100), (UP, 99, 100), (UP, -3, 0)),
        *((DOWN, 0, 100), (DOWN, 98, 100), (DOWN, 98.0000001, 100 * 98 / 98.0000001), (DOWN, 196, 50)),
    ],
)
def test_target_attainment(kinds: Any, direction: int, x: float, expected: float) -> None:
    assert scored(kinds, "target_attainment", x, target=98, direction=direction) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("direction", "x", "expected"),
    [
        *((UP, 2, 60), (UP, 10, 100), (UP, 11, 100), (UP, 6, 80), (UP, -2, 40), (UP, -10, 0), (UP, -11, 0)),
        *((DOWN, 10, 60), (DOWN, 2, 100), (DOWN, 1, 100), (DOWN, 6, 80), (DOWN, 14, 40), (DOWN, 22, 0), (DOWN, 99, 0)),
    ],
)
def test_relative_minmax(kinds: Any, direction: int, x: float, expected: float) -> None:
    found = scored(kinds, "relative_minmax", x, lo=2, hi=10, direction=direction)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("direction", "clip", "x", "expected"),
    [
        *((UP, True, 2, 10), (UP, True, 10, 90), (UP, True, 12, 90), (UP, True, 0, 10), (UP, True, 6, 50)),
        *((DOWN, True, 2, 90), (DOWN, True, 10, 10), (DOWN, True, 12, 10), (DOWN, True, 4, 70)),
        *((UP, False, 12, 110), (UP, False, 0, -10), (DOWN, False, 12, -10), (DOWN, False, 0, 110)),
    ],
)
def test_minmax(kinds: Any, direction: int, clip: bool, x: float, expected: float) -> None:
    found = scored(kinds, "minmax", x, lo=2, hi=10, direction=direction, clip=clip, range_low=10, range_high=90)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("direction", "x", "expected"), [(UP, 4, 50), (UP, 6, 60), (DOWN, 6, 40), (UP, 104, 550)])
def test_zscore_has_no_bounds(kinds: Any, direction: int, x: float, expected: float) -> None:
    found = scored(kinds, "zscore", x, direction=direction, mean=4, sd=2, centre=50, spread=10)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("direction", "x", "expected"),
    [
        # five values, two of them tied: (rank_min - 1) / 4
        *((UP, 1, 0), (UP, 2, 25), (UP, 3, 75), (UP, 4, 100), (UP, 0, 0), (UP, 99, 100), (UP, 2.5, 75)),
        *((DOWN, 4, 0), (DOWN, 3, 25), (DOWN, 2, 50), (DOWN, 1, 100), (DOWN, 99, 0), (DOWN, 0, 100)),
        # the last bit of a floating sum is a tie, not a rank
        *((UP, 3 * (1 + 2e-16), 75), (UP, 3 * (1 - 2e-16), 75), (DOWN, 3 * (1 + 4e-16), 25)),
    ],
)
def test_percentile_rank(kinds: Any, direction: int, x: float, expected: float) -> None:
    reference = [1.0, 2.0, 2.0, 3.0, 4.0]
    found = scored(kinds, "percentile_rank", x, direction=direction, factor=100, reference_values=reference)
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("kind", "needed", "parameters"),
    [
        ("goalpost", ("p0", "p60", "p100"), {"p0": 1, "p60": 2, "p100": None}),
        ("target_attainment", ("target",), {"target": None, "direction": UP}),
        ("relative_minmax", ("lo", "hi"), {"lo": None, "hi": None, "direction": UP}),
        ("relative_minmax", ("lo", "hi"), {"lo": 1, "hi": None, "direction": DOWN}),
        (
            "minmax",
            ("lo", "hi"),
            {"lo": None, "hi": 1, "direction": UP, "clip": True, "range_low": 0, "range_high": 100},
        ),
        ("percentile_rank", ("reference_values",), {"reference_values": None, "factor": 100, "direction": UP}),
    ],
)
def test_an_unknown_parameter_is_no_score(
    kinds: Any, kind: str, needed: tuple[str, ...], parameters: dict[str, Any]
) -> None:
    """least() and greatest() pass over nulls: unguarded, each of these would be the best score."""
    assert scored(kinds, kind, 1.5, needed, **parameters) is None
