"""What 市住房和城乡建设局 would send: construction sites, self-built houses, gas.

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
    # Piped and bottled gas: about 200,000 households, half of them in the few streets.
    users = np.rint(world.residents(period) * np.where(world.is_street, 0.2, 0.045)).astype(np.int64)
    checked = world.share_of("gas_checks", users, world.quality("gas_checks", period, 0.95), period)
    return {
        "construction_accident": _construction_accident(world, period),
        "hazard": world.deadline_cases(
            world.rng("housing", "hazard", period),
            2.0,
            period,
            topic="construction",
            on_time=world.quality("construction_hazards", period, 0.935),
            prefix="ZJ",
        ),
        "selfbuilt_house": _selfbuilt_house(world, period),
        "gas_accident": _gas_accident(world, period),
        "gas_checks": world.monthly_return({"gas_users": users, "gas_users_checked": checked}, period),
    }


def _construction_accident(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("housing", "construction_accident", period)
    accidents = world.events(rng, 0.0045, period, "construction")
    n = accidents.height
    return accidents.with_columns(
        record_id=world.record_ids("SG", period, n),
        occurred_at=world.times(rng, period, n),
    )


def _selfbuilt_house(world: World, period: Period) -> pl.DataFrame:
    houses = world.ledger(("housing", "selfbuilt_house"), 9.0, period, prefix="ZJF")
    u = world.item_uniform(houses, "selfbuilt_house/risk")
    risk = np.where(u < 0.62, "none", np.where(u < 0.92, "general", "serious"))
    settled = world.flags(houses, "selfbuilt_house", world.quality("selfbuilt_houses", period, 0.92), period)
    return houses.with_columns(risk=risk, closed=settled & (risk != "none"))


def _gas_accident(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("housing", "gas_accident", period)
    accidents = world.events(rng, 0.0045, period, "gas")
    n = accidents.height
    return accidents.with_columns(
        record_id=world.record_ids("RQ", period, n),
        occurred_at=world.times(rng, period, n),
        deaths=(rng.random(n) < 0.08).astype(np.int64),
    )
