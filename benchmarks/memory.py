"""The most memory that a computation holds, in a process of its own."""

from __future__ import annotations

import re
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.generated_city import generate_city
from benchmarks.library_index import LibraryIndex
from benchmarks.warehouse_index import Compiled, IndexWarehouse


def peak_memory(units: int, months: int, compiled: Compiled | None) -> int:
    """Bytes at most while the arithmetic runs, Python, libraries and values included; in DuckDB where compiled."""
    # not multiprocessing's Pool: it ends its processes by SIGTERM and waits for ever where that signal is ignored
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        return processes.submit(_peak_memory, units, months, compiled).result()


def _peak_memory(units: int, months: int, compiled: Compiled | None) -> int:
    case = generate_city(units, months)
    computation = LibraryIndex(case) if compiled is None else IndexWarehouse(compiled, case)
    del case
    # Linux forgets the peak of generating and filling; elsewhere it stays in, and the figure is an upper bound
    forget = Path("/proc/self/clear_refs")
    if forget.exists():
        forget.write_text("5", encoding="ascii")
    computation.run()
    status = Path("/proc/self/status")
    found = (
        re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"), re.MULTILINE) if status.exists() else None
    )
    if found:
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
