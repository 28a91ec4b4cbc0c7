"""A city that has passed its gates, ready to publish."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

# small_candidate is shared with the tests of the gates, whichever of the two folders pytest is asked to run.
sys.path.insert(0, str(Path(__file__).parent.parent / "gates"))

from small_candidate import small_city, write_candidate

from city import City, StateFolder
from gates.result import Finding, GateResult, Override
from gates.store import write_gate
from publication.issue import PublishResult, publish

Publish = Callable[..., PublishResult]


@pytest.fixture
def city() -> City:
    return small_city()


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "home", "small")


@pytest.fixture
def release(state: StateFolder, city: City) -> Publish:
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
