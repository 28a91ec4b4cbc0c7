"""What 市应急管理局 would send: work accidents, hazards, inspections, disasters, wildfires.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period
from simulator.world import Ints, World

DISASTERS = {
    "flood": 38.0,
    "drought": 8.0,
    "hail": 26.0,
    "frost": 9.0,
    "snow": 3.0,
    "earthquake": 1.0,
    "geological": 15.0,
}


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    planned = np.maximum(world.stock("safety_inspection_plan", 1.6, period), 2)
    return {
        "work_accident": _work_accident(world, period),
        "hazard": _hazard(world, period),
        "safety_inspection": _safety_inspection(world, period, planned),
        "disaster": _disaster(world, period),
        "wildfire": _wildfire(world, period),
        "inspection_plan": world.monthly_return({"safety_inspections_planned": planned}, period),
    }


def _work_accident(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("emergency", "work_accident", period)
    accidents = world.events(rng, 0.035, period, "work_safety", county_only=0.03)
    n = accidents.height
    deaths = (rng.random(n) < 0.09).astype(np.int64) * (1 + (rng.random(n) < 0.08))
    several = rng.random(n) < 0.003
    deaths[several] = 3 + rng.poisson(0.4, int(several.sum()))
    return accidents.with_columns(
        record_id=world.record_ids("SG", period, n),
        occurred_at=world.times(rng, period, n),
        deaths=deaths,
    )


def _hazard(world: World, period: Period) -> pl.DataFrame:
    kinds = []
    for level, rate, share, prefix, days in (
        ("general", 2.2, 0.935, "YB", 15),
        ("major", 0.07, 0.965, "ZD", 60),
    ):
        rng = world.rng("emergency", f"hazard/{level}", period)
        on_time = world.quality("safety_hazards", period, share)
        cases = world.deadline_cases(rng, rate, period, topic="work_safety", on_time=on_time, prefix=prefix, days=days)
        kinds.append(cases.with_columns(level=pl.lit(level)))
    return pl.concat(kinds)


def _safety_inspection(world: World, period: Period, planned: Ints) -> pl.DataFrame:
    rng = world.rng("emergency", "safety_inspection", period)
    # Some inspections are not planned (after accidents, campaigns), so a plan can be overfulfilled.
    share = world.quality("safety_inspection", period, 0.94)
    done = rng.binomial(planned, share) + rng.poisson(0.03 * planned)
    n = int(done.sum())
    return pl.DataFrame(
        {
            "record_id": world.record_ids("ZF", period, n),
            "unit_code": np.repeat(world.unit_codes, done),
            "inspected_at": world.times(rng, period, n, "office"),
            "passed": rng.random(n) < 0.78,
        }
    )


def _disaster(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("emergency", "disaster", period)
    disasters = world.events(rng, 0.06, period, "disasters")
    n = disasters.height
    return disasters.with_columns(
        record_id=world.record_ids("ZQ", period, n),
        occurred_at=world.times(rng, period, n, "even"),
        kind=world.choose(rng, DISASTERS, n),
        affected=world.amounts(rng, n, 120, 0.9),
        deaths=(rng.random(n) < 0.006).astype(np.int64),
        missing=(rng.random(n) < 0.003).astype(np.int64),
    )


def _wildfire(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("emergency", "wildfire", period)
    fires = world.events(rng, 0.004, period, "wildfire")
    n = fires.height
    return fires.with_columns(
        record_id=world.record_ids("SL", period, n),
        occurred_at=world.times(rng, period, n),
        land=world.choose(rng, {"forest": 7.0, "grassland": 3.0}, n),
        grade=world.choose(rng, {"general": 95.0, "larger": 5.0}, n),
    )
