"""What 市自然资源局 would send: geological-hazard sites, satellite patches, land and mining cases.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period
from simulator.world import World

#: Loess hills: most sites are landslides and unstable slopes.
SITES = ("landslide", "slope", "debris_flow", "rockfall", "collapse", "fissure")
SITES_UP_TO = (0.46, 0.70, 0.86, 0.96, 0.99)


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    return {
        "geohazard_site": _geohazard_site(world, period),
        "land_patch": _land_patch(world, period),
        "land_case": _land_case(world, period),
    }


def _geohazard_site(world: World, period: Period) -> pl.DataFrame:
    per_resident = np.where(world.is_street, 1.5, 7.0) / 10_000
    listed = np.rint(world.residents("2021-01") * per_resident).astype(np.int64)
    sites = world.ledger(("natural_resources", "geohazard_site"), listed, period, prefix="DZ")
    kind = np.searchsorted(SITES_UP_TO, world.item_uniform(sites, "geohazard_site/kind"), side="right")
    share = world.quality("geohazards", period, 0.95)
    return sites.with_columns(
        kind=np.array(SITES)[kind],
        monitored=world.flags(sites, "geohazard_site", share, period),
    )


def _land_patch(world: World, period: Period) -> pl.DataFrame:
    patches = world.ledger(("natural_resources", "land_patch"), 2.0, period, prefix="TB")
    illegal = world.item_uniform(patches, "land_patch/illegal") < 0.6
    share = world.quality("land_patches", period, 0.90)
    rectified = world.flags(patches, "land_patch", share, period)
    return patches.with_columns(illegal=illegal, rectified=illegal & rectified)


def _land_case(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("natural_resources", "land_case", period)
    cases = world.events(rng, 0.2, period, "land", county_only=0.02)
    n = cases.height
    return cases.with_columns(
        record_id=world.record_ids("AJ", period, n),
        occurred_at=world.times(rng, period, n, "office"),
        category=world.choose(rng, {"land": 85.0, "mining": 15.0}, n),
    )
