"""`pingan-dbt`: dbt that ends when the process that started it ends. Nothing else is here.

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
    dbt = str(Path(sys.executable).with_name("dbt"))
    os.execv(dbt, [dbt, *sys.argv[1:]])  # nosec B606 # dbt beside our Python, no shell
