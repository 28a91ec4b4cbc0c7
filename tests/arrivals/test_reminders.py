"""Reminders on the due day, warnings on the eve of publication, and whether the closed month is out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from returns_city import put, return_csv, return_xlsx, write_city

from arrivals.record import read_arrival
from arrivals.reminders import reminders
from arrivals.taking import note_delivery
from city import City, StateFolder, load_city
from feeds.landing import land_department
from notices.outbox import Notice, raise_notice
from publication.freshness import freshness

MONTH, BEFORE = "2023-01", "2022-12"
NUMBERS = {"A": 10.0, "B": 20.0, "C": 30.0}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def city(tmp_path: Path) -> City:
    return load_city(write_city(tmp_path / "small", "2022-10", "2022-10"))


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "home", "small")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    put(tmp_path / "sources" / "alpha" / f"{MONTH}.csv", return_csv(MONTH, "calls", NUMBERS))
    return tmp_path / "sources"


def due(city: City, state: StateFolder, sources: Path, now: str) -> list[Notice]:
    return reminders(city, state, str(sources), {}, at(now))


@pytest.mark.parametrize(
    ("now", "kinds"),
    [
        ("2023-02-04T23:59", []),
        ("2023-02-05T08:30", ["reminder"]),
        ("2023-02-08T08:30", ["reminder"]),
        ("2023-02-09T08:30", ["warning"]),
        ("2023-02-20T08:30", ["warning"]),
    ],
)
def test_who_has_not_delivered_is_reminded_on_the_due_day_and_warned_on_the_eve(
    city: City, state: StateFolder, sources: Path, now: str, kinds: list[str]
) -> None:
    found = due(city, state, sources, now)
    assert [n.kind for n in found] == kinds
    assert all(n.department == "D2" and n.period == MONTH for n in found), "alpha has delivered"
    for notice in found:
        assert "月报" in notice.text_zh
        assert "Monthly return" in notice.text_en


def test_each_is_sent_once(city: City, state: StateFolder, sources: Path) -> None:
    days = ("2023-02-05", "2023-02-06", "2023-02-08", "2023-02-09", "2023-02-10")
    raised = [raise_notice(city, state, n, at(d)) for d in days for n in due(city, state, sources, f"{d}T08:30")]
    assert raised == [True, False, False, True, False]


def test_looking_puts_on_record_what_came_and_what_did_not(city: City, state: StateFolder, sources: Path) -> None:
    due(city, state, sources, "2023-02-06T08:30")
    alpha, beta = (feed.record_sets[0] for feed in city.feeds)
    assert read_arrival(state, alpha, MONTH).first_at == "2023-02-06T08:30:00+08:00"
    assert read_arrival(state, beta, MONTH).absent_at == "2023-02-06T08:30:00+08:00"
    put(sources / "beta" / f"{MONTH}.xlsx", return_xlsx(MONTH, "patrols", NUMBERS))
    assert due(city, state, sources, "2023-02-07T08:30") == []


def test_a_file_cut_in_half_is_not_there_yet(city: City, state: StateFolder, sources: Path) -> None:
    put(sources / "beta" / f"{MONTH}.xlsx", return_xlsx(MONTH, "patrols", NUMBERS)[:900])
    assert [n.kind for n in due(city, state, sources, "2023-02-05T08:30")] == ["reminder"]


@pytest.mark.parametrize(
    ("carry", "delivered_before", "words"),
    [(1, True, "carried forward"), (1, False, "not be published"), (0, True, "not be published")],
)
def test_the_warning_says_what_the_rules_will_do(
    city: City, state: StateFolder, sources: Path, carry: int, delivered_before: bool, words: str
) -> None:
    version = replace(city.versions[0], rules={**city.versions[0].rules, "carry_forward": {"months": carry}})
    own = replace(city, versions=(version,))
    if delivered_before:
        put(sources / "beta" / f"{BEFORE}.xlsx", return_xlsx(BEFORE, "patrols", NUMBERS))
        taken = land_department(own, state, "beta", BEFORE, str(sources), {})
        note_delivery(own, state, own.feed("beta"), BEFORE, taken, str(sources), {}, now=at("2023-01-05T08:00"))
    (notice,) = due(own, state, sources, "2023-02-09T08:30")
    assert words in notice.text_en
    assert "2023-02-10T09:00" in notice.text_en


def test_the_closed_month_must_be_out_once_its_time_of_publication_has_passed(city: City, state: StateFolder) -> None:
    assert freshness(city, state, at("2023-02-10T08:59")).period == BEFORE
    found = freshness(city, state, at("2023-02-10T09:00"))
    assert (found.period, found.published) == (MONTH, False)
    assert "pingan materialize 2023-01" in found.why_en
    assert freshness(city, state, at("2022-11-09T00:00")).published, "before the first issue nothing is expected"
    version = replace(city.versions[0], rules={**city.versions[0].rules, "hold": {"hours": 48}})
    assert freshness(replace(city, versions=(version,)), state, at("2023-02-12T08:59")).period == BEFORE


def test_a_published_month_is_fresh(city: City, state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publication.freshness.latest_issue", lambda _, period: period if period == MONTH else None)
    assert freshness(city, state, at("2023-02-10T09:00")).published
    assert not freshness(city, state, at("2023-03-10T09:00")).published
