"""What the sensor asks runs for: new and changed deliveries, by content, once they are whole."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from returns_city import put, return_csv, return_xlsx, write_city

from arrivals.taking import note_delivery
from arrivals.watching import ASK_AGAIN, ATTEMPTS, PATIENCE, PLACES, Wanted, watch
from city import City, StateFolder, load_city
from feeds.landing import land_department

NOW = datetime(2023, 2, 8, 2, tzinfo=UTC)
NEWEST, OLDER = "2023-01", "2022-11"
NUMBERS = {"A": 10.0, "B": 20.0, "C": 30.0}


class Office:
    """A city with its state, looked at again and again; `land` does what a run would do."""

    def __init__(self, folder: Path) -> None:
        self.city: City = load_city(write_city(folder / "small", "2022-10", "2022-10"))
        self.state = StateFolder(folder / "home", "small")
        self.sources = folder / "sources"
        self.cursor: str | None = None

    def look(self, times: int = 1) -> list[Wanted]:
        wanted: list[Wanted] = []
        for _ in range(times):
            seen = watch(self.city, self.state, str(self.sources), {}, self.cursor, NOW)
            self.cursor = seen.cursor
            wanted += seen.wanted
        return wanted

    def land(self, wanted: Wanted) -> None:
        for key in wanted.departments:
            feed = self.city.feed(key)
            taken = land_department(self.city, self.state, key, wanted.period, str(self.sources), {})
            note_delivery(self.city, self.state, feed, wanted.period, taken, str(self.sources), {}, now=NOW)

    def deliver(self, department: str = "alpha", period: str = NEWEST, **numbers: float) -> Path:
        kind, measure, write = (
            ("csv", "calls", return_csv) if department == "alpha" else ("xlsx", "patrols", return_xlsx)
        )
        path = self.sources / department / f"{period}.{kind}"
        put(path, write(period, measure, NUMBERS | numbers))
        return path


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def summary(wanted: list[Wanted]) -> list[tuple[str, tuple[str, ...]]]:
    return [(w.period, w.departments) for w in wanted]


def test_a_delivery_is_asked_for_when_two_looks_found_the_same(office: Office) -> None:
    assert office.look() == []
    office.deliver()
    assert office.look() == []
    (wanted,) = office.look()
    assert summary([wanted]) == [(NEWEST, ("alpha",))]
    assert office.look(5) == [], "asked once"
    office.land(wanted)
    assert office.look(5) == [], "landed: nothing new"
    assert json.loads(office.cursor or "{}")["seen"] == {}
    assert json.loads(office.cursor or "{}")["asked"] == {}


def test_a_file_that_is_still_growing_is_left_alone(office: Office) -> None:
    path = office.deliver()
    whole = path.read_bytes()
    for size in range(10, len(whole), 10):
        path.write_bytes(whole[:size])
        assert office.look() == []
    path.write_bytes(whole)
    assert office.look() == []
    assert summary(office.look()) == [(NEWEST, ("alpha",))]


def test_a_workbook_that_is_cut_off_waits_until_it_is_whole(office: Office) -> None:
    path = office.deliver("beta")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert office.look(PATIENCE - 1) == []
    path.write_bytes(whole)
    assert summary(office.look(2)) == [(NEWEST, ("beta",))]


def test_one_that_stays_cut_off_is_landed_in_the_end_so_that_the_department_is_told(office: Office) -> None:
    path = office.deliver("beta")
    path.write_bytes(path.read_bytes()[:500])
    assert office.look(PATIENCE - 1) == []
    (wanted,) = office.look()
    office.land(wanted)
    receipt = json.loads((office.state.receipts / "beta" / NEWEST / "1.json").read_text(encoding="utf-8"))
    assert receipt["record_sets"][0]["status"] == "refused"
    assert office.look(PATIENCE + 5) == [], "the same spoilt file is not landed for ever"


def test_temporary_names_are_no_delivery(office: Office) -> None:
    feeds = tuple(
        replace(
            f,
            record_sets=tuple(replace(r, location=r.location.replace("{period}.", "{period}*")) for r in f.record_sets),
        )
        for f in office.city.feeds
    )
    office.city = replace(office.city, feeds=feeds)
    content = return_csv(NEWEST, "calls", NUMBERS)
    folder = office.sources / "alpha"
    folder.mkdir(parents=True)
    for name in (f"{NEWEST}.csv.part", f"{NEWEST}.csv.tmp", f"{NEWEST}.csv~"):
        (folder / name).write_bytes(content)
    assert office.look(4) == []
    (folder / f"{NEWEST}.csv").write_bytes(content)
    assert summary(office.look(2)) == [(NEWEST, ("alpha",))]


def test_content_decides_and_not_the_time_of_the_file(office: Office) -> None:
    path = office.deliver()
    (wanted,) = office.look(2)
    office.land(wanted)
    os.utime(path, (2_000_000_000, 2_000_000_000))
    put(path, path.read_bytes())
    assert office.look(4) == []
    stamp = path.stat()
    changed = path.read_bytes().replace(b"10.0", b"11.0")
    assert len(changed) == stamp.st_size
    path.write_bytes(changed)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert summary(office.look(2)) == [(NEWEST, ("alpha",))], "same size, same time, another content"


def test_a_delivery_that_goes_back_to_what_it_was_is_landed_again(office: Office) -> None:
    keys = []
    for number in (10.0, 11.0, 10.0):
        office.deliver(A=number)
        (wanted,) = office.look(2)
        office.land(wanted)
        keys.append(wanted.key)
    assert len(set(keys)) == 3, "Dagster takes a run key only once"


def test_an_earlier_month_is_found_in_its_turn_and_by_itself(office: Office) -> None:
    office.deliver(period=OLDER)
    office.deliver("beta", OLDER)
    assert summary(office.look(2)) == [(OLDER, ("alpha", "beta"))]


def test_a_run_that_landed_nothing_is_asked_for_again_and_not_for_ever(office: Office) -> None:
    office.deliver()
    asked = office.look(2 + ASK_AGAIN * (ATTEMPTS + 3))
    assert len(asked) == ATTEMPTS
    assert len({w.key for w in asked}) == ATTEMPTS


def test_what_was_landed_before_arrivals_were_recorded_is_not_landed_again(office: Office) -> None:
    office.deliver()
    office.deliver("beta")
    for key in ("alpha", "beta"):
        land_department(office.city, office.state, key, NEWEST, str(office.sources), {})
    assert not office.state.arrivals.exists()
    assert office.look(4) == []


def test_the_work_of_a_look_is_bounded_and_every_month_has_its_turn(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.city = replace(office.city, settings={**office.city.settings, "first_month": "2010-01"})
    office.deliver(period="2010-02")
    months = (2023 - 2010) * 12 + 1
    seen = watch(office.city, office.state, str(office.sources), {}, None, NOW)
    assert seen.looked_at <= 2 + PLACES
    assert summary(office.look(2 * (2 * months // PLACES + 2))) == [("2010-02", ("alpha",))]
    clock = iter(range(0, 10_000, 15))
    hurried = watch(office.city, office.state, str(office.sources), {}, None, NOW, clock=lambda: float(next(clock)))
    assert hurried.looked_at == 2, "twenty seconds, whatever there is to look at"


def test_what_is_remembered_stays_small(office: Office) -> None:
    for period in ("2022-10", "2022-11", "2022-12", NEWEST):
        for department in ("alpha", "beta"):
            office.deliver(department, period)
    while wanted := office.look(3):
        for one in wanted:
            office.land(one)
    assert len(office.cursor or "") < 150


def test_months_that_have_not_closed_are_not_looked_for(office: Office) -> None:
    office.deliver(period="2023-02")
    assert office.look(4) == []
