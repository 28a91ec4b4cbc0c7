"""A backfill and the scheduled run at the same time on one city: one waits for the other, and both end right."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from campaigns import Campaign, Worker, error_of, made, worker
from small_office import Office

from city.locks import held
from publication.listing import list_issues
from publication.verify import verify

pytestmark = pytest.mark.end_to_end


def test_a_backfill_and_the_scheduled_run_at_once(own_worker: Worker, publication: Campaign) -> None:
    """One process takes the steps of a backfill while another goes through Dagster from the feeds to publication."""
    office = Office(publication.folder / "at_once").open()
    with worker() as scheduled, ThreadPoolExecutor(2) as both:
        backfill = both.submit(own_worker.take, office.folder, ("land", "compute", "judge"))
        monthly = both.submit(scheduled.take, office.folder, ("run",))
        codes = (backfill.result(), monthly.result())
    assert codes == (0, 0), error_of(office)
    assert made(office) == publication.reference
    assert [(i.period, i.revision) for i in list_issues(office.state)] == [("2022-01", 1), ("2022-02", 1)]
    assert verify(office.state) == []
    shutil.rmtree(office.folder)


def test_the_second_waits_until_the_first_ends_however_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from city.locks import held\n"
        "with held(Path(sys.argv[1]), ''): print('held', flush=True); input()"
    )
    first = subprocess.Popen(
        [sys.executable, "-c", code, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert first.stdout is not None
    assert first.stdout.readline() == b"held\n"

    def second() -> int | None:
        with held(lock, "another run is using it; waiting"):
            return first.poll()

    said = threading.Event()
    monkeypatch.setattr("city.locks.log", SimpleNamespace(info=lambda *_: said.set()))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(second)
        assert said.wait(30)
        assert not waiting.done()
        first.kill()
        first.wait()
        assert waiting.result(timeout=30) is not None
