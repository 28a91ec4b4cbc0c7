"""A city that has passed its gates, ready to publish."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path

import polars as pl
import pytest
from finished_run import FinishedRun

# small_candidate is shared with the tests of the gates, whichever of the two folders pytest is asked to run.
sys.path.insert(0, str(Path(__file__).parent.parent / "gates"))

from small_candidate import small_city, write_candidate

import publication.issue as issue_module
from city import City, StateFolder
from gates.release import evaluate_release_gate
from gates.result import Finding, GateResult, Override
from gates.store import write_gate
from pipelines.settings import code_version
from publication.issue import PublishResult, publish
from publication.reading import read_issue_data
from publication.rendering import RENDERINGS, Request, read_renderings

Publish = Callable[..., PublishResult]
Gate = Callable[[Path, City, Path | None], GateResult]


@pytest.fixture(scope="session")
def rendered(tianshui_run: FinishedRun, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a rendering of Tianshui's latest issue: the run's own, where that is of this code."""
    data = read_issue_data(tianshui_run.state, "2023-01")
    made = read_renderings(data.folder)

    @cache
    def folder(name: str) -> Path:
        if made.get(name, {}).get("code_version") == code_version():
            return data.folder / name
        target = tmp_path_factory.mktemp(name)
        module, _, function = RENDERINGS[name].function.partition(":")
        getattr(import_module(module), function)(Request(data, tianshui_run.city, target, None))
        return target

    return folder


@pytest.fixture
def city() -> City:
    return small_city()


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "home", "small")


@pytest.fixture(scope="session")
def gate_of_same_tables() -> Gate:
    """Gate C, which is asked once for the same bytes and the same city: a hundred publications took it half a second
    each. That it gives the same answer again is what test_only_the_clock_and_the_code_version_differ holds without it.
    """
    answers: dict[str, GateResult] = {}

    def ask(candidate: Path, city: City, previous: Path | None) -> GateResult:
        asked = hashlib.sha256(repr(city).encode("utf-8"))
        for path in [*sorted(candidate.iterdir()), *([] if previous is None else [previous / "scores.parquet"])]:
            asked.update(f"{path.name} {path.stat().st_size} ".encode())
            asked.update(path.read_bytes())
        key = asked.hexdigest()
        if key not in answers:
            answers[key] = evaluate_release_gate(candidate, city, previous)
        return answers[key]

    return ask


@pytest.fixture
def release(state: StateFolder, city: City, gate_of_same_tables: Gate) -> Publish:
    """Write a month's candidate with gates A and B passed, and publish it."""
    clock = datetime(2022, 3, 10, 9, tzinfo=UTC)

    def run(
        period: str, *, reason: str | None = None, override: Override | None = None, **changed: pl.DataFrame
    ) -> PublishResult:
        nonlocal clock
        clock += timedelta(minutes=1)
        write_candidate(state.candidate(period), period, **changed)
        for gate in ("A", "B"):
            write_gate(state, GateResult(gate, period, (Finding("all", True),)))
        with pytest.MonkeyPatch.context() as patch:
            if issue_module.evaluate_release_gate is evaluate_release_gate:  # else a test has put its own there
                patch.setattr(issue_module, "evaluate_release_gate", gate_of_same_tables)
            return publish(
                state.candidate(period),
                state,
                city,
                reason=reason,
                now=clock,
                code_version="abc123",
                override=override,
            )

    return run
