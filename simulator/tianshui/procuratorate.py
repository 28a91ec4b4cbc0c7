"""What 市人民检察院 would send: persons prosecuted, public-interest proposals, a return on juvenile offenders.

Belongs here: how often each record comes, what it says, and the return's counts. Does not belong here:
headers, words and file formats, and anybody's age.
"""

from __future__ import annotations

import polars as pl

from city.periods import Period
from simulator.world import World

DEPARTMENT = "procuratorate"

#: Per 10,000 residents and month; juveniles are some 80 a year in the city.
PROSECUTIONS, PUBLIC_INTEREST_CASES, JUVENILE_OFFENDERS = 0.65, 0.09, 0.023
CHARGES = {
    "public_safety": 0.33,
    "person": 0.14,
    "property": 0.22,
    "market_order": 0.07,
    "public_order": 0.14,
    "drugs": 0.04,
    "office": 0.02,
    "other": 0.04,
}
FIELDS = {
    "environment": 0.48,
    "food_and_drugs": 0.14,
    "state_property": 0.05,
    "land": 0.09,
    "work_safety": 0.13,
    "heritage": 0.05,
    "other": 0.06,
}


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    juveniles = world.counts(world.rng(DEPARTMENT, "juvenile_return", period), JUVENILE_OFFENDERS, period, "crime")
    return {
        "prosecution": _prosecution(world, period),
        "public_interest_case": _public_interest_case(world, period),
        "juvenile_return": world.monthly_return({"juvenile_offenders": juveniles}, period),
    }


def _prosecution(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "prosecution", period)
    persons = world.events(rng, PROSECUTIONS, period, "crime", county_only=0.05)
    n = persons.height
    return persons.with_columns(
        record_id=pl.Series(world.record_ids("QS", period, n), dtype=pl.String),
        prosecuted_on=pl.Series(world.times(rng, period, n, "office")).cast(pl.Date),
        charge=pl.Series(world.choose(rng, CHARGES, n), dtype=pl.String),
    )


def _public_interest_case(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "public_interest_case", period)
    share = world.quality("public_interest", period, 0.95)
    cases = world.deadline_cases(
        rng,
        PUBLIC_INTEREST_CASES,
        period,
        topic="environment",
        on_time=share,
        prefix="GY",
        days=60,
        county_only=0.15,
    )
    return cases.with_columns(category=pl.Series(world.choose(rng, FIELDS, cases.height), dtype=pl.String))
