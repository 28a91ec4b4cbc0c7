"""Whole runs handed to workers over Redis, Dagster's storage in PostgreSQL: the same bytes as one process, also when a
worker is killed on the way. The large form is soak_several_machines.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from postgresql_server import Server
from queue_of_runs import campaign

from city import months_between

pytestmark = [pytest.mark.server, pytest.mark.end_to_end]


def test_two_cities_over_three_workers_one_of_them_killed(postgresql: Server, tmp_path: Path) -> None:
    # six months: shared by processes where that is allowed, which it is not in a process that Celery forked
    figures = campaign(postgresql, tmp_path, range(1, 3), months_between("2022-07", "2022-12"))
    assert figures["files compared"] >= 2 * 6 * 20
