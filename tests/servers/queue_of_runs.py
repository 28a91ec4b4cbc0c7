"""A queue of whole runs with its servers, its daemon and three workers, for the tests that use one.

Redis and PostgreSQL are real; every process has a process group of its own, so that a worker can be killed with all
that it started, as a machine that loses its power.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import several_cities
import yaml
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from postgresql_server import PASSWORD, USER, Server
from redis_server import redis_server

from pipelines.runs import failure_messages, run_job
from pipelines.settings import ROOT, Settings

WORKERS = ("first", "second", "third")
#: The table that depends on the clock.
TIMELINESS = "timeliness.json"
#: Seconds until a test gives up; on an idle machine it needs a tenth.
DEADLINE = 3600


def program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def wait_for(condition: Callable[[], Any], what: str, processes: dict[str, subprocess.Popen[bytes]], home: Path) -> Any:
    deadline = time.monotonic() + DEADLINE
    while not (found := condition()):
        gone = [name for name, process in processes.items() if process.poll() is not None]
        if gone or time.monotonic() > deadline:
            logs = "\n".join(f"--- {path.name}\n{path.read_text()[-3000:]}" for path in home.glob("*.log"))
            pytest.fail(f"{what}: not within {DEADLINE} s, or ended: {gone}\n{logs}")
        time.sleep(0.2)
    return found


@contextmanager
def running(home: Path, environment: dict[str, str]) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """The daemon and the workers, each with its children in a process group of its own, as on machines of their own."""
    commands = {name: [program("pingan"), "worker", "--name", name] for name in WORKERS}
    commands["daemon"] = [program("dagster-daemon"), "run", "--empty-workspace"]
    processes: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            with (home / f"{name}.log").open("wb") as log:
                processes[name] = subprocess.Popen(
                    command, env=environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
                )
        yield processes
    finally:
        for process in processes.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in processes.values():
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(timeout=30)


def created(instance: dg.DagsterInstance, folder: Path, months: Sequence[str]) -> str:
    """A run over a range of months of a city, as the webserver makes it, not yet in the queue."""
    repository = ReconstructableRepository.for_module("pipelines.code_locations", str(folder), str(ROOT))
    job = repository.get_reconstructable_job("monthly_index")
    run = instance.create_run_for_job(
        job_def=job.get_definition(),
        run_config=without_renderings(folder.name),
        tags={
            "dagster/asset_partition_range_start": months[0],
            "dagster/asset_partition_range_end": months[-1],
        },
        job_code_origin=job.get_python_origin(),
        # What the webserver would show it under; nobody loads that code location here.
        remote_job_origin=RemoteRepositoryOrigin(
            RegisteredCodeLocationOrigin(folder.name), "__repository__"
        ).get_job_origin("monthly_index"),
    )
    return run.run_id


def without_renderings(key: str) -> dict[str, Any]:
    """Run configuration: renderings name the manifest, which tells the time; they are not what is compared."""
    return {"ops": {f"{key}__publication__rendering": {"config": {"only": ["none"]}}}}


def published(home: Path, key: str) -> dict[str, Any]:
    """Every file of every issue; of the manifest all but the time of publication and the hashes that follow from it."""
    files: dict[str, Any] = {}
    for path in sorted((home / key / "issues").glob("*/r*/*")):
        name = path.relative_to(home).as_posix()
        if path.name == TIMELINESS:
            continue
        if path.name == "manifest.json":
            manifest = json.loads(path.read_text(encoding="utf-8"))
            del manifest["published_at"], manifest["chain"]["previous_manifest_sha256"]
            for span in manifest["compares_with"].values():
                span.pop("manifest_sha256", None)
            manifest["files"] = [entry for entry in manifest["files"] if entry["name"] != TIMELINESS]
            files[name] = manifest
        else:
            files[name] = path.read_bytes()
    return files


@contextmanager
def queue_servers(postgresql: Server, place: Path) -> Iterator[dict[str, str]]:
    """A database and a Redis for the queue; answers the environment of its processes, and puts it into ours."""
    with postgresql.connect() as connection:
        connection.execute("create database dagster_queue")
    with redis_server(place) as address:
        environment = {
            **os.environ,
            "PINGAN_HOME": str(place / "home"),
            "DAGSTER_HOME": str(place / "home" / "dagster"),
            "PINGAN_SOURCES": str(place / "deliveries" / "{city}"),
            "PINGAN_DATABASE_HOST": "127.0.0.1",
            "PINGAN_DATABASE_PORT": str(postgresql.port),
            "PINGAN_DATABASE_NAME": "dagster_queue",
            "PINGAN_DATABASE_USER": USER,
            "PINGAN_DATABASE_PASSWORD": PASSWORD,
            "PINGAN_QUEUE_BROKER": address,
            "PINGAN_QUEUE_RESULTS": address,
            "DAGSTER_DISABLE_TELEMETRY": "yes",
        }
        with pytest.MonkeyPatch.context() as patched:
            for name in (name for name in environment if name.startswith("PINGAN_")):
                patched.setenv(name, environment[name])
            yield environment
    with postgresql.connect() as connection:
        connection.execute("drop database dagster_queue with (force)")


def campaign(postgresql: Server, place: Path, cities: Sequence[int], months: Sequence[str]) -> dict[str, Any]:
    """Compute cities over three workers, one of which is killed in the middle of a run, and once more in one process;
    every published byte must be the same. Answers what was counted and measured.
    """
    folders = [several_cities.write_city(place / "cities", number) for number in cities]
    for number in cities:
        several_cities.write_deliveries(place / "deliveries", number)
    with queue_servers(postgresql, place) as environment:
        figures = over_workers(place / "home", environment, folders, months)
    for folder in folders:
        where = Settings(place / "alone", str(folder), str(place / "deliveries" / "{city}"))
        result = run_job(where, "monthly_index", months, without_renderings(folder.name))
        assert result.success, failure_messages(result)
    compared = 0
    for folder in folders:
        one, several = published(place / "alone", folder.name), published(place / "home", folder.name)
        assert one.keys() == several.keys()
        different = [name for name in one if one[name] != several[name]]
        assert not different, different
        assert len([name for name in one if name.endswith("manifest.json")]) == len(months)
        compared += len(one)
    return {"cities": len(cities), "months": len(months), "files compared": compared, **figures}


def over_workers(
    home: Path, environment: dict[str, str], folders: Sequence[Path], months: Sequence[str]
) -> dict[str, Any]:
    """The same months of every city through the queue; kills a worker with SIGKILL while it computes models."""
    configuration = yaml.safe_load((ROOT / "deploy" / "dagster-celery.yaml").read_text(encoding="utf-8"))
    configuration["run_monitoring"]["poll_interval_seconds"] = 2
    (home / "dagster").mkdir(parents=True)
    (home / "dagster" / "dagster.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")

    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance, running(home, environment) as processes:
        runs = {folder.name: created(instance, folder, months) for folder in folders}
        for run_id in runs.values():
            instance.submit_run(run_id, workspace=None)  # type: ignore[arg-type]  # this launcher needs no code server

        def in_the_middle() -> tuple[str, str] | None:
            """A run whose models are being computed, and the worker that has it."""
            for key, run_id in runs.items():
                run = instance.get_run_by_id(run_id)
                assert run is not None
                computing = (home / key / "dbt" / "runs" / run_id).exists()
                if computing and run.status == dg.DagsterRunStatus.STARTED:
                    launcher: Any = instance.run_launcher
                    task = launcher.celery.AsyncResult(run.tags[DAGSTER_CELERY_TASK_ID_TAG])
                    return run_id, task.info["hostname"]
            return None

        killed, worker = wait_for(in_the_middle, "no run got to its models", processes, home)
        victim = processes.pop(worker.partition("@")[0])
        os.killpg(victim.pid, signal.SIGKILL)
        victim.wait(timeout=30)

        def statuses() -> set[dg.DagsterRunStatus]:
            found = {record.status for record in instance.get_runs()}
            return found if not found & set(UNFINISHED) else set()

        wait_for(statuses, "not every run ended", processes, home)
        records = {run.run_id: run for run in instance.get_runs()}
        assert set(records) == set(runs.values())
        ended = {run.status for run in records.values()}
        assert ended == {dg.DagsterRunStatus.SUCCESS}, ended
        messages = [entry.message for entry in instance.all_logs(killed)]
        resumed = sum("Launching a new run worker to resume run" in message for message in messages)
        assert resumed == 1, f"resumed {resumed} times"
        hosts = {run_id: _worker(instance, run) for run_id, run in records.items()}
        assert hosts[killed] != worker, worker
        assert {host.partition("@")[0] for host in hosts.values()} <= set(WORKERS)
        assert len({worker, *hosts.values()}) >= min(len(runs), len(WORKERS))
        stats = [instance.get_run_stats(run_id) for run_id in runs.values() if run_id != killed]
        return {
            "workers": len(WORKERS),
            "killed": 1,
            "runs": len(runs),
            "seconds from launch to start, by run": sorted(
                round(s.start_time - s.launch_time, 1) for s in stats if s.start_time and s.launch_time
            ),
            "seconds of a run": sorted(round(s.end_time - s.start_time) for s in stats if s.end_time and s.start_time),
        }


UNFINISHED = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def _worker(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """Which worker had a run last, `first@machine`."""
    launcher: Any = instance.run_launcher
    return str(launcher.celery.AsyncResult(run.tags[DAGSTER_CELERY_TASK_ID_TAG]).worker)
