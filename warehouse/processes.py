"""Processes that end when the one that started them ends: dbt, and those that share work on many months.

A run that is killed cannot stop them, and they would go on writing what the next run writes: the locks of the killed
run are gone. On Linux the kernel is asked to kill them together with their parent. Nothing of their work is here.

A range's candidates and gates are shared by processes that are forked from one that has imported Great Expectations
(4 s): it starts while dbt works.
"""

from __future__ import annotations

import atexit
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from functools import cache
from multiprocessing import connection, forkserver
from multiprocessing.context import ForkServerContext
from threading import Thread
from typing import Any, NoReturn

#: prctl(2): the signal that this process gets when the thread that started it ends.
_PR_SET_PDEATHSIG = 1

#: Months from which two processes are worth their start.
MONTHS_WORTH_PROCESSES = 6
#: Imported before processes are forked. Not polars: its threads start at import and do not live in a forked process.
_OF_A_RANGE = ["gates.library"]


def end_with_parent(parent: int) -> None:
    """Tie this process to the one that started it, whose number is `parent`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we asked
            raise SystemExit(1)


def end_at_once(code: object) -> NoReturn:
    """End this process as `sys.exit(code)` would, but without taking its objects apart.

    That lasts 1.5 s where Dagster, dbt and Great Expectations are imported. Threads are waited for, what was
    registered for the end is done, and output is written, as the interpreter does it.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # the first thing that the interpreter does at its end
    atexit._run_exitfuncs()
    if code is not None and not isinstance(code, int):
        sys.stderr.write(f"{code}\n")
        code = 1
    with suppress(BrokenPipeError):  # who read it has gone
        sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def worker_processes(count: int) -> ProcessPoolExecutor:
    """A pool of processes that end with this one."""
    # spawn: a forked child would inherit the threads' locks of polars and Dagster
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, context, end_with_parent, (os.getpid(),))


def may_have_processes() -> bool:
    """Whether this process may start others by multiprocessing: not one that Celery forked, which is daemonic."""
    return not multiprocessing.current_process().daemon


def shares_months(count: int) -> bool:
    """Whether so many months are shared by processes: a longer range, where this process may have any.

    The runs of a Celery worker's processes share its machine with each other instead.
    """
    return count >= MONTHS_WORTH_PROCESSES and may_have_processes()


def prepare_forked_processes() -> None:
    """Start the process that `forked_processes` forks from; its imports pass while something else is awaited."""
    _forking()
    forkserver.ensure_running()


def forked_processes(initializer: Callable[..., None], *given: Any) -> ProcessPoolExecutor:
    """Two processes for the months of a range, which end with this one; each calls `initializer(*given)` first."""
    return ProcessPoolExecutor(2, _forking(), _begin_forked, (initializer, given))


@cache
def _forking() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_OF_A_RANGE)
    return context


def _begin_forked(initializer: Callable[..., None], given: tuple[Any, ...]) -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        raise RuntimeError("not a process of a pool")
    # its parent for the kernel is the process that it was forked from, which lives as long as this one does
    Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()
    initializer(*given)


def _end_after(sentinel: int) -> None:
    connection.wait([sentinel])
    os.kill(os.getpid(), signal.SIGKILL)
