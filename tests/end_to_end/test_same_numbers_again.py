"""The same deliveries give the same bytes: a month by itself or in a range, once or again; and the frozen reference
comes out of the simulated 2021 again. In which order months are computed is tested with a small city (tests/core).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from finished_run import FinishedRun

from city import StateFolder
from city.folder import read_table
from feeds.landing import land_department
from gates.candidate import TABLES
from pipelines.settings import Settings

pytestmark = pytest.mark.end_to_end

#: The session's run computed it as the second of thirteen months; here it comes first, by itself.
MONTH = "2022-02"


def hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.glob("*.parquet"))}


def run(where: Settings, job: str, months: list[str]) -> None:
    from pipelines.runs import failure_messages, run_job

    result = run_job(where, job, months)
    assert result.success, "\n\n".join(failure_messages(result))


def link(source: Path, target: Path) -> None:
    """Share what lies in a folder of landing: its files are only ever replaced whole."""
    shutil.copytree(source, target, copy_function=os.link)


@dataclass(frozen=True)
class Alone:
    """A second state that has computed and published one month, and what was landed for it."""

    where: Settings
    state: StateFolder
    receipts: dict[Path, bytes]


@pytest.fixture(scope="module")
def alone(tianshui_run: FinishedRun, tmp_path_factory: pytest.TempPathFactory) -> Alone:
    """A second state over the same deliveries. What was landed of 2021 is shared with the first: it saves a minute."""
    where = Settings(
        tmp_path_factory.mktemp("alone"),
        "tianshui",
        sources=str(tianshui_run.state.sources),
        renderings=("none",),
    )
    state = StateFolder(where.home, "tianshui")
    for folder in tianshui_run.state.landing.glob("*/*/2021-*"):
        link(folder, state.landing / folder.relative_to(tianshui_run.state.landing))
    run(where, "monthly_index", [MONTH])
    return Alone(where, state, landed(state))


def landed(state: StateFolder) -> dict[Path, bytes]:
    return {p.relative_to(state.landing): p.read_bytes() for p in state.landing.glob(f"*/*/{MONTH}/*")}


def test_a_month_by_itself_is_the_month_in_a_range(alone: Alone, tianshui_run: FinishedRun) -> None:
    names, in_session = (
        {path for path in landed(state) if path.suffix == ".parquet"} for state in (alone.state, tianshui_run.state)
    )
    assert names == in_session
    candidate = hashes(alone.state.candidate(MONTH))
    assert candidate == hashes(tianshui_run.state.candidate(MONTH))
    assert set(candidate) == {f"{name}.parquet" for name in TABLES}
    assert hashes(alone.state.issues / MONTH / "r1") == hashes(tianshui_run.state.issues / MONTH / "r1")


def test_a_month_landed_and_published_again_is_the_same_and_no_new_revision(alone: Alone) -> None:
    state = alone.state
    assert len(alone.receipts) == 218  # 109 record sets: the rows and the receipt
    city = alone.where.load()[0]
    for department in ("police", "environment", "health"):
        land_department(city, state, department, MONTH, alone.where.sources, os.environ)
    assert landed(state) == alone.receipts
    index = (state.issues / "index.json").read_bytes()
    run(alone.where, "publish", [MONTH])
    assert sorted(p.name for p in (state.issues / MONTH).iterdir()) == ["r1"]
    assert (state.issues / "index.json").read_bytes() == index


def test_calibration_reproduces_the_reference_of_the_citys_folder(tianshui_run: FinishedRun, tmp_path: Path) -> None:
    from pipelines.calibration import calibrate, changes

    copy = StateFolder(tmp_path, "tianshui")
    link(tianshui_run.state.landing, copy.landing)
    reference = tianshui_run.city.versions[-1].folder / "reference.csv"
    before = reference.read_bytes()
    months = [f"2021-{month:02d}" for month in range(1, 13)]
    nowhere = Settings(tmp_path, "tianshui", sources=str(tmp_path / "nowhere"))
    said = calibrate(nowhere, months, None, write=False)
    assert said.splitlines()[0] == "319 rows, 0 changed", said[:2000]
    assert reference.read_bytes() == before
    rows = read_table(reference)
    assert changes([{**rows[0], "rate": "1"}, *rows[2:]], rows).endswith("319 rows, 2 changed")
