"""The calendar of a month's deliveries in the city's own time zone: closed, due, eve of publication, publication.

Pure arithmetic on dates; the clock is always handed in.
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from city.folder import City, Feed
from city.periods import Period, add_months, month_index


def closed_month(city: City, now: datetime) -> Period:
    """The last month that has ended, on the city's clock."""
    local = now.astimezone(ZoneInfo(city.time_zone))
    return add_months(f"{local.year:04d}-{local.month:02d}", -1)


def closed_months(city: City, now: datetime) -> list[Period]:
    """Every month that deliveries may exist of, newest first."""
    first, last = month_index(city.first_month), month_index(closed_month(city, now))
    return [add_months(city.first_month, index - first) for index in range(last, first - 1, -1)]


def due_date(feed: Feed, period: Period) -> date:
    """The day of the following month on which a department's deliveries are due; 31 is the last day of a short one."""
    return _day(add_months(period, 1), feed.due_day)


def due_end(city: City, feed: Feed, period: Period) -> datetime:
    """The end of the due day: what comes before it is on time."""
    return datetime.combine(due_date(feed, period) + timedelta(days=1), time(), ZoneInfo(city.time_zone))


def publication_time(city: City, period: Period) -> datetime:
    """When the schedule publishes the month."""
    when = city.settings["publication"]
    day = _day(add_months(period, 1), int(when["day"]))
    return datetime.combine(day, time(int(when["hour"]), int(when.get("minute", 0))), ZoneInfo(city.time_zone))


def eve_of_publication(city: City, period: Period) -> date:
    """The day before publication, but not before the month has closed."""
    return max(publication_time(city, period).date() - timedelta(days=1), _day(add_months(period, 1), 1))


def _day(month: Period, day: int) -> date:
    year, number = (int(part) for part in month.split("-"))
    return date(year, number, min(day, calendar.monthrange(year, number)[1]))
