"""The doctor says what is wrong and what to do; what the next run repairs is a note, and a sound state is silent."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from click.testing import CliRunner
from corrected_office import Corrected
from filelock import FileLock
from small_office import Office

from pipelines import doctor
from pipelines.command_line import cli
from pipelines.dagster_health import PROCESS_TAG, dagster_findings, dead_runs, mark_failed, process_tag
from pipelines.doctor import NOTE, PROBLEM, Finding, Patient, examine

#: February is published and March has not closed.
MARCH = datetime(2022, 3, 20, tzinfo=UTC)


@pytest.fixture
def office(corrected: Corrected, tmp_path: Path) -> Office:
    own = Office(tmp_path / "office")
    shutil.copytree(corrected.office.folder, own.folder)
    return own


@pytest.fixture(autouse=True)
def printing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether this machine can print is tested apart."""
    checks = tuple(check for check in doctor.CHECKS if check.__name__ != "_printing")
    monkeypatch.setattr(doctor, "CHECKS", checks)


def patient(office: Office, now: datetime = MARCH) -> Patient:
    return Patient(office.city, office.state, str(office.sources), {}, now)


def test_a_sound_state_is_silent(office: Office) -> None:
    assert examine(patient(office)) == []


def restated(office: Office) -> None:
    office.restate("2022-01", "D1", "crimes", 5)
    office.land(["2022-01"])


def break_chain(office: Office) -> None:
    path = office.state.issues / "2022-01" / "r1" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(manifest | {"published_at": "2020-01-01T00:00:00+00:00"}), encoding="utf-8")


def corrupt(office: Office) -> None:
    with office.state.warehouse.open("r+b") as stream:
        stream.write(b"\xa5" * 40_000)


def lose_delivery(office: Office) -> None:
    next(office.state.landing.glob("alpha/monthly/2022-02/*.parquet")).unlink()


def half_issue(office: Office) -> None:
    (office.state.issues / "2022-03" / ".tmp-r1-x").mkdir(parents=True)


def unsound_folder(office: Office) -> None:
    path = office.city_folder / "units.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("900101001,900101,", "900101001,999999,"), encoding="utf-8"
    )


def set_aside(office: Office) -> None:
    (office.state.root / "warehouse.duckdb.corrupt-1").write_bytes(b"x")


def lose_index(office: Office) -> None:
    (office.state.issues / "index.json").unlink()


@pytest.mark.parametrize(
    ("spoil", "severity", "words", "remedy"),
    [
        (restated, PROBLEM, "2 months are older than the deliveries,", "pingan materialize 2022-01..2022-02"),
        (break_chain, PROBLEM, "broken_chain", "restore it from a copy"),
        (corrupt, NOTE, "The warehouse file is corrupt", "the next run sets it aside"),
        (lose_delivery, PROBLEM, "the landing file that current.json names is gone", "Restore landing/"),
        (half_issue, NOTE, "1 unfinished publications", "the next publication sweeps"),
        (unsound_folder, PROBLEM, "The city's folder has", "pingan check"),
        (set_aside, NOTE, "was set aside as corrupt", "pingan prune"),
        (lose_index, NOTE, "missing_index", "the next publication repairs it"),
    ],
)
def test_each_fault_is_said_in_two_languages_with_what_to_do(
    spoil: Callable[[Office], None], severity: str, words: str, remedy: str, office: Office
) -> None:
    spoil(office)
    found = [f for f in examine(patient(office)) if words in str(f)]
    assert found, [str(f) for f in examine(patient(office))]
    assert found[0].severity == severity
    assert remedy in str(found[0])
    assert any("\u4e00" <= character <= "\u9fff" for character in found[0].zh)


def test_a_month_that_is_due_and_not_published(office: Office) -> None:
    assert examine(patient(office, datetime(2022, 4, 10, 0, 59, tzinfo=UTC))) == []  # 08:59 in Shanghai
    (finding,) = examine(patient(office, datetime(2022, 4, 10, 1, 0, tzinfo=UTC)))
    assert finding.severity == PROBLEM
    assert "2022-03 should be published by now" in finding.en
    assert "pingan materialize 2022-03 --publish" in finding.remedy_en


def test_a_disk_nearly_full(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100 << 20))
    (finding,) = examine(patient(office))
    assert finding.severity == PROBLEM
    assert "100 MiB are free" in finding.en
    assert "pingan prune" in finding.remedy_en


def test_a_state_folder_that_cannot_be_written(office: Office) -> None:
    shutil.rmtree(office.state.landing)
    office.state.landing.write_text("a file in its place")
    (finding,) = examine(patient(office))
    assert finding.severity == PROBLEM
    assert str(office.state.landing) in finding.en
    assert "cannot be written" in finding.en
    assert finding.blocks_everything


def test_locks_and_who_holds_them(office: Office) -> None:
    with FileLock(office.state.warehouse_lock):
        (finding,) = examine(patient(office))
    assert finding.severity == NOTE
    assert f"holding the warehouse (process {os.getpid()})" in finding.en


def test_a_warehouse_open_elsewhere(office: Office) -> None:
    code = f"import duckdb; c = duckdb.connect({str(office.state.warehouse)!r}); print('open', flush=True); input()"
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"open\n"
    (finding,) = examine(patient(office))
    holder.communicate(b"\n")
    assert finding.severity == PROBLEM
    assert f"PID {holder.pid}" in finding.en


def test_variables_that_feeds_name(office: Office) -> None:
    city = office.city
    feed = city.feeds[0]
    record_set = replace(feed.record_sets[0], root="ALPHA_ROOT", token="ALPHA_TOKEN")
    named = replace(city, feeds=(replace(feed, record_sets=(record_set,)), *city.feeds[1:]))
    (absent,) = examine(replace(patient(office), city=named))
    assert (absent.severity, "ALPHA_ROOT" in absent.en) == (NOTE, True)
    environment = {"ALPHA_ROOT": "https://127.0.0.1:9"}
    (token,) = examine(replace(patient(office), city=named, environment=environment))
    assert (token.severity, "ALPHA_TOKEN" in token.en) == (PROBLEM, True)
    assert examine(replace(patient(office), city=named, environment=environment | {"ALPHA_TOKEN": "x"})) == []


def test_packages_that_printing_needs(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_library", lambda name: None if name == "pango-1.0" else name)
    found = list(doctor._printing(patient(office)))
    assert found[0].severity == NOTE
    assert "libpango-1.0-0" in found[0].remedy_en
    assert "libpangoft2" not in found[0].remedy_en


@pytest.fixture
def instance(tmp_path: Path) -> dg.DagsterInstance:
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return dg.DagsterInstance.from_config(str(tmp_path / "dagster"))


def going_on(instance: dg.DagsterInstance, tag: str) -> str:
    run = dg.DagsterRun(job_name="monthly_index", status=dg.DagsterRunStatus.STARTED, tags={PROCESS_TAG: tag})
    return instance.add_run(run).run_id


def english(findings: list[Finding]) -> str:
    return "\n".join(f.en for f in findings)


def test_a_run_whose_process_is_gone_is_found_and_marked(instance: dg.DagsterInstance) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host = socket.gethostname()
    own = process_tag()[PROCESS_TAG]
    dead = going_on(instance, f"{host}:{ended.pid}:1")
    reused = going_on(instance, f"{host}:{os.getpid()}:1")  # the number is another process's by now
    alive = going_on(instance, own)
    elsewhere = going_on(instance, f"another-{host}:{ended.pid}:1")
    assert {run.run_id for run in dead_runs(instance)} == {dead, reused}
    said = english(list(dagster_findings(instance)))
    assert f"Run {dead[:8]} (monthly_index) is recorded as going on and its process is gone" in said
    assert set(mark_failed(instance)) == {dead, reused}
    statuses = {run.run_id: run.status for run in instance.get_runs()}
    assert statuses == {
        dead: dg.DagsterRunStatus.FAILURE,
        reused: dg.DagsterRunStatus.FAILURE,
        alive: dg.DagsterRunStatus.STARTED,
        elsewhere: dg.DagsterRunStatus.STARTED,
    }
    assert dead_runs(instance) == []


def test_a_daemon_that_stopped_and_a_schedule_that_is_off(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dagster._core.definitions.run_request import InstigatorType
    from dagster._core.scheduler.instigation import InstigatorStatus
    from dagster._daemon.types import DaemonHeartbeat

    (never,) = dagster_findings(instance)
    assert (never.severity, "has never run here" in never.en) == (NOTE, True)
    instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), "SCHEDULER", "1", []))
    assert list(dagster_findings(instance)) == []
    off = SimpleNamespace(
        instigator_name="monthly_publication",
        status=InstigatorStatus.STOPPED,
        instigator_type=InstigatorType.SCHEDULE,
    )
    monkeypatch.setattr(instance, "all_instigator_state", lambda: [off])
    (switched,) = dagster_findings(instance)
    assert (switched.severity, "is switched off" in switched.en) == (PROBLEM, True)
    monkeypatch.setattr(instance, "all_instigator_state", list)
    instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - 7200, "SCHEDULER", "1", []))
    (silent,) = dagster_findings(instance)
    assert (silent.severity, "silent for 120 minutes" in silent.en) == (PROBLEM, True)


def test_exit_codes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "CHECKS", ())
    words = ["doctor", "--city", str(office.city_folder)]
    environment = {"PINGAN_HOME": str(office.home)}
    sound = CliRunner().invoke(cli, words, env=environment)
    assert (sound.exit_code, "nothing needs a person" in sound.output) == (0, True)
    monkeypatch.setattr(doctor, "CHECKS", (lambda _: iter([Finding(PROBLEM, "坏", "bad")]),))
    unsound = CliRunner().invoke(cli, words, env=environment)
    assert (unsound.exit_code, "✗ 坏 bad" in unsound.output) == (1, True)
