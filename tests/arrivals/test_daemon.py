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

from city import StateFolder, load_city
from city.periods import add_months
from feeds.landing import land_department
from pipelines.runs import prepare_instance
from pipelines.settings import ROOT, Settings
from publication.verify import verify

pytestmark = [pytest.mark.end_to_end, pytest.mark.server]

SHANGHAI = ZoneInfo("Asia/Shanghai")
NUMBERS = {"A": 10.0, "B": 20.0, "C": 30.0}
DEADLINE = 480.0
NEVER_SENT = """\
      - name: survey
        title_zh: 调查
        title_en: Survey
        required: false
        contract: monthly_return
        reader: csv
        location: "beta/survey-{period}.csv"
        columns: {月份: period, 指标: measure, 数值: value}
        unit: {code: 区代码}
        month_by: period
"""


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
    earlier = add_months(closed, -1)
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    publication = f"{{day: {at.day}, hour: {at.hour}, minute: {at.minute}}}"
    write_city(folder, earlier, closed, publication=publication)
    with (folder / "feeds.yaml").open("a", encoding="utf-8") as feeds:
        feeds.write(NEVER_SENT)  # a record set of beta's: its gate warns in every run, and no run fails
    city = load_city(folder)
    # The month that is published is whole from the start; of the month before it nothing had come when it was tried,
    # so the scheduled run leaves it alone and what is landed of it is the sensor's work.
    for key in ("alpha", "beta"):
        land_department(city, StateFolder(home, "small"), key, earlier, str(sources), {})
    for month in (earlier, closed):
        put(sources / "alpha" / f"{month}.csv", return_csv(month, "calls", NUMBERS))
        put(sources / "beta" / f"{month}.xlsx", return_xlsx(month, "patrols", NUMBERS))
    cut = sources / "beta" / f"{earlier}.xlsx"
    cut.write_bytes(cut.read_bytes()[:2000])
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "pipelines.command_line", "ui"),
                *("--city", str(folder), "--sources", str(sources), "--port", str(port)),
            ],
            env={**os.environ, "PINGAN_HOME": str(home), "PINGAN_LOOK_SECONDS": "5", "PINGAN_RENDERINGS": "none"},
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
    earlier = add_months(closed, -1)

    def landed(department: str) -> bool:
        return (state.landing / department / "monthly" / earlier / "current.json").exists()

    office.wait_for("landing of alpha", lambda: landed("alpha"))
    assert not landed("beta")
    attempt = json.loads((state.landing / "beta" / "monthly" / earlier / "attempt.json").read_text(encoding="utf-8"))
    assert attempt["status"] == "not_delivered", "a workbook cut in half is left alone: nobody tried to read it"
    put(office.sources / "beta" / f"{earlier}.xlsx", return_xlsx(earlier, "patrols", NUMBERS))
    office.wait_for("landing of beta", lambda: landed("beta"))
    office.wait_for("the receipt", lambda: (state.receipts / "beta" / earlier / "1.json").exists())

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

    office.wait_for("the notice of beta's receipt", lambda: f"receipt/{earlier}/beta/1" in notices())
    office.wait_for("the notice of the check that warned", lambda: f"check/gate_a/{earlier}/" in notices())
    (warned,) = (line for line in notices().splitlines() if f"check/gate_a/{earlier}/" in line)
    assert '"warn_check"' in warned
    assert "survey" in warned
    with dg.DagsterInstance.from_config(str(prepare_instance(Settings(state.home, "small")))) as instance:
        office.wait_for("the end of all runs", lambda: all(run.is_finished for run in instance.get_runs()))
        runs = instance.get_runs()
        (published,) = (run for run in runs if run.job_name == "monthly_index")
        steps = {step.step_key: str(step.status) for step in instance.get_run_step_stats(published.run_id)}
    failed = [step for step, status in steps.items() if "SUCCESS" not in status]
    assert "small__publication__issue" in steps
    assert not failed
    assert published.tags["dagster/schedule_name"] == "monthly_publication"
    assert published.tags["dagster/partition"] == closed
    others = [run for run in runs if run.job_name != "monthly_index"]
    assert {run.job_name for run in others} == {"deliveries"}
    assert all(run.is_success and run.tags["dagster/sensor_name"] == "deliveries" for run in others)
