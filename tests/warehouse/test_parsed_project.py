"""dbt's parsed project when several processes ask for it at once, as webserver and daemon do at their first start."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from city import City, StateFolder, load_city
from warehouse import dbt
from warehouse.dbt import DbtError, build_manifest, manifest_path


@pytest.fixture
def city() -> City:
    return load_city("tianshui")


@pytest.fixture
def state(city: City, tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path, city.key)


def _parse_slowly(monkeypatch: pytest.MonkeyPatch, state: StateFolder) -> list[Path]:
    """In place of dbt: notes where it was told to write, and what a reader of the finished place would meet."""
    targets: list[Path] = []

    def parse(city: City, own: StateFolder, command: list[str], target: Path) -> None:
        targets.append(target)
        (target / "partial_parse.msgpack").write_bytes(b"parsed")
        with (target / "manifest.json").open("w", encoding="utf-8") as stream:
            stream.write('{"half":')
            stream.flush()
            for earlier in manifest_path(state).parent.glob("manifest.json"):
                json.loads(earlier.read_text(encoding="utf-8"))
            stream.write(f" {len(targets)}}}")

    monkeypatch.setattr(dbt, "run_dbt", parse)
    return targets


def test_who_asks_at_the_same_instant_meets_a_whole_manifest_parsed_once(
    city: City, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = _parse_slowly(monkeypatch, state)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: json.loads(build_manifest(city, state).read_text(encoding="utf-8")), range(8)))
    assert found == [{"half": 1}] * 8
    assert len(targets) == 1


def test_a_changed_project_is_parsed_again_beside_the_old_one(
    city: City, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = _parse_slowly(monkeypatch, state)
    build_manifest(city, state)
    monkeypatch.setattr(dbt, "project_fingerprint", lambda *_: "other files")
    assert json.loads(build_manifest(city, state).read_text(encoding="utf-8")) == {"half": 2}
    assert manifest_path(state).parent not in targets
    assert sorted(path.name for path in state.dbt.iterdir()) == ["parsing.lock", "target"]


def test_a_project_that_does_not_parse_leaves_the_old_one(
    city: City, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    _parse_slowly(monkeypatch, state)
    manifest = build_manifest(city, state)
    monkeypatch.setattr(dbt, "project_fingerprint", lambda *_: "other files")

    def fail(*words: object) -> None:
        raise DbtError("dbt parse failed")

    monkeypatch.setattr(dbt, "run_dbt", fail)
    with pytest.raises(DbtError):
        build_manifest(city, state)
    assert json.loads(manifest.read_text(encoding="utf-8")) == {"half": 1}


def test_a_copied_state_is_not_parsed_again(city: City, state: StateFolder, tmp_path: Path) -> None:
    """dbt's own answer: without its second half, a copy's partial parse would be thrown away in every run."""
    build_manifest(city, state)
    copy = StateFolder(tmp_path / "copy", city.key)
    shutil.copytree(state.root, copy.root)
    assert build_manifest(city, copy).stat().st_mtime == manifest_path(state).stat().st_mtime
    dbt.run_dbt(city, copy, ["parse"], manifest_path(copy).parent)
    said = (copy.dbt / "logs" / "dbt.log").read_text(encoding="utf-8")
    assert said.count("Unable to do partial parsing because saved manifest not found") == 1  # the first state's parse
    assert said.count("Unable to do partial parsing") == 1
