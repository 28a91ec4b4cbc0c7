"""When each delivery was first found: `arrivals/<department>/<record set>/<month>.json`.

It depends on the clock, so it is kept apart from landing and enters no data table. Whoever finds a delivery first –
the sensor, the daily reminder or a run that lands it – writes the time; what is known of its absence before that says
whether it was late, or whether nobody had looked.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from city.folder import City, RecordSet
from city.periods import Period
from city.state import StateFolder
from feeds.receipt import ACCEPTED, NOT_DELIVERED, Receipt
from gates.store import json_text, replace_text


@dataclass(frozen=True)
class Arrival:
    """One record set's month; times are ISO 8601 in the city's zone, empty when unknown.

    `absent_at` is the last time somebody looked and nothing had ever come; `first_at` and `last_at` when the first and
    the latest content were found, `contents` how many there were; `landed` is the digest of the content that was landed
    or refused last, `status` what became of it.
    """

    absent_at: str = ""
    first_at: str = ""
    last_at: str = ""
    digest: str = ""
    contents: int = 0
    landed: str = ""
    status: str = ""


def read_arrival(state: StateFolder, record_set: RecordSet, period: Period) -> Arrival:
    """What is known of a delivery's coming; blank when nothing is."""
    try:
        text = _path(state, record_set, period).read_text(encoding="utf-8")
    except FileNotFoundError:
        return Arrival()
    return Arrival(**json.loads(text))


def note_found(
    city: City, state: StateFolder, record_set: RecordSet, period: Period, digest: str, now: datetime
) -> Arrival:
    """A content was found; the same one again changes nothing."""
    known = read_arrival(state, record_set, period)
    if known.digest == digest:
        return known
    at = _text(city, now)
    return _write(
        state,
        record_set,
        period,
        replace(known, first_at=known.first_at or at, last_at=at, digest=digest, contents=known.contents + 1),
    )


def note_absent(city: City, state: StateFolder, record_set: RecordSet, period: Period, now: datetime) -> Arrival:
    """Somebody looked and nothing is there. Of a delivery that had come once, this says nothing."""
    known = read_arrival(state, record_set, period)
    if known.first_at:
        return known
    return _write(state, record_set, period, replace(known, absent_at=_text(city, now)))


def note_landed(
    city: City, state: StateFolder, record_set: RecordSet, receipt: Receipt, digest: str, now: datetime
) -> Arrival:
    """A run took the delivery: found at the latest now, and accounted for by the receipt."""
    unreported = receipt.status == ACCEPTED and not receipt.reported  # the records end before the month does
    if receipt.status == NOT_DELIVERED or unreported or not digest:
        return note_absent(city, state, record_set, receipt.period, now)
    known = note_found(city, state, record_set, receipt.period, digest, now)
    if (known.landed, known.status) == (digest, receipt.status):
        return known
    return _write(state, record_set, receipt.period, replace(known, landed=digest, status=receipt.status))


def months_on_record(state: StateFolder, record_sets: Sequence[RecordSet]) -> list[Period]:
    """Months of which something is recorded, in order."""
    return sorted(
        {p.stem for r in record_sets for p in (state.arrivals / r.department_key / r.name).glob("????-??.json")}
    )


def _write(state: StateFolder, record_set: RecordSet, period: Period, arrival: Arrival) -> Arrival:
    path = _path(state, record_set, period)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, json_text(asdict(arrival)))
    return arrival


def _path(state: StateFolder, record_set: RecordSet, period: Period) -> Path:
    return state.arrivals / record_set.department_key / record_set.name / f"{period}.json"


def _text(city: City, now: datetime) -> str:
    if now.tzinfo is None:
        raise ValueError("now has no time zone: an arrival's time must not depend on the machine")
    return now.astimezone(ZoneInfo(city.time_zone)).isoformat(timespec="seconds")
