"""The workspace file: which cities the webserver and the daemon load, each as a code location of its own.

Code locations are in code_locations; a code location that another process serves (gRPC) is written by hand, as in
deploy/.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from city.folder import CityFolderError, city_folder, city_key

MODULE = "pipelines.code_locations"


def workspace_text(cities: Sequence[str]) -> str:
    """A workspace with one code location per city (names under data/, or folders); each is named by its city's key.

    CityFolderError when a city is not there, or when two have the same key: their state would be one folder.
    """
    folders = [city_folder(city) for city in cities]
    for position, folder in enumerate(folders):
        for earlier in folders[:position]:
            if city_key(earlier) == city_key(folder):
                raise CityFolderError(
                    f"two cities have the key {city_key(folder)!r} ({earlier} and {folder}): "
                    "name each once, and rename a folder where two differ"
                )
    entries = [
        {
            "python_module": {
                "module_name": MODULE,
                "attribute": city if "/" not in city else str(folder),
                "location_name": city_key(folder),
            }
        }
        for city, folder in zip(cities, folders, strict=True)
    ]
    return yaml.safe_dump({"load_from": entries}, allow_unicode=True, sort_keys=False)


def write_workspace(home: Path, cities: Sequence[str]) -> Path:
    """Write `workspace.yaml` into the state folder; answers its path."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "workspace.yaml"
    path.write_text(workspace_text(cities), encoding="utf-8")
    return path
