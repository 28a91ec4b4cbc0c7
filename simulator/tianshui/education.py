"""What 市教育局 would send: protection of each campus, and campus incidents.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period
from simulator.world import World


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    return {"school": _school(world, period), "school_incident": _school_incident(world, period)}


def _school(world: World, period: Period) -> pl.DataFrame:
    schools = world.ledger(("education", "school"), 4.5, period, prefix="XX")
    duty = world.quality("campus_protection", period, 0.982)
    return schools.with_columns(
        guard=world.flags(schools, "school/guard", duty, period),
        alarm=world.flags(schools, "school/alarm", duty, period),
        closed=world.flags(schools, "school/closed", duty, period),
    )


def _school_incident(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("education", "school_incident", period)
    # Campuses are empty in the holidays: January and February, July and August.
    term = 0.3 if period[5:] in ("01", "02", "07", "08") else 1.0
    incidents = world.events(rng, 0.0075 * term, period, "campus")
    n = incidents.height
    return incidents.with_columns(
        record_id=world.record_ids("SX", period, n),
        occurred_at=world.times(rng, period, n, "office"),
        deaths=(rng.random(n) < 0.03).astype(np.int64),
    )
