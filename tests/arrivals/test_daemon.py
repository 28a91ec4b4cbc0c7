"""With the real daemon and nobody present: a delivery is landed when it is whole, a receipt goes back, and the closed
month is published at its minute. `pingan ui` is started as users start it; the clock is the real one.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from returns_city import put, return_csv, return_xlsx, write_city

from city import StateFolder
from city.periods import add_months
from pipelines.settings import ROOT, Settings
from publication.verify import verify

pytestmark = [pytest.mark.end_to_end, pytest.mark.server]

SHANGHAI = ZoneInfo("Asia/Shanghai")
NUMBERS = {"A": 10.0, "B": 20.0, "C": 30.0}
DEADLINE = 480.0


@dataclass
class Office:
    """A running `pingan ui` and what it works on."""

    state: StateFolder
    sources: Path
    closed: str
    publication: datetime
    process: subprocess.Popen[bytes]
    log: Path

    def wait_for(self, what: str, condition: Callable[[], bool]) -> None:
        """Until the condition holds; fails with the processes' last words when it does not in time."""
        end = time.monotonic() + DEADLINE
        while not condition():
            said = self.log.read_text(encoding="utf-8", errors="replace")[-6000:]
            assert self.process.poll() is None, f"pingan ui ended while waiting for {what}:\n{said}"
            assert time.monotonic() < end, f"no {what} in {DEADLINE:.0f} s:\n{said}"
            time.sleep(0.1)  # between two looks at the condition


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    place = tmp_path_factory.mktemp("unattended")
    home, folder, sources, log = place / "home", place / "small", place / "sources", place / "ui.log"
    # The models are parsed here once; the time that takes says how long this machine needs to start everything.
    began = time.monotonic()
    write_city(folder, "2022-01", "2022-01")
    subprocess.run(
        [sys.executable, "-c", "from pipelines.definitions import defs; defs()"],
        env={**os.environ, "PINGAN_HOME": str(home), "PINGAN_CITY": str(folder)},
        cwd=ROOT,
        check=True,
    )
    ready = datetime.now(SHANGHAI) + timedelta(seconds=10 + 2.5 * (time.monotonic() - began))
    at = (ready + timedelta(seconds=59)).replace(second=0, microsecond=0)
    closed = add_months(f"{at:%Y-%m}", -1)
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    publication = f"{{day: {at.day}, hour: {at.hour}, minute: {at.minute}}}"
    write_city(folder, add_months(closed, -1), closed, publication=publication)
    put(sources / "alpha" / f"{closed}.csv", return_csv(closed, "calls", NUMBERS))
    whole = return_xlsx(closed, "patrols", NUMBERS)
    put(sources / "beta" / f"{closed}.xlsx", whole[: len(whole) // 2])
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pipelines.command_line", "ui"),
                *("--city", str(folder), "--sources", str(sources), "--port", str(port)),
            ],
            env={**os.environ, "PINGAN_HOME": str(home), "PINGAN_LOOK_SECONDS": "5"},
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Office(StateFolder(home, "small"), sources, closed, at, process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def test_it_lands_what_is_whole_sends_receipts_and_publishes_at_its_minute(office: Office) -> None:
    state, closed = office.state, office.closed

    def landed(department: str) -> bool:
        return (state.landing / department / "monthly" / closed / "current.json").exists()

    office.wait_for("landing of alpha", lambda: landed("alpha"))
    assert datetime.now(SHANGHAI) < office.publication, "landed by the sensor, before the schedule ran"
    assert not (state.landing / "beta" / "monthly" / closed).exists(), "a workbook cut in half is left alone"
    put(office.sources / "beta" / f"{closed}.xlsx", return_xlsx(closed, "patrols", NUMBERS))
    office.wait_for("landing of beta", lambda: landed("beta"))
    office.wait_for("the receipt", lambda: (state.receipts / "beta" / closed / "1.json").exists())

    office.wait_for("the issue", lambda: (state.issues / "index.json").exists())
    assert datetime.now(SHANGHAI) >= office.publication
    issue = state.issues / closed / "r1"
    assert verify(state) == []
    manifest = json.loads((issue / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["issue_number"], manifest["revision"], manifest["period"]) == (1, 1, closed)
    told = json.loads((issue / "timeliness.json").read_text(encoding="utf-8"))["rows"]
    assert {row["department"] for row in told if row["period"] == closed and row["complete_at"]} == {"D1", "D2"}

    def notices() -> str:
        return "".join(path.read_text(encoding="utf-8") for path in state.notices.glob("*.jsonl"))

    office.wait_for("the receipts' notices", lambda: notices().count('"kind": "receipt"') == 2)
    with dg.DagsterInstance.from_config(str(Settings(state.home, "small").dagster_home)) as instance:
        runs = {run.job_name: run for run in instance.get_runs()}
        office.wait_for("the end of the run", lambda: all(run.is_finished for run in instance.get_runs()))
    assert set(runs) == {"deliveries", "monthly_index"}
    assert runs["monthly_index"].tags["dagster/schedule_name"] == "monthly_publication"
    assert runs["monthly_index"].tags["dagster/partition"] == closed
    assert runs["deliveries"].tags["dagster/sensor_name"] == "deliveries"
