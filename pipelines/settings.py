"""The one place where the environment is read: where state lives, which city, where deliveries are looked for.

PINGAN_HOME     state folder (default ./var)
PINGAN_CITY     the city of a command that names none: a name under data/ or a folder (default tianshui)
PINGAN_SOURCES  folder or URL of the deliveries; `{city}` in it stands for the city's key (default: the simulator's
                output under the state folder)
PINGAN_LOOK_SECONDS  how often the sensor looks for new deliveries (default 30)
PINGAN_RENDERINGS  what a run renders after it has published: names with commas between them, `none`, or all (default)
Variables that feeds.yaml names (`root`, `token`) are handed to the feeds as they are and kept nowhere.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from city import City, StateFolder, load_city

ROOT = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"


@dataclass(frozen=True)
class Settings:
    """Where a command works. `sources` empty means the state folder's own sources."""

    home: Path
    city: str
    sources: str = ""
    #: Seconds between two looks for new deliveries: a file that is still written is told by two looks that differ.
    look_seconds: int = 30
    #: Names of the renderings that a run makes of the latest issue; empty: all. `none` leaves them to `pingan render`.
    renderings: tuple[str, ...] = ()

    def load(self) -> tuple[City, StateFolder, str]:
        """The city, its state folder and its sources; CityFolderError when the folder cannot be read."""
        city = load_city(self.city)
        state = StateFolder(self.home, city.key)
        return city, state, self.sources.replace("{city}", city.key) or str(state.sources)

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage: runs, events, schedules."""
        return self.home / "dagster"


def settings(
    city: str | None = None, sources: str | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Settings from the environment; what the command line gives comes first."""
    env = os.environ if environment is None else environment
    return Settings(
        home=Path(env.get("PINGAN_HOME") or "var").expanduser().resolve(),
        city=city or env.get("PINGAN_CITY") or "tianshui",
        sources=sources or env.get("PINGAN_SOURCES") or "",
        look_seconds=int(env.get("PINGAN_LOOK_SECONDS") or 30),
        renderings=tuple(name.strip() for name in (env.get("PINGAN_RENDERINGS") or "").split(",") if name.strip()),
    )


@cache
def code_version() -> str:
    """The release and a hash of the code that decides numbers: the same code answers the same, with or without git."""
    digest = hashlib.sha256()
    rooms = ("feeds", "schemas", "warehouse", "gates", "publication", "methods", "city", "dbt_project")
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*")):
            parts = path.relative_to(ROOT).parts
            if path.suffix in {".py", ".sql", ".yml", ".json"} and not {
                "target",
                "logs",
                "__pycache__",
            } & set(parts):
                digest.update("/".join(parts).encode())
                digest.update(path.read_bytes())
    return f"{VERSION}+{digest.hexdigest()[:12]}"
