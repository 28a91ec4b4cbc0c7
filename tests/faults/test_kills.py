"""The short form of the soak: a run killed with SIGKILL leaves nothing half, and the next ends as an undisturbed one.

`make soak` makes the long form; its results are in docs/soak/.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from campaigns import Campaign, Worker, made
from small_office import Office

pytestmark = pytest.mark.end_to_end


@pytest.mark.parametrize("number", range(2))
def test_landing_killed_at_random_instants(landing: Campaign, number: int) -> None:
    trial = landing.random_kill(number)
    assert trial.problems == ()


#: sync, rename and sync of the rows' file, unlink of the attempt, sync, rename and sync of the pointer
@pytest.mark.parametrize("step", range(1, 8))
def test_landing_killed_at_each_durable_step(landing: Campaign, step: int) -> None:
    trial = landing.kill_at(step)
    assert trial.killed
    assert trial.problems == ()
    assert trial.found == ("partly" if step == 7 else "nothing new")


@pytest.mark.parametrize("number", range(2))
def test_publication_killed_at_random_instants(publication: Campaign, number: int) -> None:
    trial = publication.random_kill(number)
    assert trial.problems == ()


@pytest.mark.parametrize("number", [2])
def test_dbt_killed_at_a_random_instant(dbt: Campaign, number: int) -> None:
    trial = dbt.random_kill(number)
    assert trial.problems == ()
    assert trial.killed


def test_a_trial_sees_what_must_not_be_left(publication: Campaign, tmp_path: Path) -> None:
    """The campaigns' own eyes: half an issue, a pointer to nothing and rows that are lost are found."""
    office = Office(tmp_path / "office")
    shutil.copytree(publication.folder / "undisturbed", office.folder)
    assert publication.left_over(office) == []
    (office.state.issues / "2022-01" / "r1" / "scores.csv").unlink()
    pointer = sorted(office.state.landing.glob("*/*/*/current.json"))[0]
    pointer.write_text(pointer.read_text(encoding="utf-8").replace('"received": ', '"received": 1'), encoding="utf-8")
    next(pointer.parent.glob("*.parquet")).write_bytes(b"half")
    problems = "\n".join(publication.left_over(office))
    for words in ("missing_file", "rows are lost", "a file that is not whole"):
        assert words in problems


def test_the_same_steps_give_the_same_bytes_in_another_process(publication: Campaign, own_worker: Worker) -> None:
    office = Office(publication.folder / "again")
    shutil.copytree(publication.template.folder, office.folder)
    assert own_worker.take(office.folder, publication.steps) == 0
    assert made(office) == publication.reference
    assert len(publication.reference) > 40
