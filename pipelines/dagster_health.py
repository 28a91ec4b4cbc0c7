"""What Dagster's own storage says of its health: runs whose process is gone, the daemon, the schedule.

A run that is killed cannot say so: its record stays STARTED, and the queue counts it as running for ever (two of them
and nothing is launched any more). So each command-line run and each `pingan ui` first marks such runs as failed.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster._core.launcher import DefaultRunLauncher

from pipelines.doctor import NOTE, PROBLEM, Finding

#: host:pid:start of the process that a run of the command line goes on in.
PROCESS_TAG = "pingan/process"
_GOING = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]
_SCHEDULE = "monthly_publication"
#: Heartbeats come every 30 s; Dagster itself calls a daemon unhealthy after this.
_TOLERANCE_SECONDS = 1800
#: What Dagster records when its launcher starts a process for a run (1.13.27).
_STARTED = re.compile(r"Started process for run \(pid: (\d+)\)")


def process_tag() -> dict[str, str]:
    """The tag by which a later process finds out that this one is gone."""
    pid = os.getpid()
    return {PROCESS_TAG: f"{socket.gethostname()}:{pid}:{_started(pid)}"}


def dead_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Runs that are recorded as going on and whose process, on this machine, is gone."""
    runs = instance.get_runs(filters=dg.RunsFilter(statuses=_GOING))
    return [run for run in runs if _is_dead(instance, run)]


def mark_failed(instance: dg.DagsterInstance) -> list[str]:
    """Record dead runs as failed; answers their ids."""
    dead = dead_runs(instance)
    for run in dead:
        instance.report_run_failed(run, "The process of this run is gone: it was killed, or the machine stopped.")
    return [run.run_id for run in dead]


def dagster_findings(instance: dg.DagsterInstance) -> Iterator[Finding]:
    """What a person should know of runs, daemon and schedule."""
    for run in dead_runs(instance):
        yield Finding(
            PROBLEM,
            f"运行 {run.run_id[:8]}（{run.job_name}）显示进行中，但其进程已不存在。",
            f"Run {run.run_id[:8]} ({run.job_name}) is recorded as going on and its process is gone.",
            "运行 pingan doctor --fix 将其标记为失败；下次运行也会自动处理。",
            "`pingan doctor --fix` marks it as failed; so does the next `pingan materialize` or `pingan ui`.",
        )
    statuses = [s for s in instance.get_daemon_statuses().values() if s.required]
    beats = [s.last_heartbeat.timestamp for s in statuses if s.last_heartbeat is not None]
    if not beats:
        yield Finding(
            NOTE,
            "守护进程从未运行：不会自动发布。",
            "The daemon has never run here: nothing is published by itself.",
            "需要定时发布时：",
            "For scheduled publication run `pingan ui`, or the services under deploy/.",
        )
    elif time.time() - max(beats) > _TOLERANCE_SECONDS:
        yield Finding(
            PROBLEM,
            "守护进程已停止：定时发布不会进行。",
            f"The daemon has been silent for {(time.time() - max(beats)) / 60:.0f} minutes: the schedule does not run.",
            "启动它：",
            "Start it: `pingan ui`, or the daemon's service.",
        )
    for state in instance.all_instigator_state():
        if state.instigator_name == _SCHEDULE and state.status.value == "STOPPED":
            yield Finding(
                PROBLEM,
                "定时发布已关闭。",
                f"The schedule {_SCHEDULE} is switched off: nothing is published by itself.",
                "在界面中打开：",
                "Switch it on in the UI (Automation), unless that is meant.",
            )


def _is_dead(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Only what this machine can know: a run of another host is left alone."""
    tag = run.tags.get(PROCESS_TAG)
    if tag:
        host, pid, started = tag.rsplit(":", 2)
        return host == socket.gethostname() and _started(int(pid)) != started
    if not isinstance(instance.run_launcher, DefaultRunLauncher):
        return False  # its process may be on another machine: its launcher's monitoring judges it
    said = (
        _STARTED.search(entry.message)
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    )
    found = next((match for match in said if match), None)
    return found is not None and _started(int(found[1])) == "gone"


def _started(pid: int) -> str:
    """When a process started, in the kernel's ticks; `gone` without such a process, `alive` where /proc is not there.

    A pid alone is not enough: after a restart of the machine another process has it.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        pass
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except OSError:
        return "alive"
