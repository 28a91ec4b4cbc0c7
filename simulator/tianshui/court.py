"""What 市中级人民法院 would send: civil suits filed, enforcement cases and administrative suits closed.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period
from simulator.world import Instants, Texts, World

DEPARTMENT = "court"

#: Per 10,000 residents and month.
CIVIL_SUITS, ENFORCEMENT_CASES, ADMIN_SUITS = 5.0, 2.5, 0.08
CAUSES = {
    "family": 0.29,
    "contract": 0.42,
    "tort": 0.11,
    "property": 0.05,
    "labour": 0.06,
    "company": 0.02,
    "other": 0.05,
}
#: Enforcement cases that are not fully enforced.
OTHER_ENFORCEMENT = {"suspended_for_lack_of_assets": 0.68, "terminated": 0.26, "refused": 0.06}
#: Suits against offices of a county, and the share of those that are against offices of the city.
SUITS_OF_COUNTIES, SUITS_OF_CITY = 0.45, 0.10
ADMIN_SUITS_WON = {"dismissed": 0.60, "withdrawn": 0.33, "settled": 0.07}
ADMIN_SUITS_LOST = {"revoked": 0.50, "ordered_to_act": 0.16, "declared_unlawful": 0.34}


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    return {
        "civil_suit": _civil_suit(world, period),
        "enforcement_case": _enforcement_case(world, period),
        "admin_suit": _admin_suit(world, period),
    }


def _civil_suit(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "civil_suit", period)
    suits = world.events(rng, CIVIL_SUITS, period, "civil_suits", county_only=0.03)
    n = suits.height
    return suits.with_columns(
        record_id=pl.Series(world.record_ids("MS", period, n), dtype=pl.String),
        filed_on=_days(world.times(rng, period, n, "office")),
        cause=pl.Series(world.choose(rng, CAUSES, n), dtype=pl.String),
    )


def _enforcement_case(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "enforcement_case", period)
    cases = world.events(rng, ENFORCEMENT_CASES, period, "civil_suits", county_only=0.03)
    n = cases.height
    share = world.at(world.quality("enforcement", period, 0.48), cases["unit_code"])
    outcome = np.where(rng.random(n) < share, "fully_enforced", world.choose(rng, OTHER_ENFORCEMENT, n))
    return cases.with_columns(
        record_id=pl.Series(world.record_ids("ZX", period, n), dtype=pl.String),
        **_filed_and_closed(world, rng, period, n, most_days=180),
        outcome=_text(outcome),
    )


def _admin_suit(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "admin_suit", period)
    suits = world.events(rng, ADMIN_SUITS, period, "land", county_only=SUITS_OF_COUNTIES)
    n = suits.height
    of_city = np.isin(suits["unit_code"].to_numpy(), world.counties) & (rng.random(n) < SUITS_OF_CITY)
    city = next(unit.code for unit in world.city.units if unit.level == world.city.levels[0])
    lost = rng.random(n) < 1 - world.at(world.quality("legality", period, 0.92), suits["unit_code"])
    outcome = np.where(lost, world.choose(rng, ADMIN_SUITS_LOST, n), world.choose(rng, ADMIN_SUITS_WON, n))
    return suits.with_columns(
        unit_code=pl.when(pl.Series(of_city)).then(pl.lit(city)).otherwise(pl.col("unit_code")),
        record_id=pl.Series(world.record_ids("XZ", period, n), dtype=pl.String),
        **_filed_and_closed(world, rng, period, n, most_days=180),
        outcome=_text(outcome),
    )


def _filed_and_closed(
    world: World, rng: np.random.Generator, period: Period, n: int, most_days: int
) -> dict[str, pl.Series]:
    closed = world.times(rng, period, n, "office")
    taken = rng.integers(10, most_days, n).astype("timedelta64[D]")
    return {"filed_on": _days(closed - taken), "closed_on": _days(closed)}


def _days(times: Instants) -> pl.Series:
    return pl.Series(times.astype("datetime64[us]")).cast(pl.Date)


def _text(words: Texts) -> pl.Series:
    return pl.Series(words, dtype=pl.String)
