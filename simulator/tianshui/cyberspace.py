"""What 市委网络安全和信息化委员会办公室 would send: incidents, vulnerabilities, online-opinion events.

Belongs here: how often each record comes and what it says. Does not belong here: headers, words and file
formats.
"""

from __future__ import annotations

import polars as pl

from city.periods import Period
from simulator.world import World

_GRADES = {"general": 0.94, "larger": 0.05, "major": 0.01}


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    return {
        "cyber_incident": _cyber_incident(world, period),
        "cyber_vulnerability": world.deadline_cases(
            world.rng("cyberspace", "cyber_vulnerability", period),
            1.2,
            period,
            topic="cyber",
            on_time=world.quality("cyber_vulnerabilities", period, 0.945),
            prefix="LD",
            days=20,
        ),
        "opinion_event": world.deadline_cases(
            world.rng("cyberspace", "opinion_event", period),
            0.5,
            period,
            topic="disputes",
            on_time=world.quality("online_opinion", period, 0.955),
            prefix="YQ",
            days=2,
            county_only=0.08,
        ),
    }


def _cyber_incident(world: World, period: Period) -> pl.DataFrame:
    rng = world.rng("cyberspace", "cyber_incident", period)
    incidents = world.events(rng, 0.004, period, "cyber")
    n = incidents.height
    return incidents.with_columns(
        record_id=world.record_ids("WA", period, n),
        occurred_at=world.times(rng, period, n, "even"),
        grade=world.choose(rng, _GRADES, n),
    )
