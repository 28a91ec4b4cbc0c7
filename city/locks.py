"""Locks over parts of a state folder. They are the operating system's: they die with their process, however that dies.

Here is only how one waits; what a lock covers is said where it is taken. Order, for whoever takes two: warehouse or
publication first, candidates last.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from city.state import StateFolder

log = logging.getLogger("pingan.locks")


@contextmanager
def held(path: Path, meanwhile: str) -> Iterator[None]:
    """Hold a lock file, waiting as long as it takes; `meanwhile` is said once when somebody else has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("%s", meanwhile)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def candidates_lock(state: StateFolder) -> Iterator[None]:
    """Hold candidates/ and gates/: nobody judges or publishes a candidate that another run is replacing."""
    with held(state.candidates_lock, f"another run holds the candidates of {state.city_key}; waiting for it"):
        yield
