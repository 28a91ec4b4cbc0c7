"""Processes that share work end with the one that started them, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = """
import os, signal
from warehouse.processes import forked_processes, worker_processes

def begin():
    pass

if __name__ == "__main__":
    with {pool} as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit(signal.pause).result()
"""


def _runs(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "\nState:\tZ" not in status.read_text(encoding="ascii")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
@pytest.mark.parametrize("pool", ["worker_processes(1)", "forked_processes(begin)"])
def test_a_worker_ends_with_the_run_that_is_killed(pool: str, tmp_path: Path, project_root: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace("{pool}", pool), encoding="utf-8")
    run = subprocess.Popen(
        [sys.executable, str(program)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(project_root)},
    )
    assert run.stdout is not None
    worker = int(run.stdout.readline())
    assert _runs(worker)
    run.send_signal(signal.SIGKILL)
    run.wait(timeout=30)
    run.stdout.close()
    deadline = time.monotonic() + 30
    while _runs(worker) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _runs(worker)
