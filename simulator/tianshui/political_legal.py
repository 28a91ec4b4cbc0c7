"""What 市委政法委（市平安办） would send: grid events, disputes, leads, problems, decisions, cameras, grids.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats, and the justice bureau's mediation records.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from city.periods import Period
from simulator.world import World

DEPARTMENT = "political_legal"

#: Per 10,000 residents and month; 146 grid events are 42,000 in the city.
GRID_EVENTS, DISPUTES, RISK_LEADS, ORDER_PROBLEMS, MAJOR_DECISIONS = 146.0, 3.6, 1.0, 0.6, 0.13
#: A camera for so many residents, and never fewer than 20 in a unit: 9,000 in the city.
RESIDENTS_PER_CAMERA, LEAST_CAMERAS = {"street": 165.0, "town": 372.0}, 20
RESIDENTS_PER_GRID, LEAST_GRIDS = 1_800.0, 4
#: Decisions of counties, which belong to no township.
DECISIONS_OF_COUNTIES = 0.15

GRID_EVENT_KINDS = {
    "dispute": 0.08,
    "public_order": 0.06,
    "safety_hazard": 0.19,
    "sanitation": 0.31,
    "public_service": 0.28,
    "other": 0.08,
}
DISPUTE_KINDS = {
    "family": 0.22,
    "neighbour": 0.25,
    "land": 0.13,
    "housing": 0.08,
    "wages": 0.09,
    "contract": 0.07,
    "damages": 0.08,
    "other": 0.08,
}
RISK_KINDS = {
    "labour": 0.28,
    "finance": 0.10,
    "land": 0.22,
    "housing": 0.14,
    "environment": 0.08,
    "veterans": 0.06,
    "other": 0.12,
}
ORDER_PROBLEM_KINDS = {
    "theft": 0.22,
    "fraud": 0.18,
    "gambling": 0.14,
    "drugs": 0.05,
    "disorder": 0.16,
    "school_surroundings": 0.15,
    "other": 0.10,
}
DECISION_KINDS = {
    "works": 0.38,
    "land_taking": 0.22,
    "policy": 0.20,
    "restructuring": 0.05,
    "environment": 0.07,
    "other": 0.08,
}


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    return {
        "dispute": _due_list(
            world, period, "dispute", DISPUTES, "disputes", 0.955, days=30, prefix="JF", kinds=DISPUTE_KINDS
        ),
        "major_decision": _major_decision(world, period),
        "risk_lead": _due_list(
            world, period, "risk_lead", RISK_LEADS, "stability", 0.955, days=15, prefix="FX", kinds=RISK_KINDS
        ),
        "camera": _camera(world, period),
        "order_problem": _due_list(
            world,
            period,
            "order_problem",
            ORDER_PROBLEMS,
            "public_order",
            0.945,
            days=60,
            prefix="ZA",
            kinds=ORDER_PROBLEM_KINDS,
        ),
        "grid_event": _due_list(
            world, period, "grid_event", GRID_EVENTS, "grid", 0.955, days=7, prefix="WG", kinds=GRID_EVENT_KINDS
        ),
        "grid": _grid(world, period),
    }


def _due_list(
    world: World,
    period: Period,
    record_set: str,
    rate: float,
    topic: str,
    on_time: float,
    *,
    days: int,
    prefix: str,
    kinds: Mapping[str, float],
) -> pl.DataFrame:
    """Cases that fall due in the month, `rate` per 10,000 residents, each of a kind."""
    rng = world.rng(DEPARTMENT, record_set, period)
    share = world.quality(f"{record_set}_handling", period, on_time)
    cases = world.deadline_cases(rng, rate, period, topic=topic, on_time=share, prefix=prefix, days=days)
    return cases.with_columns(category=pl.Series(world.choose(rng, kinds, cases.height), dtype=pl.String))


def _major_decision(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng(DEPARTMENT, "major_decision", period)
    decisions = world.events(rng, MAJOR_DECISIONS, period, county_only=DECISIONS_OF_COUNTIES)
    n = decisions.height
    share = world.at(world.quality("risk_assessment", period, 0.95), decisions["unit_code"])
    return decisions.with_columns(
        record_id=pl.Series(world.record_ids("JC", period, n), dtype=pl.String),
        decided_on=pl.Series(world.times(rng, period, n, "office")).cast(pl.Date),
        category=pl.Series(world.choose(rng, DECISION_KINDS, n), dtype=pl.String),
        assessed=pl.Series(rng.random(n) < share),
    )


def _camera(world: World, period: Period) -> pl.DataFrame:
    residents = world.units["residents"].to_numpy()
    size = np.where(world.is_street, RESIDENTS_PER_CAMERA["street"], RESIDENTS_PER_CAMERA["town"])
    count = np.maximum(np.rint(residents / size), LEAST_CAMERAS).astype(np.int64)
    ledger = world.ledger((DEPARTMENT, "camera"), count, period, prefix="SP")
    online = world.flags(ledger, "camera_online", world.quality("cameras", period, 0.935), period)
    return ledger.with_columns(online=pl.Series(online))


def _grid(world: World, period: Period) -> pl.DataFrame:
    """Grids of streets require a second full-time worker where they are large."""
    residents = world.units["residents"].to_numpy()
    count = np.maximum(np.rint(residents / RESIDENTS_PER_GRID), LEAST_GRIDS).astype(np.int64)
    ledger = world.ledger((DEPARTMENT, "grid"), count, period, prefix="WGY")
    in_street = world.at(world.is_street, ledger["unit_code"]) > 0
    required = 1 + (in_street & (world.item_uniform(ledger, "grid/large") < 0.4)).astype(np.int64)
    staffed = world.flags(ledger, "grid_staffed", world.quality("grid_staffing", period, 0.955), period)
    return ledger.with_columns(
        workers_required=pl.Series(required),
        full_time_workers=pl.Series(required - ~staffed),
    )
