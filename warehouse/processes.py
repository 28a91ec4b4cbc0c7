"""Processes that end when the one that started them ends: dbt, and those that share work on many months.

A run that is killed cannot stop them, and they would go on writing what the next run writes: the locks of the killed
run are gone. On Linux the kernel is asked to kill them together with their parent. Nothing of their work is here.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

#: prctl(2): the signal that this process gets when the thread that started it ends.
_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Tie this process to the one that started it, whose number is `parent`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we asked
            raise SystemExit(1)


def worker_processes(count: int, initializer: Callable[..., None] | None = None, *given: Any) -> ProcessPoolExecutor:
    """A pool of processes that end with this one; each calls `initializer(*given)` first."""
    # spawn: a forked child would inherit the threads' locks of polars and Dagster
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, context, _begin, (os.getpid(), initializer, given))


def _begin(parent: int, initializer: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    end_with_parent(parent)
    if initializer is not None:
        initializer(*given)
