"""What 市市场监督管理局 would send: special equipment, food, medicines, consumer complaints.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period
from simulator.world import World, last_day

_EQUIPMENT = {
    "lift": 0.46,
    "pressure_vessel": 0.72,
    "forklift": 0.86,
    "crane": 0.94,
    "boiler": 0.99,
    "amusement": 1.0,
}
_GRADES = {"general": 0.90, "larger": 0.09, "major": 0.01}
_COMPLAINTS = {
    "food": 27.0,
    "medicine": 4.0,
    "goods": 31.0,
    "services": 24.0,
    "price": 6.0,
    "advertising": 3.0,
    "other": 5.0,
}


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    return {
        "special_equipment": _special_equipment(world, period),
        "special_equipment_accident": _dated(world, "special_equipment_accident", "TZ", 0.0008, period, "work_safety"),
        "food_sample": _samples(world, "food_sample", "SP", 1.2, period, "food", 0.978),
        "food_incident": _food_incident(world, period),
        "drug_sample": _samples(world, "drug_sample", "YP", 0.45, period, "drug_safety", 0.984),
        "drug_reaction": _drug_reaction(world, period),
        "drug_lead": world.deadline_cases(
            world.rng("market_regulation", "drug_lead", period),
            0.18,
            period,
            topic="drug_safety",
            on_time=world.quality("drug_leads", period, 0.965),
            prefix="YX",
            days=60,
        ),
        "consumer_complaint": _consumer_complaint(world, period),
        "consumer_complaint_due": world.deadline_cases(
            world.rng("market_regulation", "consumer_complaint_due", period),
            7.6,
            period,
            topic="consumer",
            on_time=world.quality("consumer_complaints", period, 0.96),
            prefix="XFD",
            days=45,
            county_only=0.01,
        ),
        "inspection_return": _inspection_return(world, period),
    }


def _dated(world: World, record_set: str, prefix: str, rate: float, period: Period, topic: str) -> pl.DataFrame:
    rng = world.rng("market_regulation", record_set, period)
    events = world.events(rng, rate, period, topic)
    n = events.height
    return events.with_columns(record_id=world.record_ids(prefix, period, n), occurred_at=world.times(rng, period, n))


def _special_equipment(world: World, period: Period) -> pl.DataFrame:
    items = world.ledger(("market_regulation", "special_equipment"), 17.0, period, prefix="TSSB")
    u = world.item_uniform(items, "special_equipment/category")
    category = np.array(list(_EQUIPMENT))[np.searchsorted(np.array(list(_EQUIPMENT.values())), u)]
    in_date = world.flags(items, "special_equipment", world.quality("special_equipment", period, 0.98), period)
    spread = world.item_uniform(items, "special_equipment/term")
    days = np.where(in_date, np.rint(spread * 360), -1 - np.rint(spread * 80)).astype("timedelta64[D]")
    return items.with_columns(
        category=category,
        in_use=world.item_uniform(items, "special_equipment/in_use") < 0.95,
        inspection_due=np.datetime64(last_day(period)) + days,
    )


def _samples(
    world: World, record_set: str, prefix: str, rate: float, period: Period, topic: str, level: float
) -> pl.DataFrame:
    rng = world.rng("market_regulation", record_set, period)
    samples = world.events(rng, rate, period)
    n = samples.height
    passed = rng.random(n) < world.at(world.quality(topic, period, level), samples["unit_code"])
    return samples.with_columns(
        record_id=world.record_ids(prefix, period, n),
        inspected_at=world.times(rng, period, n, "office"),
        passed=passed,
    )


def _food_incident(world: World, period: Period) -> pl.DataFrame:
    incidents = _dated(world, "food_incident", "SPSG", 0.0016, period, "food")
    rng = world.rng("market_regulation", "food_incident/grade", period)
    return incidents.with_columns(grade=world.choose(rng, _GRADES, len(incidents)))


def _drug_reaction(world: World, period: Period) -> pl.DataFrame:
    """More reports come from where vigilance is better, so they follow quality, not risk."""
    rng = world.rng("market_regulation", "drug_reaction", period)
    vigilance = world.quality("drug_vigilance", period, 0.75) / 0.75
    reports = rng.poisson(0.80 * world.residents(period) / 10_000 * vigilance)
    n = int(reports.sum())
    return pl.DataFrame(
        {
            "record_id": world.record_ids("ADR", period, n),
            "unit_code": np.repeat(world.unit_codes, reports),
            "occurred_at": world.times(rng, period, n, "office"),
        }
    )


def _consumer_complaint(world: World, period: Period) -> pl.DataFrame:
    complaints = _dated(world, "consumer_complaint", "XF", 8.2, period, "consumer")
    rng = world.rng("market_regulation", "consumer_complaint/category", period)
    return complaints.with_columns(category=world.choose(rng, _COMPLAINTS, len(complaints)))


def _inspection_return(world: World, period: Period) -> pl.DataFrame:
    food = world.stock("food_businesses", 26.0, period)
    outlets = world.stock("drug_outlets", 5.5, period)
    return world.monthly_return(
        {
            "food_businesses_planned": food,
            "food_businesses_inspected": world.share_of(
                "food_businesses", food, world.quality("food_inspections", period, 0.955), period
            ),
            "drug_outlets_planned": outlets,
            "drug_outlets_inspected": world.share_of(
                "drug_outlets", outlets, world.quality("drug_inspections", period, 0.96), period
            ),
        },
        period,
    )
