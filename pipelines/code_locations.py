"""One code location per city: `attribute` in a workspace entry is the city, a name under data/ or a folder's path.

A run that is handed to another machine carries module and attribute and no environment: so the city is in the
attribute, and a worker serves every city. Only the naming is here; what a code location holds is in definitions.

    load_from:
      - python_module: {module_name: pipelines.code_locations, attribute: chicago, location_name: chicago}
"""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from city.folder import city_folder
from pipelines.definitions import build_definitions
from pipelines.settings import settings

__all__ = ["city_definitions"]


def city_definitions(city: str) -> Callable[..., dg.Definitions]:
    """The code location of a city, built when it is called; CityFolderError when there is no such city."""
    folder = city_folder(city)

    def load() -> dg.Definitions:
        return build_definitions(settings(str(folder)))

    return dg.definitions(load)


def __getattr__(name: str) -> Callable[..., dg.Definitions]:
    """`pipelines.code_locations.chicago`: what Dagster asks for when it loads a workspace entry's attribute."""
    if name.startswith("_"):
        raise AttributeError(name)
    return city_definitions(name)
