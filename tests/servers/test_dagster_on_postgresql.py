"""Dagster's runs, events and schedules in a real PostgreSQL with the configuration of deploy/, lost and restored from
a backup as docs/backup.md says.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
import several_cities
from click.testing import CliRunner
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, ScheduleInstigatorData
from postgresql_server import PASSWORD, USER, Server

from pipelines.runs import failure_messages, prepare_instance, run_job
from pipelines.settings import ROOT, Settings

pytestmark = [pytest.mark.server, pytest.mark.end_to_end]

MONTH = "2022-03"
WITHOUT_RENDERINGS = {"ops": {"city1__publication__rendering": {"config": {"only": ["none"]}}}}
ISSUE = dg.AssetKey(["city1", "publication", "issue"])


@dataclass(frozen=True)
class Installation:
    """A small city with one month published, its Dagster storage in a database of the server."""

    where: Settings
    server: Server
    run_id: str

    def database(self, name: str) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(host="127.0.0.1", port=self.server.port, user=USER, password=PASSWORD, dbname=name)

    def postgresql(self, program: str, *words: str) -> None:
        """A program of PostgreSQL's own, as an administrator calls it."""
        address = ["--host", "127.0.0.1", "--port", str(self.server.port), "--username", USER]
        subprocess.run(
            [str(self.server.programs / program), *address, *words],
            env={**os.environ, "PGPASSWORD": PASSWORD},
            check=True,
            capture_output=True,
        )


def configure(where: Settings) -> None:
    where.dagster_home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "deploy" / "dagster-postgres.yaml", where.dagster_home / "dagster.yaml")


def instance_of(where: Settings) -> dg.DagsterInstance:
    return dg.DagsterInstance.from_config(str(prepare_instance(where)))


@pytest.fixture(scope="module")
def installation(postgresql_of_the_session: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    server, place = postgresql_of_the_session, tmp_path_factory.mktemp("storage")
    folder = several_cities.write_city(place / "cities", 1)
    several_cities.write_deliveries(place / "deliveries", 1)
    where = Settings(place / "home", str(folder), str(place / "deliveries" / "{city}"))
    configure(where)
    if not server.running:
        server.start()
    with server.connect() as connection, pytest.MonkeyPatch.context() as environment:
        connection.execute("create database dagster_storage")
        values = {"HOST": "127.0.0.1", "PORT": str(server.port), "NAME": "dagster_storage"}
        for name, value in (values | {"USER": USER, "PASSWORD": PASSWORD}).items():
            environment.setenv(f"PINGAN_DATABASE_{name}", value)
        result = run_job(where, "monthly_index", [MONTH], WITHOUT_RENDERINGS)
        assert result.success, failure_messages(result)
        yield Installation(where, server, result.run_id)
    with server.connect() as connection:
        for name in ("dagster_storage", "dagster_restored"):
            connection.execute(f"drop database if exists {name} with (force)")


def test_a_run_and_its_events_are_in_the_database_and_nowhere_else(installation: Installation) -> None:
    where, run_id = installation.where, installation.run_id
    with instance_of(where) as instance:
        (run,) = instance.get_runs()
        assert (run.run_id, run.status, run.job_name) == (run_id, dg.DagsterRunStatus.SUCCESS, "monthly_index")
        event = instance.get_latest_materialization_event(ISSUE)
        assert event is not None
        assert event.run_id == run_id
        assert instance.get_materialized_partitions(ISSUE) == {MONTH}
        location = RegisteredCodeLocationOrigin("city1")
        origin = RemoteRepositoryOrigin(location, "__repository__").get_instigator_origin("monthly_publication")
        instance.add_instigator_state(
            InstigatorState(
                origin, InstigatorType.SCHEDULE, InstigatorStatus.RUNNING, ScheduleInstigatorData("0 9 10 * *")
            )
        )

    with installation.database("dagster_storage") as connection:
        for table, condition, least in (
            ("runs", f"run_id = '{run_id}' and status = 'SUCCESS'", 1),
            ("event_logs", f"run_id = '{run_id}'", 50),
            ("instigators", "status = 'RUNNING'", 1),
        ):
            counted = connection.execute(f"select count(*) from {table} where {condition}").fetchone()
            assert counted is not None
            assert counted[0] >= least, table
    assert list(where.dagster_home.rglob("*.db")) == []
    written = [path for path in where.home.rglob("*") if path.is_file()]
    assert len(written) > 50
    assert [path for path in written if PASSWORD.encode() in path.read_bytes()] == []


def test_all_that_was_lost_comes_back_from_a_backup(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/backup.md: issues before landing, then what is small, and a dump of the database; no warehouse."""
    where, backup = installation.where, tmp_path / "backup"
    for part in ("issues", "landing", "quarantine", "gates"):
        if (where.home / "city1" / part).exists():
            shutil.copytree(where.home / "city1" / part, backup / "city1" / part)
    installation.postgresql("pg_dump", "--format=custom", "--file", str(backup / "dagster.dump"), "dagster_storage")

    restored = replace(where, home=tmp_path / "restored", sources=str(tmp_path / "no deliveries"))
    shutil.copytree(backup / "city1", restored.home / "city1")
    configure(restored)
    installation.postgresql("createdb", "dagster_restored")
    installation.postgresql("pg_restore", "--dbname", "dagster_restored", str(backup / "dagster.dump"))
    monkeypatch.setenv("PINGAN_DATABASE_NAME", "dagster_restored")
    monkeypatch.setenv("PINGAN_HOME", str(restored.home))
    monkeypatch.setenv("PINGAN_SOURCES", where.sources)

    with instance_of(restored) as instance:
        assert instance.get_materialized_partitions(ISSUE) == {MONTH}
        messages = [entry.message for entry in instance.all_logs(installation.run_id)]
        assert len(messages) > 50

    from pipelines.command_line import cli

    verified = CliRunner().invoke(cli, ["issues", "--city", where.city, "verify"])
    assert verified.exit_code == 0, verified.output
    before = {p.name: p.read_bytes() for p in (backup / "city1" / "issues" / MONTH / "r1").iterdir() if p.is_file()}
    result = run_job(replace(restored, sources=where.sources), "monthly_index", [MONTH], WITHOUT_RENDERINGS)
    assert result.success, failure_messages(result)
    issues = restored.home / "city1" / "issues" / MONTH
    assert [folder.name for folder in issues.iterdir()] == ["r1"]
    assert {p.name: p.read_bytes() for p in (issues / "r1").iterdir() if p.is_file()} == before
    for name in ("scores", "values", "measures"):
        candidate = restored.home / "city1" / "candidates" / MONTH / f"{name}.parquet"
        assert candidate.read_bytes() == before[candidate.name]
