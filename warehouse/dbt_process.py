"""`pingan-dbt`: dbt that works in the folder of its profile and ends when the process that started it ends.

The profile names the warehouse from there: with an absolute path dbt would take a state folder that was moved, copied
or restored for another profile and parse the project anew in every run (3 s).

It is started without the rest of our packages; where a kernel cannot tie it to its parent, the next run waits until the
file is closed (warehouse/opening.py).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from warehouse.processes import end_with_parent


def main() -> None:
    """Tie this process to its parent and become dbt, with the same words."""
    end_with_parent(os.getppid())
    words = sys.argv[1:]
    if (
        place := words[words.index("--profiles-dir") + 1]
        if "--profiles-dir" in words
        else os.getenv("DBT_PROFILES_DIR")
    ):
        os.chdir(place)
    dbt = str(Path(sys.executable).with_name("dbt"))
    os.execv(dbt, [dbt, *words])  # nosec B606 # dbt beside our Python, no shell
