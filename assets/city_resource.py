"""The resource that tells an asset which city it works for and where its state lives."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from functools import lru_cache
from pathlib import Path

import dagster as dg

from city import City, Period, StateFolder, load_city
from city.folder import city_folder


class CityResource(dg.ConfigurableResource[None]):
    """A city's folder, state and deliveries; `sources` empty means the state folder's own."""

    city_name: str
    home: str
    sources: str = ""
    code_version: str

    def load(self) -> tuple[City, StateFolder]:
        """The city and its state folder."""
        folder = city_folder(self.city_name)
        stamp = tuple(sorted((str(p), (s := p.stat()).st_mtime_ns, s.st_size) for p in folder.rglob("*")))
        city = _city(folder, stamp)
        return city, StateFolder(Path(self.home), city.key)

    def sources_of(self, state: StateFolder) -> str:
        """Where deliveries are looked for."""
        return self.sources or str(state.sources)

    @property
    def environment(self) -> Mapping[str, str]:
        """Handed to feeds for the variables that feeds.yaml names; never logged."""
        return os.environ


@lru_cache(maxsize=8)
def _city(folder: Path, stamp: Hashable) -> City:
    """The folder as its files' times and sizes tell it: each of a run's 25 steps read it anew, which took 3 s."""
    return load_city(folder)


def run_months(context: dg.AssetExecutionContext) -> list[Period]:
    """The months of this run, in order: one, or all of a range."""
    return list(context.partition_keys)
