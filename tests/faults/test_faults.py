"""Full disks, closed folders, a corrupt or busy warehouse: said in words, nothing half, and the next run succeeds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from campaigns import Campaign, Worker, error_of, landed, made, worker
from small_office import Office

from warehouse.opening import WarehouseBusyError, open_warehouse, warehouse_fault

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of a few megabytes, which only root may mount."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "pingan-test", str(place)], capture_output=True)
    if done.returncode:
        reason = f"a small disk cannot be mounted here (it needs root): {done.stderr.decode().strip()}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    yield place
    subprocess.run(["umount", str(place)], check=True)


def leave(place: Path, free_bytes: int) -> None:
    """Shrink the disk until so much is free."""
    used = shutil.disk_usage(place).used
    subprocess.run(["mount", "-o", f"remount,size={used + free_bytes}", str(place)], check=True)


@pytest.mark.parametrize(("name", "free"), [("landing", 4_096), ("publication", 65_536)])
def test_a_full_disk_stops_a_run_and_the_next_ends_as_if_nothing_had_been(
    name: str, free: int, small_disk: Path, own_worker: Worker, request: pytest.FixtureRequest
) -> None:
    campaign: Campaign = request.getfixturevalue(name)
    office = Office(small_disk / "office")
    shutil.copytree(campaign.template.folder, office.folder)
    before = made(office)
    leave(small_disk, free)
    leave_error = office.folder.with_suffix(".error")
    leave_error.symlink_to(campaign.folder / "error")  # on another disk
    assert own_worker.take(office.folder, campaign.steps) == 1
    said = (campaign.folder / "error").read_text(encoding="utf-8")
    assert "No space left on device" in said
    assert campaign.left_over(office) == []
    kept = made(office)
    assert {k: kept.get(k) for k in before if not k.startswith("index")}.keys() == before.keys()
    assert kept != campaign.reference
    leave(small_disk, 64 << 20)
    assert own_worker.take(office.folder, campaign.steps) == 0, error_of(office)
    assert made(office) == campaign.reference
    assert campaign.left_over(office) == []


def test_dbt_on_a_full_disk_and_again_with_room(small_disk: Path, own_worker: Worker, dbt: Campaign) -> None:
    office = Office(small_disk / "office")
    shutil.copytree(dbt.template.folder, office.folder)
    leave(small_disk, 100_000)
    office.folder.with_suffix(".error").symlink_to(dbt.folder / "error")
    assert own_worker.take(office.folder, dbt.steps) == 1
    assert re.search("No space left|Could not write|not enough space", (dbt.folder / "error").read_text())
    assert not list((office.state.root / "candidates").glob("2*"))
    leave(small_disk, 64 << 20)
    assert own_worker.take(office.folder, dbt.steps) == 0, error_of(office)
    assert made(office) == dbt.reference


@pytest.fixture(scope="module")
def obedient() -> Iterator[Worker]:
    """A worker whom permissions bind: root without the capabilities to pass over them."""
    if os.geteuid() != 0:
        with worker() as own:
            yield own
        return
    if shutil.which("setpriv") is None:
        pytest.fail("setpriv (Debian package util-linux) is missing: root is not bound by permissions without it")
    dropped = "-dac_override,-dac_read_search"
    with worker("setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}") as own:
        yield own


@pytest.mark.parametrize("closed", ["sources/alpha/2022-01.csv", "sources/alpha", "landing/alpha/monthly/2022-01"])
def test_a_permission_that_was_removed_loses_nothing(
    closed: str, obedient: Worker, landing: Campaign, tmp_path: Path
) -> None:
    office = Office(tmp_path / "closed")
    shutil.copytree(landing.template.folder, office.folder)
    path = office.state.root / closed
    mode = path.stat().st_mode
    path.chmod(0)
    code = obedient.take(office.folder, ("land",))
    path.chmod(mode)
    attempts = sorted(office.state.landing.glob("alpha/*/*/attempt.json"))
    if code:  # the state folder itself: the run stops with the path that it may not enter
        assert code == 1
        assert "Permission denied" in error_of(office)
        assert closed in error_of(office)
    else:  # a delivery: refused in words, what was in force stays
        assert "2022-01" in {p.parent.name for p in attempts}
        said = (office.state.landing / "alpha/monthly/2022-01/attempt.json").read_text(encoding="utf-8")
        assert "ermission" in said
    # December's receipt notes that late rows in January's delivery were not read: the same rows, another receipt
    late = "neither the old nor the new delivery: alpha/monthly/2021-12/current.json"
    assert [problem for problem in landing.left_over(office) if problem != late] == []
    assert landed(office).keys() == landing.old.keys()
    assert obedient.take(office.folder, ("land",)) == 0, error_of(office)
    assert made(office) == landing.reference


def overwrite(path: Path, places: Sequence[float]) -> None:
    """Spoil a file at several places: a single one may belong to no table."""
    for place in places:
        with path.open("r+b") as stream:
            stream.seek(int(place * path.stat().st_size))
            stream.write(b"\xa5" * 40_000)


HEADER = (0.0,)
BLOCKS = tuple(n / 16 for n in range(1, 16))


@pytest.mark.parametrize("places", [HEADER, BLOCKS], ids=["header", "blocks"])
def test_a_corrupt_warehouse_is_set_aside_with_a_word(
    places: Sequence[float], trial: Office, caplog: pytest.LogCaptureFixture
) -> None:
    state = trial.state
    assert warehouse_fault(state) is None
    spoilt = state.warehouse.read_bytes()
    overwrite(state.warehouse, places)
    assert warehouse_fault(state) is not None
    with caplog.at_level("WARNING", logger="pingan"), open_warehouse(state) as connection:
        assert connection.execute("select count(*) from duckdb_tables()").fetchone() == (0,)
    aside = state.root / "warehouse.duckdb.corrupt-1"
    assert len(aside.read_bytes()) == len(spoilt)
    assert "is corrupt" in caplog.text
    assert "已损坏" in caplog.text
    assert aside.name in caplog.text


def test_a_run_over_a_corrupt_warehouse_gives_the_same_bytes(dbt: Campaign, own_worker: Worker) -> None:
    office = Office(dbt.folder / "corrupt")
    shutil.copytree(dbt.template.folder, office.folder)
    overwrite(office.state.warehouse, BLOCKS)
    assert own_worker.take(office.folder, dbt.steps) == 0, error_of(office)
    assert made(office) == dbt.reference
    assert (office.state.root / "warehouse.duckdb.corrupt-1").exists()


def test_a_warehouse_that_somebody_has_open_is_named(trial: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warehouse.opening._WAIT_SECONDS", 0.3)
    code = f"import duckdb; c = duckdb.connect({str(trial.state.warehouse)!r}); print('open', flush=True); input()"
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"open\n"
    with pytest.raises(WarehouseBusyError, match=f"PID {holder.pid}"):
        open_warehouse(trial.state)
    holder.communicate(b"\n")
    open_warehouse(trial.state).close()
    assert not list(trial.state.root.glob("*.corrupt*"))


def test_dbt_ends_with_the_run_that_started_it(tmp_path: Path) -> None:
    """A stand-in for dbt tells its pid and waits; its parent is killed and it must be gone."""
    program = tmp_path / "dbt"
    program.write_text("#!/bin/sh\necho $$\nexec sleep 600\n", encoding="utf-8")
    program.chmod(0o755)
    code = (
        "import subprocess, sys; sys.executable = sys.argv[1]\n"
        "run = f'import sys; sys.executable = {sys.argv[1]!r}; from warehouse.dbt_process import main; main()'\n"
        "subprocess.Popen([sys.argv[2], '-c', run]); input()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "python"), sys.executable],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    # the pipe that it holds is closed when it ends: this returns then, and never while it lives
    assert parent.stdout.read() == b""
    assert pid


def test_a_warehouse_that_was_deleted_is_built_from_landing(dbt: Campaign, own_worker: Worker) -> None:
    office = Office(dbt.folder / "deleted")
    shutil.copytree(dbt.template.folder, office.folder)
    office.state.warehouse.unlink()
    assert own_worker.take(office.folder, dbt.steps) == 0, error_of(office)
    assert made(office) == dbt.reference
