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


DAEMONIC = """
import multiprocessing
import billiard
from warehouse.processes import may_have_processes, shares_months

def tell():
    print(may_have_processes(), shares_months(6), shares_months(5), flush=True)

if __name__ == "__main__":
    tell()
    for of in (multiprocessing, billiard):
        process = of.Process(target=tell, daemon=True)
        process.start()
        process.join()
"""


def test_a_process_that_celery_forked_shares_no_months(tmp_path: Path, project_root: Path) -> None:
    """Python refuses children to a daemonic process; Celery's are, made by its own multiprocessing, billiard."""
    program = tmp_path / "program.py"
    program.write_text(DAEMONIC, encoding="utf-8")
    said = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "PYTHONPATH": str(project_root)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "True True False\n" + "False False False\n" * 2


ENDING = """
import atexit, sys, threading, time
from warehouse.processes import end_at_once

class Remains:
    def __del__(self):
        sys.stderr.write("taken apart\\n")

remains = Remains()
remains.itself = remains
atexit.register(lambda: sys.stdout.write(" registered"))
threading.Thread(target=lambda: (time.sleep(0.1), sys.stdout.write("waited for"))).start()
end_at_once({code})
"""


@pytest.mark.parametrize(
    ("code", "ended", "said"),
    [("0", 0, ""), ("None", 0, ""), ("3", 3, ""), ("True", 1, ""), ("'no such month'", 1, "no such month\n")],
)
def test_a_process_that_ends_at_once_leaves_nothing_undone(
    code: str, ended: int, said: str, project_root: Path
) -> None:
    program = [sys.executable, "-c", ENDING.replace("{code}", code)]
    done = subprocess.run(program, capture_output=True, text=True, check=False, cwd=project_root)
    assert (done.returncode, done.stdout, done.stderr) == (ended, "waited for registered", said)


def test_a_process_that_ends_at_once_may_have_lost_its_reader(project_root: Path) -> None:
    code = (
        "import os, sys; from warehouse.processes import end_at_once; "
        "os.read(0, 1); sys.stdout.write('x'); end_at_once(4)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=project_root,
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
    )
    assert process.stdout is not None
    process.stdout.close()
    process.stdout = None
    _, said = process.communicate(b"\n")
    assert (process.returncode, said) == (4, b"")
