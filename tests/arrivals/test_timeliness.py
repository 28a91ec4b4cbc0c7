"""Due days, and who delivered when: on time, late, or not known because nobody had looked."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "gates"))

from small_candidate import small_city

from arrivals.due_days import closed_month, closed_months, due_date, due_end, eve_of_publication, publication_time
from arrivals.record import note_absent, note_found, note_landed, read_arrival
from arrivals.timeliness import Timeliness, latest_on_record, timeliness
from city import City, StateFolder
from feeds.receipt import ACCEPTED, NOT_DELIVERED, Receipt

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONTH = "2022-01"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.fixture
def city() -> City:
    small = small_city()
    return replace(small, settings={**small.settings, "publication": {"day": 10, "hour": 9}}, feeds=small.feeds[:1])


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path, "small")


def row(city: City, state: StateFolder, now: str) -> Timeliness:
    (found,) = timeliness(city, state, [MONTH], at(now))
    return found


def test_the_month_that_closed_is_that_of_the_city_s_clock(city: City) -> None:
    for hour, closed in ((15, "2022-12"), (16, "2023-01")):
        assert closed_month(city, datetime(2023, 1, 31, hour, 30, tzinfo=ZoneInfo("UTC"))) == closed
    assert closed_months(city, at("2022-04-01T00:00")) == ["2022-03", "2022-02", "2022-01"]


def test_due_days_and_publication_are_in_the_following_month(city: City) -> None:
    feed = city.feeds[0]
    assert due_date(feed, "2022-12") == date(2023, 1, 5)
    assert due_date(replace(feed, due_day=31), MONTH) == date(2022, 2, 28)
    assert due_end(city, feed, MONTH) == at("2022-02-06T00:00")
    assert publication_time(city, MONTH) == at("2022-02-10T09:00")
    assert eve_of_publication(city, MONTH) == date(2022, 2, 9)
    first = replace(city, settings={**city.settings, "publication": {"day": 1, "hour": 9}})
    assert eve_of_publication(first, MONTH) == date(2022, 2, 1)


@pytest.mark.parametrize(
    ("absent", "found", "now", "state_", "days"),
    [
        (None, "2022-02-05T23:59", "2022-03-01T00:00", "on_time", 0),
        ("2022-02-06T08:30", "2022-02-06T09:00", "2022-03-01T00:00", "late", 1),
        ("2022-02-07T08:30", "2022-02-08T00:01", "2022-03-01T00:00", "late", 3),
        (None, "2022-02-06T09:00", "2022-03-01T00:00", "not_known", None),
        ("2022-02-05T08:30", "2022-02-06T09:00", "2022-03-01T00:00", "not_known", None),
        ("2022-02-07T08:30", None, "2022-02-07T08:31", "missing", None),
        (None, None, "2022-02-05T23:59", "pending", None),
        (None, None, "2022-02-06T00:00", "missing", None),
    ],
)
def test_a_delivery_is_on_time_late_or_not_known(
    city: City, state: StateFolder, absent: str | None, found: str | None, now: str, state_: str, days: int | None
) -> None:
    record_set = city.feeds[0].record_sets[0]
    if absent:
        note_absent(city, state, record_set, MONTH, at(absent))
    if found:
        note_found(city, state, record_set, MONTH, "abc", at(found))
    assert (row(city, state, now).state, row(city, state, now).late_days) == (state_, days)


def test_a_department_is_complete_with_its_last_required_record_set(city: City, state: StateFolder) -> None:
    feed = city.feeds[0]
    first = feed.record_sets[0]
    second, spare = replace(first, name="second"), replace(first, name="spare", required=False)
    own = replace(city, feeds=(replace(feed, record_sets=(first, second, spare)),))
    note_found(own, state, first, MONTH, "a", at("2022-02-03T10:00"))
    told = row(own, state, "2022-02-04T00:00")
    assert (told.state, told.delivered, told.expected, told.missing) == ("pending", 1, 2, ("second",))
    note_found(own, state, second, MONTH, "b", at("2022-02-04T11:00"))
    told = row(own, state, "2022-02-05T00:00")
    assert (told.state, told.complete_at) == ("on_time", "2022-02-04T11:00:00+08:00")


def test_a_correction_does_not_change_when_the_first_delivery_came(city: City, state: StateFolder) -> None:
    record_set = city.feeds[0].record_sets[0]
    note_found(city, state, record_set, MONTH, "abc", at("2022-02-03T10:00"))
    note_found(city, state, record_set, MONTH, "abc", at("2022-02-04T10:00"))
    note_found(city, state, record_set, MONTH, "def", at("2022-05-03T10:00"))
    known = read_arrival(state, record_set, MONTH)
    assert (known.first_at, known.last_at, known.contents) == (
        "2022-02-03T10:00:00+08:00", "2022-05-03T10:00:00+08:00", 2,
    )  # fmt: skip
    assert row(city, state, "2022-06-01T00:00").state == "on_time"


def test_a_run_that_finds_nothing_says_so_and_one_that_takes_a_delivery_finds_it(
    city: City, state: StateFolder
) -> None:
    record_set = city.feeds[0].record_sets[0]
    absent = Receipt("D1", "police", "cases", MONTH, NOT_DELIVERED, False)
    note_landed(city, state, record_set, absent, "", at("2022-02-10T09:00"))
    assert read_arrival(state, record_set, MONTH).absent_at == "2022-02-10T09:00:00+08:00"
    taken = replace(absent, status=ACCEPTED, reported=True)
    note_landed(city, state, record_set, taken, "abc", at("2022-02-11T09:00"))
    known = read_arrival(state, record_set, MONTH)
    assert (known.landed, known.status, known.first_at) == ("abc", ACCEPTED, "2022-02-11T09:00:00+08:00")
    assert row(city, state, "2022-06-01T00:00").late_days == 6
    assert latest_on_record(city, state, at("2022-09-01T00:00")) == MONTH


def test_a_time_without_a_zone_is_refused(city: City, state: StateFolder) -> None:
    with pytest.raises(ValueError, match="time zone"):
        note_found(city, state, city.feeds[0].record_sets[0], MONTH, "a", datetime(2022, 2, 1))
