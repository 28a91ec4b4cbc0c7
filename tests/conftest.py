"""What tests of several rooms share: where the project and the shared data are, and one finished Tianshui run."""

from __future__ import annotations

import json
import os

# Several processes share the machine's processors: threads of their own only take turns. Read when polars is imported.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import secrets
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from finished_run import PROJECT, PUBLISHED, SECRET_VARIABLES, SHARED_DATA, SIMULATED, FinishedRun

from pipelines.settings import Settings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in the order that keeps all processes busy to the end: they are handed out one by one.

    One file that needs the Tianshui run goes first, so that one process makes it while the other takes the long files
    that do not need it; short files come last and fill the gaps. In the alphabet's order the end was nine minutes of
    one process.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    needing = [path for path, own in files.items() if any("tianshui_run" in _fixtures(item) for item in own)]

    def turn(path: Path) -> int:
        if path in needing:
            return 0 if path == needing[0] else 2
        return 1 if any(item.get_closest_marker(m) for item in files[path] for m in ("server", "end_to_end")) else 3

    items[:] = [item for path in sorted(files, key=turn) for item in files[path]]


#: Folders whose fixtures are made once for all their files: an office takes half a minute.
_SHARING = ("tests/corrections", "tests/faults")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """As `--dist loadfile`, but the files of a folder that shares go to one process."""
    from xdist.scheduler import LoadFileScheduling

    class FilesTogether(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return next((folder for folder in _SHARING if file.startswith(f"{folder}/")), file)

    return FilesTogether(config, log)


def _fixtures(item: pytest.Item) -> tuple[str, ...]:
    return tuple(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout."""
    return PROJECT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Data that stays outside the repository; without it tests skip, in CI they fail."""
    if not SHARED_DATA.is_dir():
        reason = f"the shared data is not at {SHARED_DATA}"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}: CI must have it", pytrace=False)
        pytest.skip(reason)
    return SHARED_DATA


@pytest.fixture(scope="session")
def tianshui_run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Tianshui as `make run` makes it: 25 months simulated, 13 months computed and published in one Dagster run.

    Takes some minutes, once for all processes that share the tests: the first that needs it makes it, another waits.
    While you write tests, let PINGAN_TEST_STATE name the PINGAN_HOME of a finished run of the same code (for example
    ./var after `make run`): it is then read in place of a new run.
    """
    finished = os.environ.get("PINGAN_TEST_STATE")
    if finished:
        return _finished(Path(finished).resolve(), ())
    own = tmp_path_factory.getbasetemp()
    place = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "tianshui"
    place.mkdir(exist_ok=True)
    kept = place / "secrets.json"
    with FileLock(place / "lock"):
        if not kept.exists():
            values = tuple(secrets.token_hex(16) for _ in SECRET_VARIABLES)
            with pytest.MonkeyPatch.context() as environment:
                for name, value in zip(SECRET_VARIABLES, values, strict=True):
                    environment.setenv(name, value)
                _run(Settings(home=place / "home", city="tianshui"))
            kept.write_text(json.dumps(values), encoding="utf-8")  # last: it says that the run is whole
    return _finished(place / "home", tuple(json.loads(kept.read_text(encoding="utf-8"))))


def _finished(home: Path, values: tuple[str, ...]) -> FinishedRun:
    where = Settings(home=home, city="tianshui")
    city, state, _ = where.load()
    return FinishedRun(where, city, state, values)


def _run(where: Settings) -> None:
    from pipelines.runs import failure_messages, run_job
    from simulator.run import simulate

    city, state, _ = where.load()
    simulate(city, state.sources, SIMULATED)
    result = run_job(where, "monthly_index", PUBLISHED)
    if not result.success:
        pytest.fail("the Tianshui run failed:\n" + "\n\n".join(failure_messages(result)), pytrace=False)
