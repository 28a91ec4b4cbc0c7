"""Fixtures over a Tianshui of few departments; tianshui_office says what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from tianshui_office import MONTH, Office, Trial

from city.folder import City, load_city
from feeds.location import READ_CACHE


@pytest.fixture(scope="session")
def tianshui() -> City:
    return load_city("tianshui")


@pytest.fixture(autouse=True)
def nothing_read_before() -> Iterator[None]:
    READ_CACHE.clear()
    yield
    READ_CACHE.clear()


@pytest.fixture
def office(tianshui: City, tmp_path: Path) -> Callable[..., Office]:
    """An office with these departments only."""

    def opened(*departments: str) -> Office:
        return Office(replace(tianshui, feeds=tuple(tianshui.feed(d) for d in departments)), tmp_path)

    return opened


@pytest.fixture(scope="module")
def trial(tianshui: City, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Trial]:
    """A trial of the fire brigade, made once for each kind of defect."""

    @cache
    def tried(kind: str, feeds: tuple[str, ...], share: str = "") -> Trial:
        office = Office(replace(tianshui, feeds=(tianshui.feed("fire_rescue"),)), tmp_path_factory.mktemp(kind))
        office.send()
        clean, clean_rows = office.land(), {feed: office.delivered(feed) for feed in feeds}
        office.send(*(f"{kind}:{feed}:{MONTH}{share}" for feed in feeds))
        spoiled = office.land()
        return Trial(
            office, clean, clean_rows, spoiled, {feed: office.delivered(feed) for feed in feeds}, office.gate(spoiled)
        )

    return tried


@pytest.fixture
def fire(office: Callable[..., Office]) -> Office:
    """The fire brigade, which uses every reader."""
    return office("fire_rescue")
