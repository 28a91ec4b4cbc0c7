"""A real PostgreSQL on a free port of loopback, and Tianshui's deliveries to be read from it or from an API."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

# tianshui_office is shared with the tests of defects, whichever of the two folders pytest is asked to run.
sys.path.insert(0, str(Path(__file__).parent.parent / "defects"))

from postgresql_server import Server, unprivileged
from tianshui_office import Office

from city.folder import City, load_city
from feeds import json_reader
from feeds.location import READ_CACHE


@pytest.fixture(scope="session")
def postgresql_of_the_session() -> Iterator[Server]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        reason = "no PostgreSQL under /usr/lib/postgresql: `make test` installs it on Debian, as root"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    # Not pytest's folder: only its owner may enter that.
    with tempfile.TemporaryDirectory(prefix="pingan-postgresql-") as name, socket.socket() as free:
        folder, user = Path(name), unprivileged()
        folder.chmod(0o755)
        shutil.chown(folder, user)
        free.bind(("127.0.0.1", 0))
        server = Server(found[-1].parent, folder, free.getsockname()[1], user)
        server.create()
        free.close()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def postgresql(postgresql_of_the_session: Server) -> Server:
    """The server, running whatever the test before did to it."""
    if not postgresql_of_the_session.running:
        postgresql_of_the_session.start()
    return postgresql_of_the_session


@pytest.fixture(scope="session")
def tianshui() -> City:
    return load_city("tianshui")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing read before, and no waiting between attempts."""
    monkeypatch.setattr(json_reader, "FIRST_WAIT", 0.001)
    READ_CACHE.clear()
    yield
    READ_CACHE.clear()


@pytest.fixture
def office(tianshui: City, tmp_path: Path) -> Callable[..., Office]:
    """An office with these record sets of a department only, their deliveries simulated into its sources."""

    def opened(department: str, *record_sets: str) -> Office:
        feed = tianshui.feed(department)
        opened = Office(replace(tianshui, feeds=(feed,)), tmp_path)
        opened.send()
        chosen = tuple(r for r in feed.record_sets if r.name in record_sets)
        opened.city = replace(tianshui, feeds=(replace(feed, record_sets=chosen),))
        return opened

    return opened
