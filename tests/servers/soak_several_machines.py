"""The large form of test_runs_on_several_machines.py: eight cities, twelve months. Not collected by its name.

    pytest tests/servers/soak_several_machines.py

What it counted and measured is added to docs/soak/several_machines.jsonl.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from postgresql_server import Server
from queue_of_runs import campaign

from city import months_between
from pipelines.settings import ROOT, code_version

RECORD = ROOT / "docs" / "soak" / "several_machines.jsonl"


def test_eight_cities_over_three_workers_one_of_them_killed(postgresql: Server, tmp_path: Path) -> None:
    began = time.monotonic()
    figures = campaign(postgresql, tmp_path, range(1, 9), months_between("2022-01", "2022-12"))
    assert figures["files compared"] >= 8 * 12 * 20
    figures |= {"seconds in all": round(time.monotonic() - began), "code": code_version()}
    RECORD.parent.mkdir(parents=True, exist_ok=True)
    with RECORD.open("a", encoding="utf-8") as record:
        record.write(json.dumps(figures) + "\n")
