"""A PostgreSQL of the tests' own: in a temporary folder, on a free port of loopback, stopped and started at will."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

#: Has characters that an address has to quote, and looks like nothing else, so that it is found where it leaks.
PASSWORD = "geheim/@:#%9f27"
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
            "-c max_connections=80 -c shared_buffers=16MB"
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


def unprivileged() -> str:
    """Who runs the server: ourselves, and where we are root somebody else."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    return next(name for name in ("postgres", "nobody") if name in {entry.pw_name for entry in pwd.getpwall()})
