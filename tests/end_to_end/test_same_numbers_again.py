"""The same deliveries give the same bytes: whatever the order of months, in one run or many, once or again; and the
frozen reference comes out of the simulated 2021 again.
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
from gates.candidate import TABLES
from pipelines.settings import Settings

pytestmark = pytest.mark.end_to_end

#: The session's run computed these in order, within thirteen months; here the later one comes first, by itself.
FIRST, THEN = "2022-02", "2022-01"


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
class Shuffled:
    """A second state, and its candidates: of the later month by itself, then of both in one run."""

    where: Settings
    state: StateFolder
    alone: dict[str, str]
    receipts: dict[Path, bytes]


@pytest.fixture(scope="module")
def shuffled(tianshui_run: FinishedRun, tmp_path_factory: pytest.TempPathFactory) -> Shuffled:
    """A second state over the same deliveries: the later month landed and computed first, then both in one run.

    What was landed of 2021 is shared with the first state, which saves a minute.
    """
    where = Settings(
        tmp_path_factory.mktemp("shuffled"),
        "tianshui",
        sources=str(tianshui_run.state.sources),
        renderings=("none",),
    )
    state = StateFolder(where.home, "tianshui")
    for folder in tianshui_run.state.landing.glob("*/*/2021-*"):
        link(folder, state.landing / folder.relative_to(tianshui_run.state.landing))
    run(where, "backfill", [FIRST])
    alone, receipts = hashes(state.candidate(FIRST)), landed(state, FIRST)
    run(where, "monthly_index", [THEN, FIRST])
    return Shuffled(where, state, alone, receipts)


def landed(state: StateFolder, month: str) -> dict[Path, bytes]:
    return {p.relative_to(state.landing): p.read_bytes() for p in state.landing.glob(f"*/*/{month}/*")}


def test_months_in_shuffled_order_give_the_candidates_of_one_run(shuffled: Shuffled, tianshui_run: FinishedRun) -> None:
    for month in (FIRST, THEN):
        names, in_session = (
            {path for path in landed(state, month) if path.suffix == ".parquet"}
            for state in (shuffled.state, tianshui_run.state)
        )
        assert names == in_session
        assert hashes(shuffled.state.candidate(month)) == hashes(tianshui_run.state.candidate(month))
    assert shuffled.alone == hashes(tianshui_run.state.candidate(FIRST))
    assert set(shuffled.alone) == {f"{name}.parquet" for name in TABLES}


def test_a_month_computed_again_is_the_same_and_no_new_revision(shuffled: Shuffled, tianshui_run: FinishedRun) -> None:
    state = shuffled.state
    assert landed(state, FIRST) == shuffled.receipts
    assert len(shuffled.receipts) == 218  # 109 record sets: the rows and the receipt
    for month in (FIRST, THEN):
        assert hashes(state.issues / month / "r1") == hashes(tianshui_run.state.issues / month / "r1")
    index = (state.issues / "index.json").read_bytes()
    run(shuffled.where, "publish", [THEN, FIRST])
    for month in (FIRST, THEN):
        assert sorted(p.name for p in (state.issues / month).iterdir()) == ["r1"]
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
