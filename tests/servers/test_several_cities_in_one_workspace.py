"""Two cities in one webserver, each a code location of its own: what it lists, and a range that is computed from it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import several_cities
import yaml
from click.testing import CliRunner, Result

from city import months_between
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
ASSETS = "{ assetNodes { assetKey { path } isExecutable jobNames } }"
BACKFILL = """
mutation ($assets: [AssetKeyInput!], $months: [String!]) {
    launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $months}) {
        __typename
        ... on LaunchBackfillSuccess { backfillId }
        ... on PythonError { message }
} }
"""
PROGRESS = """
query ($backfill: String!) {
    partitionBackfillOrError(backfillId: $backfill) { ... on PartitionBackfill { status } }
    runsOrError(filter: {tags: [{key: "dagster/backfill", value: $backfill}]}) {
        ... on Runs { results { status pipelineName tags { key value } } }
} }
"""
#: Long enough to be shared by processes.
RANGE = months_between("2022-02", "2022-07")


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


@dataclass
class Workspace:
    """A running `pingan ui` of city1 and city2; only city1 has deliveries."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def ask(self, query: str, **variables: Any) -> Any:
        """What the webserver answers as `data`."""
        said = httpx.post(
            f"http://127.0.0.1:{self.port}/graphql", json={"query": query, "variables": variables}, timeout=60
        )
        return said.json()["data"]

    def wait_for(self, what: str, look: Callable[[], Any]) -> Any:
        """The first answer that is not None; fails with the last words of the processes."""
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if (found := look()) is not None:
                    return found
            except (httpx.TransportError, ValueError):
                pass
            time.sleep(0.3)  # between two looks
        raise AssertionError(f"no {what}:\n{self.log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    place = tmp_path_factory.mktemp("workspace")
    folders = [several_cities.write_city(place / "cities", number) for number in (1, 2)]
    several_cities.write_deliveries(place / "sources", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = place / "ui.log"
    words = [word for folder in folders for word in ("--city", str(folder))]
    words += ["--sources", f"{place / 'sources'}/{{city}}", "--port", str(port)]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("pingan")), "ui", *words],
            env={**os.environ, "PINGAN_HOME": str(place / "home"), "DAGSTER_DISABLE_TELEMETRY": "yes"},
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        yield Workspace(place / "home", port, process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def test_the_webserver_loads_both_cities(workspace: Workspace) -> None:
    entries = workspace.wait_for("code locations", lambda: _loaded(workspace))
    assert set(entries) == {"city1", "city2"}
    for key, entry in entries.items():
        repository = entry["locationOrLoadError"]["repositories"][0]
        assets = {"/".join(node["assetKey"]["path"]) for node in repository["assetNodes"]}
        assert {f"{key}/feeds/alpha", f"{key}/publication/issue"} <= assets
        assert {path.partition("/")[0] for path in assets} == {key}
        assert {"monthly_index", "backfill", "publish"} <= {job["name"] for job in repository["jobs"]}
        statuses = {s["name"]: s["scheduleState"]["status"] for s in repository["schedules"]}
        assert statuses["monthly_publication"] == "RUNNING"


def test_a_range_chosen_in_the_ui_is_one_run_of_its_city(workspace: Workspace) -> None:
    """As the UI asks for it: a backfill of the assets of the job `backfill`."""
    workspace.wait_for("code locations", lambda: _loaded(workspace))
    nodes = workspace.ask(ASSETS)["assetNodes"]
    chosen = [
        {"path": node["assetKey"]["path"]}
        for node in nodes
        if node["isExecutable"] and "backfill" in node["jobNames"] and node["assetKey"]["path"][0] == "city1"
    ]
    started = workspace.ask(BACKFILL, assets=chosen, months=RANGE)["launchPartitionBackfill"]
    assert started["__typename"] == "LaunchBackfillSuccess", started

    def ended() -> Any:
        told = workspace.ask(PROGRESS, backfill=started["backfillId"])
        finished = told["partitionBackfillOrError"]["status"] not in {"REQUESTED", "CANCELING"}
        return told if finished else None

    told = workspace.wait_for("end of the backfill", ended)
    assert told["partitionBackfillOrError"]["status"] == "COMPLETED_SUCCESS", workspace.log.read_text()[-3000:]
    (run,) = told["runsOrError"]["results"]
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}
    assert (run["status"], run["pipelineName"][:7]) == ("SUCCESS", "__ASSET")
    assert tags["dagster/asset_partition_range_start"] == RANGE[0]
    assert tags["dagster/asset_partition_range_end"] == RANGE[-1]
    for month in RANGE:
        assert (workspace.home / "city1" / "candidates" / month / "scores.parquet").exists()
        for gate in "ABC":
            stored = json.loads((workspace.home / "city1" / "gates" / month / f"{gate}.json").read_text("utf-8"))
            assert stored["passed"], (month, gate)
    assert not (workspace.home / "city1" / "issues").exists()
    assert not (workspace.home / "city2" / "candidates").exists()


def _loaded(workspace: Workspace) -> dict[str, Any] | None:
    """Code locations by name, once every one has loaded."""
    found = workspace.ask(QUERY)["workspaceOrError"]["locationEntries"]
    loaded = len(found) == 2 and all(
        entry["loadStatus"] == "LOADED" and entry["locationOrLoadError"]["__typename"] == "RepositoryLocation"
        for entry in found
    )
    return {entry["name"]: entry for entry in found} if loaded else None
