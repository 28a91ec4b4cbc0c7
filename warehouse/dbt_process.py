"""`pingan-dbt`: dbt that ends when the process that started it ends. Nothing else is here.

A run that is killed cannot stop its dbt, which would go on writing the warehouse while the next run fills it: the
lock of the killed run is gone. On Linux the kernel is asked to kill dbt together with its parent; elsewhere the next
run waits until the file is closed (warehouse/opening.py).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

#: prctl(2): the signal that this process gets when the thread that started it ends.
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent and become dbt, with the same words."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we asked
            raise SystemExit(1)
    dbt = str(Path(sys.executable).with_name("dbt"))
    os.execv(dbt, [dbt, *sys.argv[1:]])  # nosec B606 # dbt beside our Python, no shell
