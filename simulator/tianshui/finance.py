"""What 市政府金融工作办公室 would send: accounts used in fraud, illegal fundraising, inspected firms.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period
from simulator.world import Ints, World


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    ledger = world.ledger(("finance", "fundraising_ledger"), 0.9, period, prefix="FJ")
    resolved = world.quality("fundraising", period, 0.89)
    return {
        "involved_account": _involved_account(world, period),
        "fundraising_case": _fundraising_case(world, period),
        "fundraising_ledger": ledger.with_columns(resolved=world.flags(ledger, "fundraising_ledger", resolved, period)),
        "finance_firm_return": _finance_firm_return(world, period),
    }


def _involved_account(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("finance", "involved_account", period)
    accounts = world.events(rng, 0.6, period, "fraud", county_only=0.02)
    n = accounts.height
    return accounts.with_columns(
        record_id=world.record_ids("ZH", period, n),
        occurred_at=world.times(rng, period, n, "office"),
    )


def _fundraising_case(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("finance", "fundraising_case", period)
    cases = world.events(rng, 0.026, period, "finance", county_only=0.03)
    n = cases.height
    return cases.with_columns(
        record_id=world.record_ids("JZ", period, n),
        occurred_at=world.times(rng, period, n, "office"),
        amount_yuan=world.amounts(rng, n, 260_000, 0.9),
    )


def _finance_firm_return(world: World, period: Period) -> pl.DataFrame:
    """Counted from a register, so that a township's only firm is not inspected in one month and not in the next."""
    firms = world.ledger(("finance", "finance_firm"), 0.8, period, prefix="JR")
    inspected = world.flags(firms, "finance_firm", world.quality("finance_firms", period, 0.94), period)
    return world.monthly_return(
        {
            "finance_firms": _per_unit(world, firms),
            "finance_firms_inspected": _per_unit(world, firms.filter(pl.Series(inspected))),
        },
        period,
    )


def _per_unit(world: World, items: pl.DataFrame) -> Ints:
    place = np.searchsorted(world.unit_codes, items["unit_code"].to_numpy().astype(np.str_))
    return np.bincount(place, minlength=world.n).astype(np.int64)
