"""What 市人力资源和社会保障局 would send: labour complaints and cases, wage accounts, mediated disputes.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period
from simulator.world import World

_MATTERS = {
    "wage_arrears": 62.0,
    "social_insurance": 14.0,
    "contract": 12.0,
    "working_hours": 7.0,
    "other": 5.0,
}


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    return {
        "labour_complaint": _labour_complaint(world, period),
        "labour_case": _labour_case(world, period),
        "construction_project": _construction_project(world, period),
        "labour_dispute": _labour_dispute(world, period),
    }


def _labour_complaint(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("human_resources", "labour_complaint", period)
    complaints = world.events(rng, 0.85, period, "labour", county_only=0.02)
    n = complaints.height
    return complaints.with_columns(
        record_id=world.record_ids("LDTS", period, n),
        occurred_at=world.times(rng, period, n, "office"),
        matter=world.choose(rng, _MATTERS, n),
    )


def _labour_case(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("human_resources", "labour_case", period)
    cases = world.deadline_cases(
        rng,
        0.75,
        period,
        topic="labour",
        on_time=world.quality("labour_cases", period, 0.955),
        prefix="LDAJ",
        days=60,
    )
    return cases.with_columns(matter=world.choose(rng, _MATTERS, len(cases)))


def _construction_project(world: World, period: Period) -> pl.DataFrame:
    projects = world.ledger(("human_resources", "construction_project"), 1.6, period, prefix="XM")
    u = world.item_uniform(projects, "construction_project/state")
    account = world.quality("wage_accounts", period, 0.955)
    return projects.with_columns(
        state=np.where(u < 0.80, "active", np.where(u < 0.90, "suspended", "completed")),
        wage_account=world.flags(projects, "construction_project", account, period),
    )


def _labour_dispute(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("human_resources", "labour_dispute", period)
    disputes = world.events(rng, 1.0, period, "labour")
    n = disputes.height
    agreed = rng.random(n) < world.at(world.quality("labour_mediation", period, 0.73), disputes["unit_code"])
    return disputes.with_columns(
        record_id=world.record_ids("LDZY", period, n),
        closed_at=world.times(rng, period, n, "office"),
        outcome=np.where(agreed, "agreed", world.choose(rng, {"not_agreed": 4.0, "withdrawn": 1.0}, n)),
    )
