"""Published variants of an index through the warehouse: each month another version of the method or another year.

Oracles A (min-max, z-scores, percentile ranks; arithmetic, geometric, harmonic, mixed means), B (declared bounds,
clipped and open) and G (bounds frozen over a panel, gaps, two sets of weights, carrying forward), within 1e-9.
"""

from __future__ import annotations

from pathlib import Path

import asem_panel
import duckdb
import pytest

from city import StateFolder, load_city
from city.check import check_city, errors
from feeds.landing import land_department
from warehouse.dbt import run_dbt
from warehouse.filling import fill_warehouse
from warehouse.window import run_window

pytestmark = pytest.mark.end_to_end

TOLERANCE = 1e-9
UNITS, NODES = 51, 60
COMPARED = [(m, v) for m, v in zip(asem_panel.MONTHS, asem_panel.VARIANTS, strict=True) if v.scores]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """The warehouse after one run over all months."""
    assert asem_panel.ORACLE.is_relative_to(shared_data)
    place = tmp_path_factory.mktemp("asempanel")
    folder, sources = asem_panel.write_city(place)
    assert errors(check_city(folder)) == []
    city = load_city(folder)
    state = StateFolder(place / "home", city.key)
    for period in asem_panel.MONTHS:
        for receipt in land_department(city, state, "portal", period, str(sources), {}):
            assert receipt.reported, receipt.message
    fill_warehouse(city, state, run_window(city, asem_panel.MONTHS[0], asem_panel.MONTHS[-1]))
    run_dbt(city, state, ["run"], state.dbt / "target")
    return state.warehouse


def found(warehouse: Path, period: str) -> dict[tuple[str, str], float | None]:
    """Scores of a month by unit and node."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select unit_code, node_code, score from indices.node_scores where period = ?", [period]
        ).fetchall()
    assert len(rows) == UNITS * NODES
    return {(unit, node): score for unit, node, score in rows}


def expected(variant: asem_panel.Variant) -> dict[tuple[str, str], float | None]:
    """The published scores of a variant's year: indicators, and nodes above where the publisher has them."""
    scores: dict[tuple[str, str], float | None] = {}
    for file in filter(None, (variant.scores, variant.aggregates)):
        for row in asem_panel.read(file):
            if row.get("Time", variant.year) != variant.year:
                continue
            cells = {row["iCode"]: row["Score"]} if "iCode" in row else row
            for code, text in cells.items():
                if code not in ("uCode", "Time"):
                    scores[row["uCode"], code] = asem_panel.number(text)
    return scores


@pytest.mark.parametrize(("period", "variant"), COMPARED)
def test_scores_equal_the_published_ones(warehouse: Path, period: str, variant: asem_panel.Variant) -> None:
    scores, published = found(warehouse, period), expected(variant)
    assert len(published) == len({unit for unit, _ in published}) * (NODES if variant.aggregates else 49)
    assert len(published) > 1500
    for key, score in published.items():
        assert scores[key] == (None if score is None else pytest.approx(score, rel=0, abs=TOLERANCE)), (period, key)


@pytest.mark.parametrize("year", range(len(asem_panel.YEARS)))
def test_what_is_not_delivered_is_carried_forward(warehouse: Path, year: int) -> None:
    """The publisher takes the latest value without a limit; here four months reach the first of five."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select unit_code, indicator_code, value, status from indicators.indicator_values where period = ?",
            [asem_panel.CARRIED[year]],
        ).fetchall()
    values = {(unit, code): (value, status) for unit, code, value, status in rows}
    delivered = {
        row["uCode"]: row
        for row in asem_panel.read(f"{asem_panel.G}/impute_panel__input.csv")
        if row["Time"] == asem_panel.YEARS[year]
    }
    carried = 0
    for row in asem_panel.read(f"{asem_panel.G}/impute_panel__latest.csv"):
        if row["Time"] != asem_panel.YEARS[year]:
            continue
        for code in asem_panel.indicators():
            latest, own = asem_panel.number(row[code]), asem_panel.number(delivered[row["uCode"]][code])
            value, status = values[row["uCode"], code]
            assert value == latest, (row["uCode"], code)
            assert status == ("measured" if own is not None else "missing" if latest is None else "carried_forward")
            carried += status == "carried_forward"
    assert (carried > 100) == (year > 0)
