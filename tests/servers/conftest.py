"""A real PostgreSQL on a free port of loopback, and Tianshui's deliveries to be read from it or from an API."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

# tianshui_office is shared with the tests of defects, whichever of the two folders pytest is asked to run.
sys.path.insert(0, str(Path(__file__).parent.parent / "defects"))

from tianshui_office import Office

from city.folder import City, load_city
from feeds import json_reader
from feeds.location import READ_CACHE

#: Has characters that an address has to quote, and looks like nothing else, so that it is found where it leaks.
PASSWORD = "geheim/@:#%9f27"  # noqa: S105 - of a server that lives as long as the tests
USER = "pingan_reader"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL of the tests' own. It refuses to run as root, so root runs it as another user."""

    programs: Path
    folder: Path
    port: int
    user: str

    @property
    def url(self) -> str:
        """The address with its password, as an administrator would write it into the variable."""
        return self.address(PASSWORD)

    def address(self, password: str) -> str:
        quoted = "".join(c if c.isalnum() else f"%{ord(c):02X}" for c in password)
        return f"postgresql+psycopg://{USER}:{quoted}@127.0.0.1:{self.port}/postgres"

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname="postgres", autocommit=True
        )

    def start(self) -> None:
        options = (
            f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off -c autovacuum=off "
            "-c max_connections=20 -c shared_buffers=16MB"
        )
        self._run("pg_ctl", "start", "-w", "-t", "60", "-D", self.data, "-l", self.folder / "log", "-o", options)

    @property
    def running(self) -> bool:
        return (self.data / "postmaster.pid").exists()

    def stop(self) -> None:
        """At once, as when the power fails."""
        if self.running:
            self._run("pg_ctl", "stop", "-m", "immediate", "-w", "-D", self.data)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def create(self) -> None:
        password = self.folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        shutil.chown(password, self.user)
        self._run(
            "initdb", "--no-sync", "-E", "UTF8", "--locale=C", "-A", "scram-sha-256", "-U", USER, "-D", self.data,
            f"--pwfile={password}",
        )  # fmt: skip

    def load(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A new table with these rows; text and whole numbers as SQLite has them."""
        name = sql.Identifier(table)
        fields = [
            sql.SQL("{} bigint" if all(isinstance(row[place], int) for row in rows) else "{} text").format(
                sql.Identifier(column)
            )
            for place, column in enumerate(columns)
        ]
        with self.connect() as connection:
            connection.execute(sql.SQL("create table {} ({})").format(name, sql.SQL(", ").join(fields)))
            with connection.cursor() as cursor, cursor.copy(sql.SQL("copy {} from stdin").format(name)) as copy:
                for row in rows:
                    copy.write_row(row)

    def _run(self, program: str, *arguments: object) -> None:
        # Inherited pipes would keep `run` waiting for the server that pg_ctl leaves behind.
        done = subprocess.run(
            [str(self.programs / program), *map(str, arguments)],
            check=False,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self.user if os.getuid() == 0 else None,
        )
        if done.returncode:
            log = self.folder / "log"
            pytest.fail(f"{program} ended with {done.returncode}: {log.read_text()[-2000:] if log.exists() else ''}")


def _unprivileged() -> str:
    """Who runs the server: ourselves, and where we are root somebody else."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    return next(name for name in ("postgres", "nobody") if name in {entry.pw_name for entry in pwd.getpwall()})


@pytest.fixture(scope="session")
def postgresql_of_the_session() -> Iterator[Server]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        reason = "no PostgreSQL under /usr/lib/postgresql: tests/install_servers.sh installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    # Not pytest's folder: only its owner may enter that.
    with tempfile.TemporaryDirectory(prefix="pingan-postgresql-") as name, socket.socket() as free:
        folder, user = Path(name), _unprivileged()
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
