"""What 市司法局 would send: disputes, mediations, and returns on correction, released prisoners and advisers.

Belongs here: how often each record comes, what it says, and the returns' counts. Does not belong here:
headers, words and file formats, and persons one by one.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period, add_months
from simulator.world import Floats, Ints, World

DEPARTMENT = "justice"

#: Per 10,000 residents and month.
DISPUTES, MEDIATIONS, MEDICAL_MEDIATIONS = 4.0, 3.7, 0.06
DISPUTE_KINDS = {
    "family": 0.21,
    "neighbour": 0.27,
    "land": 0.13,
    "housing": 0.09,
    "wages": 0.07,
    "contract": 0.07,
    "damages": 0.09,
    "other": 0.07,
}
#: Persons per 10,000 residents, over twelve months.
CORRECTION_SUBJECTS, RELEASED_PRISONERS = 6.5, 3.2
#: Chance that a person under correction is found to have reoffended, per month: 0.08 % in a year.
REOFFENDING = 0.0008 / 12
RESIDENTS_PER_VILLAGE, LEAST_VILLAGES = {"street": 3_000.0, "town": 1_050.0}, 3


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    return {
        "dispute": _dispute(world, period),
        "mediation": _mediation(world, period, "mediation", "RT", MEDIATIONS, world.quality("mediation", period, 0.95)),
        "medical_mediation": _mediation(
            world,
            period,
            "medical_mediation",
            "YT",
            MEDICAL_MEDIATIONS,
            world.quality("medical_mediation", period, 0.88),
            county_only=0.10,
        ),
        "correction_return": _correction_return(world, period),
        "release_return": _release_return(world, period),
        "adviser_return": _adviser_return(world, period),
    }


def _dispute(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "dispute", period)
    disputes = world.events(rng, DISPUTES, period, "disputes")
    n = disputes.height
    return disputes.with_columns(
        record_id=pl.Series(world.record_ids("SL", period, n), dtype=pl.String),
        occurred_at=pl.Series(world.times(rng, period, n, "office")),
        category=pl.Series(world.choose(rng, DISPUTE_KINDS, n), dtype=pl.String),
    )


def _mediation(
    world: World,
    period: Period,
    record_set: str,
    prefix: str,
    rate: float,
    agreeing: Floats,
    county_only: float = 0.0,
) -> pl.DataFrame:
    """Mediations concluded in the month; they were registered one to sixty days before."""
    rng = world.rng(DEPARTMENT, record_set, period)
    mediations = world.events(rng, rate, period, "disputes", county_only=county_only)
    n = mediations.height
    concluded = world.times(rng, period, n, "office")
    taken = ((1 + 59 * rng.beta(1.5, 3.5, n)) * 86_400).astype("timedelta64[s]")
    return mediations.with_columns(
        record_id=pl.Series(world.record_ids(prefix, period, n), dtype=pl.String),
        registered_at=pl.Series((concluded - taken).astype("datetime64[us]")),
        concluded_at=pl.Series(concluded),
        agreed=pl.Series(rng.random(n) < world.at(agreeing, mediations["unit_code"])),
    )


def _correction_return(world: World, period: Period) -> pl.DataFrame:
    """Who reoffended stays in the count for twelve months, so it adds up twelve months' draws."""
    subjects = world.stock("correction_subject", CORRECTION_SUBJECTS, period, "crime")
    reoffended: Ints = np.zeros(world.n, dtype=np.int64)
    for month in (add_months(period, -back) for back in range(12)):
        draw = world.generator("reoffended", month)
        reoffended += draw.poisson(REOFFENDING * subjects * world.risk("reoffending", month))
    return world.monthly_return(
        {
            "correction_subjects": subjects,
            "correction_subjects_reoffended": np.minimum(reoffended, subjects),
        },
        period,
    )


def _release_return(world: World, period: Period) -> pl.DataFrame:
    released = world.stock("released_prisoner", RELEASED_PRISONERS, period, "crime")
    share = world.quality("release_support", period, 0.955)
    supported = world.share_of("released_prisoners_supported", released, share, period)
    return world.monthly_return({"released_prisoners": released, "released_prisoners_supported": supported}, period)


def _adviser_return(world: World, period: Period) -> pl.DataFrame:
    size = np.where(world.is_street, RESIDENTS_PER_VILLAGE["street"], RESIDENTS_PER_VILLAGE["town"])
    villages = np.maximum(np.rint(world.units["residents"].to_numpy() / size), LEAST_VILLAGES).astype(np.int64)
    share = world.quality("legal_advisers", period, 0.95)
    served = world.share_of("adviser_villages_served", villages, share, period)
    return world.monthly_return({"adviser_villages": villages, "adviser_villages_served": served}, period)
