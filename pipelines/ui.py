"""`pingan ui`: Dagster's webserver and daemon as two processes on the same state, bound to loopback.

Open-source Dagster has no log-in: whoever reaches the port can run and delete. Hence loopback only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from pipelines.runs import prepare_instance
from pipelines.settings import ROOT, Settings
from pipelines.workspace import write_workspace

LOOPBACK = "127.0.0.1"


def service_commands(workspace: Path, port: int) -> list[list[str]]:
    """The two processes: webserver and daemon, on the same cities."""
    programs = Path(sys.executable).parent
    return [
        [str(programs / "dagster-webserver"), "-w", str(workspace), "-h", LOOPBACK, "-p", str(port)],
        [str(programs / "dagster-daemon"), "run", "-w", str(workspace)],
    ]


def serve(where: Settings, port: int, cities: Sequence[str] = ()) -> int:
    """Run both until one ends or the user interrupts; answers the exit code of the one that ended first.

    `cities` are the code locations, one each; the settings' own city when none is named.
    """
    _sweep(where)
    workspace = write_workspace(where.home, cities or [where.city])
    prepare_instance(where)
    environment = {
        **os.environ,
        "PINGAN_HOME": str(where.home),
        **({"PINGAN_SOURCES": where.sources} if where.sources else {}),
    }
    signal.signal(signal.SIGTERM, _interrupted)  # a service manager's stop ends both processes, like Ctrl-C
    processes = [
        subprocess.Popen(command, env=environment, cwd=ROOT)  # nosec B603 # our own commands
        for command in service_commands(workspace, port)
    ]
    try:
        return _first_exit(processes)
    except KeyboardInterrupt:
        return 0
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            _ended(process)


def _ended(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end; on a machine too busy to end it in half a minute, end it by force. Runs are other processes."""
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _sweep(where: Settings) -> None:
    """The queue counts a run that was killed as running for ever; before the daemon starts, it is marked as failed."""
    import dagster as dg

    from pipelines.dagster_health import mark_failed

    with dg.DagsterInstance.from_config(str(prepare_instance(where))) as instance:
        mark_failed(instance)


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _first_exit(processes: Sequence[subprocess.Popen[bytes]]) -> int:
    while True:
        for process in processes:
            try:
                return process.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                continue
