"""The same deliveries give the same bytes: whatever the order of months, in one run or many, once or again; and the
frozen reference comes out of the simulated 2021 again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from finished_run import FinishedRun

from city import StateFolder
from city.folder import read_table
from gates.candidate import TABLES
from pipelines.settings import Settings

pytestmark = pytest.mark.end_to_end

#: The session's run computed these in order, within thirteen months; here the later one comes first.
SHUFFLED = ("2022-02", "2022-01")
AGAIN = "2022-01"


def hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.glob("*.parquet"))}


def run(where: Settings, job: str, months: list[str]) -> None:
    from pipelines.runs import failure_messages, run_job

    result = run_job(where, job, months)
    assert result.success, "\n\n".join(failure_messages(result))


def link(source: Path, target: Path) -> None:
    """Share what lies in a folder of landing: its files are only ever replaced whole."""
    shutil.copytree(source, target, copy_function=os.link)


@pytest.fixture(scope="module")
def shuffled(tianshui_run: FinishedRun, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, StateFolder]:
    """A second state over the same deliveries: two months landed and computed, one run each, the later first.

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
    for month in SHUFFLED:
        run(where, "backfill", [month])
    return where, state


def test_months_in_shuffled_order_give_the_candidates_of_one_run(
    shuffled: tuple[Settings, StateFolder], tianshui_run: FinishedRun
) -> None:
    for month in SHUFFLED:
        landed, in_session = (
            {p.relative_to(state.landing) for p in state.landing.glob(f"*/*/{month}/*.parquet")}
            for state in (shuffled[1], tianshui_run.state)
        )
        assert landed == in_session
        one_by_one = hashes(shuffled[1].candidate(month))
        assert one_by_one == hashes(tianshui_run.state.candidate(month))
        assert set(one_by_one) == {f"{name}.parquet" for name in TABLES}


def test_a_month_computed_again_is_the_same_and_no_new_revision(
    shuffled: tuple[Settings, StateFolder], tianshui_run: FinishedRun
) -> None:
    where, state = shuffled
    run(where, "publish", sorted(SHUFFLED))
    for month in SHUFFLED:
        issue = tianshui_run.state.issues / month / "r1"
        assert hashes(state.issues / month / "r1") == hashes(issue)
    index = (state.issues / "index.json").read_bytes()
    first = hashes(state.candidate(AGAIN))
    receipts = {p: p.read_bytes() for p in state.landing.glob(f"*/*/{AGAIN}/*")}
    shutil.rmtree(state.candidate(AGAIN))
    run(where, "monthly_index", [AGAIN])
    assert hashes(state.candidate(AGAIN)) == first
    assert {p: p.read_bytes() for p in state.landing.glob(f"*/*/{AGAIN}/*")} == receipts
    assert len(receipts) == 218  # 109 record sets: the rows and the receipt
    assert sorted(p.name for p in (state.issues / AGAIN).iterdir()) == ["r1"]
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
