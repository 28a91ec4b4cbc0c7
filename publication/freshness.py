"""Is the latest month that should be out published? Dagster's own freshness looks at the asset, not at the month:
backfilling an old month would look fresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from arrivals.due_days import closed_month, publication_time
from city.folder import City
from city.periods import Period, add_months, month_index
from city.state import StateFolder
from publication.holding import holding_hours, obstacle, read_holding
from publication.listing import latest_issue


@dataclass(frozen=True)
class Freshness:
    """`period` is the latest month whose time of publication, and holding time, has passed; None before the first."""

    period: Period | None
    published: bool
    why_zh: str = ""
    why_en: str = ""


def freshness(city: City, state: StateFolder, now: datetime) -> Freshness:
    """Whether the month that readers expect is there, and what stands before it when it is not."""
    period = closed_month(city, now)
    while now < publication_time(city, period) + timedelta(hours=holding_hours(city, period)):
        period = add_months(period, -1)
    if month_index(period) < month_index(city.first_issue):
        return Freshness(None, True)
    if latest_issue(state, period) is not None:
        return Freshness(period, True)
    held = obstacle(city, read_holding(state, period), now)
    zh, en = held or (
        f"查看 Dagster 中该月的运行与检查，或运行 pingan materialize {period} --publish",
        f"see the month's runs and checks in Dagster, or run: pingan materialize {period} --publish",
    )
    return Freshness(
        period, False, f"{period} 应已发布而未发布：{zh}", f"{period} should be published and is not: {en}"
    )
