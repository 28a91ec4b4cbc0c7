"""What 市水务局 would send: flood-control hazards and samples of rural water supplies.

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
    return {
        "flood_hazard": world.deadline_cases(
            world.rng("water", "flood_hazard", period),
            0.45,
            period,
            topic="flood",
            on_time=world.quality("flood_hazards", period, 0.94),
            prefix="FX",
            days=30,
        ),
        "water_sample": _water_sample(world, period),
    }


def _water_sample(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("water", "water_sample", period)
    # Streets are on the city's mains; every town is sampled at least once a month.
    usual = rng.poisson(1.6 * world.residents(period) / 10_000)
    taken = np.where(world.is_street, 0, np.maximum(usual, 1))
    n = int(taken.sum())
    unit_code = np.repeat(world.unit_codes, taken)
    share = world.quality("rural_water", period, 0.955)
    return pl.DataFrame(
        {
            "record_id": world.record_ids("SZ", period, n),
            "unit_code": unit_code,
            "inspected_at": world.times(rng, period, n, "office"),
            "passed": rng.random(n) < world.at(share, unit_code),
        }
    )
