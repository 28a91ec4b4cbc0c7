"""Who delivered when: one row per department and month, from the records of arrivals and the due days.

It depends on the clock: an account beside an issue's data, never part of them. Where a delivery was first looked for
after its due day it is not known whether it was on time, and the row says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from arrivals.due_days import closed_month, due_date, due_end
from arrivals.record import Arrival, months_on_record, read_arrival
from city.folder import City, Feed
from city.periods import Period, add_months, months_between
from city.state import StateFolder

ON_TIME, LATE, UNKNOWN, MISSING, PENDING = "on_time", "late", "not_known", "missing", "pending"
WORDS = {
    ON_TIME: ("按时", "on time"),
    LATE: ("迟报", "late"),
    UNKNOWN: ("已报，时间不详", "delivered, when is not known"),
    MISSING: ("未报", "not delivered"),
    PENDING: ("未到期", "not due yet"),
}
#: Months of the table in an issue: its own and those before it.
MONTHS_SHOWN = 12


@dataclass(frozen=True)
class Timeliness:
    """One department's month. `first_at` and `complete_at`: when the first and the last required record set were found;
    `late_days` counts from the end of the due day, whole days begun; null where not known.
    """

    period: Period
    department: str
    department_key: str
    due: str
    state: str
    expected: int
    delivered: int
    first_at: str
    complete_at: str
    late_days: int | None
    missing: tuple[str, ...]


def timeliness(city: City, state: StateFolder, periods: Iterable[Period], now: datetime) -> list[Timeliness]:
    """Rows by month, newest last, then by department as in feeds.yaml."""
    return [_row(city, state, feed, period, now) for period in periods for feed in city.feeds]


def timeliness_of(city: City, state: StateFolder, feed: Feed, last: Period, now: datetime) -> list[Timeliness]:
    """One department's months up to `last`."""
    return [_row(city, state, feed, period, now) for period in months_shown(city, last)]


def months_shown(city: City, last: Period) -> list[Period]:
    """The months of a table that ends with `last`."""
    first = max(city.first_month, add_months(last, 1 - MONTHS_SHOWN))
    return months_between(first, last)


def latest_on_record(city: City, state: StateFolder, now: datetime) -> Period:
    """The last month of which an arrival or an absence is recorded; without any, the last closed month."""
    months = months_on_record(state, list(city.record_sets))
    return months[-1] if months else closed_month(city, now)


def account(rows: Sequence[Timeliness], now: datetime) -> dict[str, Any]:
    """timeliness.json of an issue."""
    return {
        "as_of": now.isoformat(timespec="seconds"),
        "note_zh": "报送时间以本系统首次见到为准；到期后才首次查看的，是否按时不详。本表不属于期的数据。",
        "note_en": "A delivery's time is when it was first found here; first looked for after its due day, it is not "
        "known whether it was on time. This account is no part of the issue's data.",
        "rows": [asdict(row) for row in rows],
    }


def timeliness_table(city: City, rows: Sequence[Timeliness]) -> Any:
    """The rows as a table for a terminal: a line per department, a column per month."""
    from rich.table import Table

    table = Table(title="报送时间 who delivered when", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("部门 department", no_wrap=True)
    periods = list(dict.fromkeys(row.period for row in rows))
    for period in periods:
        table.add_column(period, no_wrap=True)
    by_place = {(row.department, row.period): row for row in rows}
    for feed in city.feeds:
        cells = [short(by_place[feed.department.code, period]) for period in periods]
        table.add_row(f"{feed.department.key} {feed.department.name_zh}", *cells)
    marks = {"✓": ON_TIME, "+n": LATE, "?": UNKNOWN, "✗": MISSING, "…": PENDING}
    table.caption = "  ".join(f"{mark} {' '.join(WORDS[kind])}" for mark, kind in marks.items())
    return table


def short(row: Timeliness) -> str:
    """One cell: ✓ on time, +n days late, ? not known when, ✗ not delivered, … not due yet."""
    if row.state == LATE:
        return f"+{row.late_days}"
    part = f" {row.delivered}/{row.expected}" if row.delivered and row.missing else ""
    return {ON_TIME: "✓", UNKNOWN: "?", MISSING: "✗", PENDING: "…"}[row.state] + part


def _row(city: City, state: StateFolder, feed: Feed, period: Period, now: datetime) -> Timeliness:
    required = [r for r in feed.record_sets if r.required] or list(feed.record_sets)
    arrivals = {r.name: read_arrival(state, r, period) for r in required}
    end = due_end(city, feed, period)
    found = [a for a in arrivals.values() if a.first_at]
    missing = tuple(name for name, a in arrivals.items() if not a.first_at)
    complete = "" if missing else max((a.first_at for a in found), key=datetime.fromisoformat)
    kind = (MISSING if now >= end else PENDING) if missing else _kind([*arrivals.values()], end)
    days = -(-(datetime.fromisoformat(complete) - end) // timedelta(days=1)) if kind == LATE else None
    return Timeliness(
        period=period,
        department=feed.department.code,
        department_key=feed.department.key,
        due=due_date(feed, period).isoformat(),
        state=kind,
        expected=len(required),
        delivered=len(found),
        first_at=min((a.first_at for a in found), default=""),
        complete_at=complete,
        late_days=0 if kind == ON_TIME else days,
        missing=missing,
    )


def _kind(arrivals: Sequence[Arrival], end: datetime) -> str:
    after = [a for a in arrivals if datetime.fromisoformat(a.first_at) >= end]
    if not after:
        return ON_TIME
    # Proven late: it was looked for after the due day and was not there.
    proven = any(a.absent_at and datetime.fromisoformat(a.absent_at) >= end for a in after)
    return LATE if proven else UNKNOWN
