"""Campaigns of kills: a process is killed at a random instant, or at each durable step, and the next run must succeed.

A trial copies a prepared office, lets a worker's child take steps, kills it, looks at what is left (no half issue, no
lost delivery, every pointer old or new), takes the same steps again undisturbed and compares every byte with what an
undisturbed office has.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from small_office import Office

from feeds.receipt import Receipt
from publication.manifest import revision_folders
from publication.verify import verify

WORKER = Path(__file__).with_name("worker.py")
#: What is done before, undisturbed and once, and the steps in which the process is killed.
CAMPAIGNS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "landing": (("land",), ("land",)),
    "dbt": (("land", "compute"), ("compute",)),
    "publication": (("land", "compute", "judge"), ("publish",)),
    "run": ((), ("run",)),
    "range": ((), ("range",)),
}
#: Campaigns over whole Dagster runs, whose steps are their lines of progress.
WHOLE_RUNS = ("run", "range")
#: For a kill at each durable step: one month is enough, the others only repeat it.
ONE_MONTH = {"landing": ("land 2022-01",), "publication": ("publish 2022-01",)}


@dataclass(frozen=True)
class Trial:
    """One kill. `instant` seconds after the start (or the step's number), `found` is what it left."""

    campaign: str
    number: int
    kind: str
    instant: float
    killed: bool
    found: str
    problems: tuple[str, ...] = field(default=())

    def to_json(self) -> str:
        """A line of the results."""
        return json.dumps(asdict(self), ensure_ascii=False)


class Worker:
    """The process that forks what is killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert self._line() == "ready"

    def take(self, folder: Path, steps: tuple[str, ...], kill_after: float | None = None, **job: int) -> int:
        """Let a child take steps; kill it after so many seconds. Answers its exit code, -9 when it was killed."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"folder": str(folder), "steps": list(steps), **job}) + "\n")
        self._process.stdin.flush()
        pid = int(self._line())
        if kill_after is not None:
            time.sleep(kill_after)  # the instant itself, not a wait for something
            with suppress(ProcessLookupError):  # it had ended before
                os.kill(pid, signal.SIGKILL)
        return int(self._line())

    def _line(self) -> str:
        stream: IO[str] | None = self._process.stdout
        assert stream is not None
        line = stream.readline()
        if not line:
            raise RuntimeError("the worker ended")
        return line.strip()


@contextmanager
def worker(*prefix: str) -> Iterator[Worker]:
    """A worker, ended with the block; `prefix` is a command that starts it otherwise than plainly."""
    process = subprocess.Popen(
        [*prefix, sys.executable, str(WORKER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield Worker(process)
    finally:
        process.kill()
        process.wait()


class Campaign:
    """A prepared office and what an undisturbed run makes of it."""

    def __init__(self, name: str, folder: Path, own: Worker, prepared: Office | None = None) -> None:
        """`prepared` spares the preparation: an office whose months are landed, computed and judged."""
        self.name = name
        self.folder = folder
        self.worker = own
        before, self.steps = CAMPAIGNS[name]
        self.template = Office(folder / "template")
        if prepared:
            shutil.copytree(prepared.folder, self.template.folder)
        else:
            self._must(self.template.open().folder, before)
        if name == "dbt":  # a warehouse that holds these months, and no candidates yet
            shutil.rmtree(self.template.state.root / "candidates", ignore_errors=True)
        if name == "landing":  # deliveries are in force, and restated ones wait
            self.old = landed(self.template)
            self.template.restate("2022-01", "D1", "crimes", 3)
            self.template.restate("2021-05", "D2", "cameras", 2)
        undisturbed = self._copy("undisturbed")
        began = time.monotonic()
        self._must(undisturbed.folder, self.steps)
        self.seconds = time.monotonic() - began
        self.reference = made(undisturbed)

    def random_kill(self, number: int, seed: int = 1) -> Trial:
        """Kill at an instant drawn evenly over the time that the steps take undisturbed."""
        instant = random.Random(f"{seed} {self.name} {number}").uniform(0, self.seconds)
        office = self._copy("trial")
        code = self.worker.take(office.folder, self.steps, kill_after=instant)
        return self._trial(number, "instant", round(instant, 4), code, office)

    def kill_at(self, step: int) -> Trial:
        """Kill before the n-th durable step (landing, publication) or at the n-th line of progress (whole runs)."""
        office = self._copy("trial")
        job = {"die_at_record" if self.name in WHOLE_RUNS else "die_at": step}
        code = self.worker.take(office.folder, ONE_MONTH.get(self.name, self.steps), **job)
        return self._trial(step, "step", step, code, office)

    def _trial(self, number: int, kind: str, instant: float, code: int, office: Office) -> Trial:
        problems = self.left_over(office)
        if code not in (0, -9):
            problems.append(f"ended with {code}: {error_of(office)}")
        found = "nothing new" if code else "complete"
        if code and made(office) != made(self.template):
            found = "complete" if made(office) == self.reference else "partly"
        again = self.worker.take(office.folder, self.steps)
        if again:
            problems.append(f"the next run ended with {again}: {error_of(office)}")
        elif made(office) != self.reference:
            now = made(office)
            differing = sorted(k for k in now.keys() | self.reference.keys() if now.get(k) != self.reference.get(k))
            problems.append(f"the next run made other bytes: {differing[:5]}")
        problems += [f"after the next run: {p}" for p in self.left_over(office)]
        problems += [str(p) for p in verify(office.state)]
        shutil.rmtree(office.folder)
        return Trial(self.name, number, kind, instant, code == -9, found, tuple(problems))

    def left_over(self, office: Office) -> list[str]:
        """What a kill must never leave: half an issue, a pointer to nothing, an account that does not close."""
        problems = [str(p) for p in verify(office.state) if p.kind not in {"index_differs", "missing_index"}]
        for folder in revision_folders(office.state.issues):
            if len(list(folder.iterdir())) < 19:
                problems.append(f"half an issue: {folder}")
        for path in sorted(office.state.landing.glob("*/*/*/current.json")):
            receipt = Receipt.from_json(path.read_text(encoding="utf-8"))
            if receipt.received != receipt.accepted + receipt.quarantined + receipt.other_month + receipt.layout:
                problems.append(f"rows are lost: {path}")
            file = office.state.landing / receipt.landing_file
            if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != receipt.hash:
                problems.append(f"current.json names a file that is not whole: {path}")
        if self.name == "landing":
            now = landed(office)
            neither = [k for k, v in now.items() if v not in (self.old.get(k), self.reference.get(k))]
            problems += [f"neither the old nor the new delivery: {k}" for k in neither]
            problems += [f"a delivery is lost: {k}" for k in self.old.keys() - now.keys()]
        return problems

    def _copy(self, name: str) -> Office:
        office = Office(self.folder / name)
        shutil.copytree(self.template.folder, office.folder)
        return office

    def _must(self, folder: Path, steps: tuple[str, ...]) -> None:
        if steps and self.worker.take(folder, steps):
            raise RuntimeError(error_of(Office(folder)))


def landed(office: Office) -> dict[str, bytes]:
    """The pointers of landing."""
    root = office.state.landing
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.glob("*/*/*/current.json"))}


def made(office: Office) -> dict[str, bytes]:
    """What a run makes and readers rely on: pointers, candidates, issues. No clock is in them."""
    candidates = office.state.root / "candidates"
    return {
        **landed(office),
        **{
            f"candidate {p.parent.name}/{p.name}": p.read_bytes()
            for p in sorted(candidates.glob("2*/*"))
            if p.name != "candidate.json"
        },
        **{f"issue {name}": content for name, content in office.issue_files().items()},
    }


def error_of(office: Office) -> str:
    path = office.folder.with_suffix(".error")
    return path.read_text(encoding="utf-8")[-1500:] if path.exists() else "no error was left"
