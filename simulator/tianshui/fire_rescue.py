"""What 市消防救援支队 would send: fires, inspections, hazards, hydrants, stations, trainings.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period, add_months, month_index
from simulator.world import Ints, World, last_day

CAUSES = {
    "electrical": 24.0,
    "work": 6.0,
    "domestic_fire": 28.0,
    "smoking": 11.0,
    "playing": 6.0,
    "self_ignition": 4.0,
    "lightning": 0.2,
    "arson": 0.8,
    "other": 20.0,
}
#: A major hazard gets this many months, and is listed anew a year after it was first.
MONTHS_TO_CLOSE, MONTHS_LISTED = 8, 12


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    planned = np.maximum(world.stock("fire_inspection_plan", 1.8, period), 2)
    return {
        "fire_incident": _fire_incident(world, period),
        "fire_inspection": _fire_inspection(world, period, planned),
        "fire_hazard": world.deadline_cases(
            world.rng("fire_rescue", "fire_hazard", period),
            1.5,
            period,
            topic="fire",
            on_time=world.quality("fire_hazards", period, 0.935),
            prefix="HZ",
            days=30,
        ),
        "major_fire_hazard": _major_fire_hazard(world, period),
        "hydrant": _hydrant(world, period),
        "fire_station": _fire_station(world, period),
        "fire_training": _fire_training(world, period),
        "inspection_plan": world.monthly_return({"fire_inspections_planned": planned}, period),
    }


def _fire_incident(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("fire_rescue", "fire_incident", period)
    incidents = world.events(rng, 0.5, period, "fire", county_only=0.005)
    n = incidents.height
    called = world.times(rng, period, n)
    slowness = 1 + 3 * (0.93 - world.quality("fire_arrival", period))
    minutes = np.where(world.is_street, 5.2, 15.5) * slowness
    arrived = world.after(rng, called, 60 * world.at(minutes, incidents["unit_code"]), sigma=0.4)
    arrived[rng.random(n) < 0.03] = np.datetime64("NaT")
    larger = rng.random(n) < 0.0004
    deaths = (rng.random(n) < 0.0035).astype(np.int64) * (1 + (rng.random(n) < 0.1))
    deaths[larger] = 3 + rng.poisson(0.3, int(larger.sum()))
    return incidents.with_columns(
        record_id=world.record_ids("F", period, n),
        occurred_at=called,
        arrived_at=arrived,
        cause=world.choose(rng, CAUSES, n),
        grade=np.where(larger, "larger", "general"),
        deaths=deaths,
        loss_yuan=world.amounts(rng, n, 6_000, 1.4) * np.where(larger, 80, 1),
    )


def _fire_inspection(world: World, period: Period, planned: Ints) -> pl.DataFrame:
    rng = world.rng("fire_rescue", "fire_inspection", period)
    # Some inspections are not planned (complaints, festivals), so a plan can be overfulfilled.
    share = world.quality("fire_inspection", period, 0.94)
    done = rng.binomial(planned, share) + rng.poisson(0.03 * planned)
    n = int(done.sum())
    return pl.DataFrame(
        {
            "record_id": world.record_ids("XF", period, n),
            "unit_code": np.repeat(world.unit_codes, done),
            "inspected_at": world.times(rng, period, n, "office"),
            "passed": rng.random(n) < 0.82,
        }
    )


def _major_fire_hazard(world: World, period: Period) -> pl.DataFrame:
    ledger = world.ledger(("fire_rescue", "major_fire_hazard"), 0.2, period, prefix="ZD")
    phase = np.floor(world.item_uniform(ledger, "major_fire_hazard/listed") * MONTHS_LISTED).astype(np.int64)
    month = (month_index(period) - phase) % MONTHS_LISTED
    slow = world.item_uniform(ledger, "major_fire_hazard/slow") < 0.3
    due = [last_day(add_months(period, int(MONTHS_TO_CLOSE - m))) for m in month]
    return ledger.with_columns(
        due_on=pl.Series(due, dtype=pl.Date),
        closed=(month >= MONTHS_TO_CLOSE) & ~slow,
    )


def _hydrant(world: World, period: Period) -> pl.DataFrame:
    # Small towns have no municipal mains.
    residents = world.residents("2021-01")
    installed = np.where(world.is_street, 50, np.where(residents < 9_000, 0, 6))
    ledger = world.ledger(("fire_rescue", "hydrant"), installed, period, prefix="XHS")
    share = world.quality("hydrants", period, 0.955)
    return ledger.with_columns(working=world.flags(ledger, "hydrant", share, period))


def _fire_station(world: World, period: Period) -> pl.DataFrame:
    required = np.where(world.is_street, 7, 4)
    ledger = world.ledger(("fire_rescue", "fire_station"), required, period, prefix="XFZ")
    u = world.item_uniform(ledger, "fire_station/kind")
    kind = np.where(u < 0.08, "full_time_brigade", np.where(u < 0.3, "volunteer_brigade", "micro_station"))
    share = world.quality("fire_stations", period, 0.93)
    return ledger.with_columns(kind=kind, compliant=world.flags(ledger, "fire_station", share, period))


def _fire_training(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("fire_rescue", "fire_training", period)
    trainings = world.events(rng, 0.6, period, county_only=0.02)
    n = trainings.height
    return trainings.with_columns(
        record_id=world.record_ids("PX", period, n),
        occurred_at=world.times(rng, period, n, "office"),
        persons=world.amounts(rng, n, 55, 0.6),
    )
