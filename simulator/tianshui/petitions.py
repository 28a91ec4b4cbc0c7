"""What 市信访局 would send: petitions registered, items that fall due, the ledger of long-pending ones.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period
from simulator.world import World

DEPARTMENT = "petitions"

#: Per 10,000 residents and month: some 740 petitions and 650 items due in the city.
PETITIONS, ITEMS_DUE = 2.5, 2.2
#: Long-pending petitions on the ledger per 10,000 residents.
BACKLOG = 1.7
FORMS = {"letter": 0.10, "online": 0.50, "telephone": 0.12, "visit": 0.28}
LODGED_AT = {"township": 0.22, "county": 0.52, "city": 0.18, "province": 0.05, "national": 0.03}
#: A visiting party sends at most so many representatives (信访工作条例).
MOST_VISITORS = 5


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    return {
        "petition": _petition(world, period),
        "petition_item": world.deadline_cases(
            world.rng(DEPARTMENT, "petition_item", period),
            ITEMS_DUE,
            period,
            topic="petitions",
            on_time=world.quality("petition_items", period, 0.955),
            prefix="SX",
            days=60,
            county_only=0.03,
        ),
        "petition_backlog": _petition_backlog(world, period),
    }


def _petition(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "petition", period)
    petitions = world.events(rng, PETITIONS, period, "petitions", county_only=0.03)
    n = petitions.height
    form = world.choose(rng, FORMS, n)
    visitors = np.minimum(rng.geometric(0.55, n), MOST_VISITORS)
    # Where answers are good, people come back less: from 4 % of petitions to more than 20 %.
    returning = 1 - world.quality("petition_answers", period, 0.90)
    return petitions.with_columns(
        record_id=pl.Series(world.record_ids("XF", period, n), dtype=pl.String),
        occurred_at=pl.Series(world.times(rng, period, n, "office")),
        form=pl.Series(form, dtype=pl.String),
        lodged_at=pl.Series(world.choose(rng, LODGED_AT, n), dtype=pl.String),
        persons=pl.Series(np.where(form == "visit", visitors, 1).astype(np.int64)),
        is_repeat=pl.Series(rng.random(n) < world.at(returning, petitions["unit_code"])),
    )


def _petition_backlog(world: World, period: Period) -> pl.DataFrame:
    ledger = world.ledger((DEPARTMENT, "petition_backlog"), BACKLOG, period, prefix="JA")
    share = world.quality("petition_backlog", period, 0.90)
    return ledger.with_columns(resolved=pl.Series(world.flags(ledger, "backlog_resolved", share, period)))
