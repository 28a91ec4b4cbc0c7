"""What 市农业农村局 would send: farm machines and their accidents, samples of produce.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period
from simulator.world import World, last_day


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    return {
        "farm_machine": _farm_machine(world, period),
        "farm_machine_accident": _farm_machine_accident(world, period),
        "produce_sample": _produce_sample(world, period),
    }


def _farm_machine(world: World, period: Period) -> pl.DataFrame:
    """Machines are registered in towns; streets have none."""
    count = np.where(world.is_street, 0, np.rint(12.5 * world.units["residents"].to_numpy() / 10_000))
    machines = world.ledger(("agriculture", "farm_machine"), count.astype(np.int64), period, prefix="NJ")
    u = world.item_uniform(machines, "farm_machine/category")
    in_date = world.flags(machines, "farm_machine", world.quality("farm_machines", period, 0.80), period)
    spread = world.item_uniform(machines, "farm_machine/term")
    days = np.where(in_date, np.rint(spread * 360), -1 - np.rint(spread * 300)).astype("timedelta64[D]")
    return machines.with_columns(
        category=np.where(u < 0.74, "tractor", np.where(u < 0.88, "combine", "other")),
        inspection_due=np.datetime64(last_day(period)) + days,
    )


def _farm_machine_accident(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("agriculture", "farm_machine_accident", period)
    accidents = world.events(rng, 0.008, period, "agriculture")
    n = accidents.height
    return accidents.with_columns(
        record_id=world.record_ids("NJSG", period, n),
        occurred_at=world.times(rng, period, n),
        deaths=(rng.random(n) < 0.14).astype(np.int64),
    )


def _produce_sample(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("agriculture", "produce_sample", period)
    samples = world.events(rng, 1.1, period)
    n = samples.height
    passed = rng.random(n) < world.at(world.quality("produce", period, 0.98), samples["unit_code"])
    return samples.with_columns(
        record_id=world.record_ids("NCP", period, n),
        inspected_at=world.times(rng, period, n, "office"),
        passed=passed,
    )
