"""Fixtures over the small city of small_feeds: its contracts, a sources folder, a way to take a delivery."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from small_feeds import CRIME, HEADER, Crime, Dispute, small_city

from city.folder import RecordSet
from city.state import StateFolder
from feeds.landing import Reception, receive
from feeds.location import READ_CACHE


@pytest.fixture(autouse=True)
def contracts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`schemas.smallville.police`, as a department engineer would write it; and nothing read before."""
    module = types.ModuleType("schemas.smallville.police")
    module.Crime = Crime  # type: ignore[attr-defined]
    module.Dispute = Dispute  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "schemas.smallville.police", module)
    READ_CACHE.clear()
    yield
    READ_CACHE.clear()


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state", "smallville")


@pytest.fixture
def put(sources: Path) -> Callable[..., Path]:
    """Write a delivery: bytes, text, or CSV lines under the crime header."""

    def write(where: str, content: bytes | str | list[str], encoding: str = "utf-8") -> Path:
        path = sources / where
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            content = "\n".join([HEADER, *content]) + "\n"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


@pytest.fixture
def take(tmp_path: Path, sources: Path) -> Callable[..., Reception]:
    """Receive a record set's month without landing it."""

    def taken(record_set: RecordSet = CRIME, period: str = "2022-01", **arguments: Any) -> Reception:
        place = arguments.pop("root", str(sources))
        environment = arguments.pop("environment", {})
        return receive(small_city(tmp_path, record_set), record_set, period, place, environment, **arguments)

    return taken
