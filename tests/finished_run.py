"""A finished Tianshui run as tests see it, and the months it covers. The run itself is a fixture in conftest.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from city import City, StateFolder, months_between
from pipelines.settings import Settings

PROJECT = Path(__file__).resolve().parent.parent
SHARED_DATA = PROJECT.parent / "shared" / "data"
SIMULATED = months_between("2021-01", "2023-01")
PUBLISHED = months_between("2022-01", "2023-01")
#: Names of environment variables whose values must never reach the state folder.
SECRET_VARIABLES = ("PINGAN_HEALTH_TOKEN",)


@dataclass(frozen=True)
class FinishedRun:
    """A state folder after a run. Tests read it and copy from it; they never write into it."""

    where: Settings
    city: City
    state: StateFolder
    #: Values that the environment held while the run went on; empty when the state was made elsewhere.
    secrets: tuple[str, ...]
