"""What 市交通运输局 would send: black spots, firms' hazards, operating vehicles and their accidents.

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
    spots = world.ledger(("transport", "road_black_spot"), 1.4, period, prefix="DL")
    treated = world.quality("black_spots", period, 0.91)
    vehicles = world.ledger(("transport", "operating_vehicle"), 11.0, period, prefix="YS")
    online = world.quality("operating_vehicles", period, 0.92)
    return {
        "road_black_spot": spots.with_columns(treated=world.flags(spots, "road_black_spot", treated, period)),
        "hazard": world.deadline_cases(
            world.rng("transport", "hazard", period),
            1.0,
            period,
            topic="traffic",
            on_time=world.quality("transport_hazards", period, 0.935),
            prefix="JT",
        ),
        "operating_vehicle": vehicles.with_columns(online=world.flags(vehicles, "operating_vehicle", online, period)),
        "operating_accident": _operating_accident(world, period),
    }


def _operating_accident(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("transport", "operating_accident", period)
    accidents = world.events(rng, 0.04, period, "traffic", county_only=0.02)
    n = accidents.height
    return accidents.with_columns(
        record_id=world.record_ids("YY", period, n),
        occurred_at=world.times(rng, period, n),
        liable=rng.random(n) < 0.35,
        deaths=(rng.random(n) < 0.12).astype(np.int64) * (1 + (rng.random(n) < 0.1)),
    )
