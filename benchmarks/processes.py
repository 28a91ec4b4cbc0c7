"""A command measured from outside: the clock, processor time and memory of all its processes together.

Memory is looked at in a run of its own: the kernel walks every page for one look (20 ms a GiB, the process waits), five
times a second that made 36 months 2 of 46 s slower.
"""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread

import psutil

#: Seconds between two looks at memory.
_LOOK = 0.2


class CommandFailedError(RuntimeError):
    """A command that was to be measured did not succeed; the message ends with what it said."""


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, processor seconds of all processes that were waited for, most memory held together."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def best_of(name: str, repeat: int, run: Callable[[bool], Cost], progress: Callable[[str], None]) -> Cost:
    """The fastest of some runs, with the memory of one more; `run` is told whether to look at memory."""
    taken = []
    for turn in range(repeat):
        progress(f"{name}: {turn + 1} of {repeat}")
        taken.append(run(False))
    progress(f"{name}: once more, for its memory")
    return replace(min(taken, key=lambda cost: cost.seconds), peak_bytes=run(True).peak_bytes)


def run_measured(command: Sequence[str], environment: Mapping[str, str], *, memory: bool = False) -> Cost:
    """Run a command to its end, looking at its memory if told to; CommandFailedError when its status is not 0."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    with subprocess.Popen(  # nosec B603 # our own commands
        command, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        ended, peak = Event(), [0]
        watcher = Thread(target=_watch, args=(psutil.Process(process.pid), ended, peak))
        if memory:
            watcher.start()
        said, _ = process.communicate()
        seconds = time.perf_counter() - started
        ended.set()
        if memory:
            watcher.join()
    if process.returncode:
        raise CommandFailedError(f"{' '.join(command)}: status {process.returncode}\n{said[-3000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(seconds, cpu, peak[0])


def _watch(process: psutil.Process, ended: Event, peak: list[int]) -> None:
    while not ended.wait(_LOOK):
        held = 0
        try:
            for one in (process, *process.children(recursive=True)):
                held += _proportional_bytes(one.pid)
        except (psutil.Error, OSError):  # one ended while it was looked at: this look says nothing
            continue
        peak[0] = max(peak[0], held)


def _proportional_bytes(pid: int) -> int:
    """Memory of a process in which what several share counts once: libraries are 60 MB in each step of a run."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    if not rollup.exists():  # not Linux
        return int(psutil.Process(pid).memory_info().rss)
    (line,) = (line for line in rollup.read_text(encoding="ascii").splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) * 1024
