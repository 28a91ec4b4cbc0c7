"""The resource that tells an asset which city it works for and where its state lives."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from city import City, Period, StateFolder, load_city


class CityResource(dg.ConfigurableResource[None]):
    """A city's folder, state and deliveries; `sources` empty means the state folder's own."""

    city_name: str
    home: str
    sources: str = ""
    code_version: str

    def load(self) -> tuple[City, StateFolder]:
        """The city and its state folder."""
        city = load_city(self.city_name)
        return city, StateFolder(Path(self.home), city.key)

    def sources_of(self, state: StateFolder) -> str:
        """Where deliveries are looked for."""
        return self.sources or str(state.sources)

    @property
    def environment(self) -> Mapping[str, str]:
        """Handed to feeds for the variables that feeds.yaml names; never logged."""
        return os.environ


def run_months(context: dg.AssetExecutionContext) -> list[Period]:
    """The months of this run, in order: one, or all of a range."""
    return list(context.partition_keys)
