"""Whole runs handed to workers over Redis, Dagster's storage in PostgreSQL: the same bytes as one process, also when a
worker is killed on the way. The large form is soak_several_machines.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from postgresql_server import Server
from queue_of_runs import campaign

pytestmark = [pytest.mark.server, pytest.mark.end_to_end]


def test_two_cities_over_three_workers_one_of_them_killed(postgresql: Server, tmp_path: Path) -> None:
    figures = campaign(postgresql, tmp_path, range(1, 3), ["2022-12"])
    assert figures["files compared"] >= 2 * 20
