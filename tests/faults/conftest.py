"""A worker whose children are killed, and an office ready to publish."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from campaigns import Campaign, Worker, error_of, worker
from small_office import Office


@pytest.fixture(scope="package")
def own_worker() -> Iterator[Worker]:
    with worker() as own:
        yield own


@pytest.fixture(scope="package")
def prepared(own_worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Landed, computed and judged; nothing published."""
    office = Office(tmp_path_factory.mktemp("prepared") / "office").open()
    assert own_worker.take(office.folder, ("land", "compute", "judge")) == 0, error_of(office)
    return office


@pytest.fixture
def trial(prepared: Office, tmp_path: Path) -> Office:
    """A copy of the prepared office, to be spoilt."""
    import shutil

    office = Office(tmp_path / "office")
    shutil.copytree(prepared.folder, office.folder)
    return office


@pytest.fixture(scope="package")
def publication(own_worker: Worker, prepared: Office, tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return Campaign("publication", tmp_path_factory.mktemp("publication"), own_worker, prepared)


@pytest.fixture(scope="package")
def landing(own_worker: Worker, prepared: Office, tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return Campaign("landing", tmp_path_factory.mktemp("landing"), own_worker, prepared)


@pytest.fixture(scope="package")
def dbt(own_worker: Worker, prepared: Office, tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return Campaign("dbt", tmp_path_factory.mktemp("dbt"), own_worker, prepared)
