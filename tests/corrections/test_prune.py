"""Pruning removes what is old and needed by nothing; every issue stays reproducible."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from corrected_office import Corrected
from small_office import CODE_VERSION, Office

from pipelines.command_line import cli
from pipelines.reproduction import reproduce
from pipelines.retention import removable
from publication.verify import verify

OLD = (datetime.now(UTC) - timedelta(days=200)).timestamp()


@pytest.fixture
def office(corrected: Corrected, tmp_path: Path) -> Office:
    """Everything is 200 days old. January's first delivery is no pointer's any more, but r1's manifest names it."""
    own = Office(tmp_path / "office")
    shutil.copytree(corrected.office.folder, own.folder)
    own.restate("2022-02", "D3", "patrols", 7)
    own.land(["2022-02"])
    own.restate("2022-02", "D3", "patrols", 9)
    own.land(["2022-02"])  # the delivery between is no pointer's and no issue's
    state = own.state
    for name, content in {
        "dbt/runs/a/run_results.json": b"{}",
        "dbt/logs/dbt.log": b"log",
        "warehouse.duckdb.corrupt-1": b"x",
        "quarantine/alpha/monthly/2021-05/0123.parquet": b"rows",
        "landing/alpha/monthly/2021-05/.current.json.17": b"half",
        "inputs/00ff": b"no issue's",
    }.items():
        path = state.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for path in [own.home, *own.home.rglob("*")]:
        os.utime(path, (OLD, OLD))
    return own


def prune(office: Office, *words: str) -> str:
    result = CliRunner().invoke(
        cli, ["prune", "--city", str(office.city_folder), *words], env={"PINGAN_HOME": str(office.home)}
    )
    assert result.exit_code == 0, result.output
    return result.output


def test_only_what_nothing_needs_goes_and_issues_stay_reproducible(office: Office, tmp_path: Path) -> None:
    state = office.state
    before = {p for p in office.home.rglob("*") if p.is_file()}
    prune(office, "--older-than", "90d")
    gone = {str(p.relative_to(state.root)) for p in before if not p.exists()}
    between = {name for name in gone if name.startswith("landing/gamma/monthly/2022-02/")}
    assert len(between) == 1
    assert gone - between == {
        "dbt/runs/a/run_results.json",
        "dbt/logs/dbt.log",
        "warehouse.duckdb.corrupt-1",
        "quarantine/alpha/monthly/2021-05/0123.parquet",
        "landing/alpha/monthly/2021-05/.current.json.17",
        "inputs/00ff",
    }
    assert verify(state) == []
    assert reproduce(state, "2022-01", 1, CODE_VERSION, tmp_path / "again").complete


def test_what_is_young_stays_and_a_dry_run_removes_nothing(office: Office) -> None:
    assert removable(office.state, datetime.now(UTC) - timedelta(days=300)) == []
    before = sorted(office.state.root.rglob("*"))
    said = prune(office, "--older-than", "90d", "--dry-run")
    assert sorted(office.state.root.rglob("*")) == before
    assert "delivery no issue needs: 1" in said
    assert "nothing removed" in said


def test_a_manifest_that_cannot_be_read_stops_all(office: Office) -> None:
    (office.state.issues / "2022-01" / "r1" / "manifest.json").write_text("{")
    before = sorted(office.state.root.rglob("*"))
    result = CliRunner().invoke(
        cli,
        ["prune", "--city", str(office.city_folder), "--older-than", "90d"],
        env={"PINGAN_HOME": str(office.home)},
    )
    assert result.exit_code != 0
    assert sorted(office.state.root.rglob("*")) == before


@pytest.mark.parametrize("age", ["0d", "90", "d", "-1d"])
def test_an_age_that_is_none(office: Office, age: str) -> None:
    result = CliRunner().invoke(cli, ["prune", "--city", str(office.city_folder), f"--older-than={age}"])
    assert result.exit_code == 2
