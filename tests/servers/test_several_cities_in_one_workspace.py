"""Two cities in one webserver, each a code location of its own: what it lists, and that a run finds its city."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import several_cities
import yaml
from click.testing import CliRunner, Result

from city.folder import CityFolderError
from pipelines.workspace import workspace_text

pytestmark = pytest.mark.server

QUERY = """
{ workspaceOrError { ... on Workspace { locationEntries {
    name loadStatus
    locationOrLoadError {
      __typename
      ... on PythonError { message }
      ... on RepositoryLocation { repositories {
        assetNodes { assetKey { path } }
        jobs { name }
        schedules { name scheduleState { status } }
      } }
    }
} } } }
"""


def pingan(*words: str) -> Result:
    from pipelines.command_line import cli

    return CliRunner().invoke(cli, words)


def test_a_workspace_has_a_code_location_for_each_city(tmp_path: Path) -> None:
    folder = several_cities.write_city(tmp_path, 1)
    target = tmp_path / "workspace.yaml"
    done = pingan("workspace", "--city", "tianshui", "--city", str(folder), "--to", str(target))
    assert done.exit_code == 0, done.output
    assert yaml.safe_load(target.read_text(encoding="utf-8")) == {
        "load_from": [
            {
                "python_module": {
                    "module_name": "pipelines.code_locations",
                    "attribute": attribute,
                    "location_name": name,
                }
            }
            for attribute, name in (("tianshui", "tianshui"), (str(folder), "city1"))
        ]
    }


def test_two_folders_of_one_name_would_share_their_state_and_are_refused(tmp_path: Path) -> None:
    first, second = several_cities.write_city(tmp_path / "a", 1), several_cities.write_city(tmp_path / "b", 1)
    with pytest.raises(CityFolderError, match="two cities have the key 'city1'"):
        workspace_text([str(first), str(second)])


def test_a_city_that_is_not_there_is_named(tmp_path: Path) -> None:
    from pipelines import code_locations

    with pytest.raises(CityFolderError, match="neither a city"):
        getattr(code_locations, str(tmp_path))


def test_the_webserver_loads_both_cities(tmp_path: Path) -> None:
    folders = [several_cities.write_city(tmp_path / "cities", number) for number in (1, 2)]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "ui.log"
    words = [word for folder in folders for word in ("--city", str(folder))]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("pingan")), "ui", *words, "--port", str(port)],
            env={**os.environ, "PINGAN_HOME": str(tmp_path / "home"), "DAGSTER_DISABLE_TELEMETRY": "yes"},
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        entries = _entries(port, process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert set(entries) == {"city1", "city2"}
    for key, entry in entries.items():
        repository = entry["locationOrLoadError"]["repositories"][0]
        assets = {"/".join(node["assetKey"]["path"]) for node in repository["assetNodes"]}
        assert {f"{key}/feeds/alpha", f"{key}/publication/issue"} <= assets
        assert {path.partition("/")[0] for path in assets} == {key}
        assert {"monthly_index", "backfill", "publish"} <= {job["name"] for job in repository["jobs"]}
        statuses = {s["name"]: s["scheduleState"]["status"] for s in repository["schedules"]}
        assert statuses["monthly_publication"] == "RUNNING"


def _entries(port: int, process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    """Code locations by name, once every one has loaded."""
    deadline = time.monotonic() + 600
    last = ""
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": QUERY}, timeout=60)
            found = answer.json()["data"]["workspaceOrError"]["locationEntries"]
        except (httpx.TransportError, ValueError):
            time.sleep(0.3)
            continue
        last = str(found)[:2000]
        if len(found) == 2 and all(
            entry["loadStatus"] == "LOADED" and entry["locationOrLoadError"]["__typename"] == "RepositoryLocation"
            for entry in found
        ):
            return {entry["name"]: entry for entry in found}
        time.sleep(0.3)
    raise AssertionError(f"not loaded: {last}\n{log.read_text()[-3000:]}")
