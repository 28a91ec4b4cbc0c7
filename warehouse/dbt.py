"""How dbt is told which city, which warehouse and where to write; pure functions and one that parses.

dbt reads no environment variable that changes from month to month, and no variable that does (either would switch
partial parsing off): the months are a table that is written first.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from city import City, StateFolder
from city.locks import held
from gates.store import replace_text

#: Runs whose dbt target is kept.
KEPT_TARGETS = 5

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"


class DbtError(RuntimeError):
    """dbt could not parse or run the project; the message holds what it said."""


def measure_models(city: City) -> list[str]:
    """Names of the city's department models, in order: the SQL files of its folder under models/measures/."""
    return sorted(path.stem for path in (PROJECT / "models" / "measures" / city.key).glob("*.sql"))


def dbt_variables(city: City) -> dict[str, Any]:
    """`--vars`, the same for every month of a city."""
    return {"city": city.key, "measure_models": measure_models(city)}


def profiles_folder(state: StateFolder) -> Path:
    """Write the profile that names this city's warehouse, as seen from the profile's folder; answers that folder."""
    state.dbt.mkdir(parents=True, exist_ok=True)
    target = state.dbt / "profiles.yml"
    text = _profile(state)
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        replace_text(target, text)
    return state.dbt


def _profile(state: StateFolder) -> str:
    profile = yaml.safe_load((PROJECT / "profiles.yml").read_text(encoding="utf-8"))
    profile["pingan"]["outputs"]["warehouse"]["path"] = os.path.relpath(state.warehouse, state.dbt)
    return yaml.safe_dump(profile, sort_keys=False)


def dbt_arguments(city: City, command: Sequence[str], *, judged_by_gate: bool = True) -> list[str]:
    """dbt's words for a command. In a run, failed tests are rows that gate B judges month by month, not errors."""
    variables = dbt_variables(city) | ({"test_severity": "warn"} if judged_by_gate else {})
    return [*command, "--vars", json.dumps(variables, sort_keys=True)]


def manifest_path(state: StateFolder) -> Path:
    """Where the parsed project of this city lies."""
    return state.dbt / "target" / "manifest.json"


def build_manifest(city: City, state: StateFolder) -> Path:
    """Parse the project for this city unless that was done for these very files; DbtError tells what dbt said.

    Webserver and daemon ask at the same instant: one parses, beside; the other waits and meets whole files.
    """
    manifest = manifest_path(state)
    with held(state.dbt / "parsing.lock", f"another process parses dbt's project for {city.key}; waiting for it"):
        stamp = manifest.with_name("manifest.sha256")
        fingerprint = project_fingerprint(city, state)
        if manifest.exists() and stamp.exists() and stamp.read_text() == fingerprint:
            return manifest
        manifest.parent.mkdir(exist_ok=True)
        with TemporaryDirectory(prefix=".parsing-", dir=state.dbt) as beside:
            run_dbt(city, state, ["parse"], Path(beside))
            for name in ("partial_parse.msgpack", manifest.name):
                Path(beside, name).replace(manifest.with_name(name))
        stamp.write_text(fingerprint)  # last: it says that the files are these
    return manifest


def run_dbt(city: City, state: StateFolder, command: Sequence[str], target: Path) -> None:
    """Run one dbt command as a process of its own; DbtError tells what dbt said.

    dbt run inside our process would keep the warehouse open until we end.
    """
    arguments = dbt_arguments(city, command)
    done = subprocess.run(  # nosec B603 # dbt beside our Python, our own words
        [
            *(dbt_executable(), "--quiet", "--no-use-colors", *arguments),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(profiles_folder(state))),
            *("--target-path", str(target), "--log-path", str(state.dbt / "logs")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise DbtError(f"dbt {' '.join(command)} failed for {city.key}:\n{said[-4000:]}")


def dbt_executable() -> str:
    """dbt beside the Python that runs us, by the name that ends with its run (warehouse/dbt_process.py)."""
    return str(Path(sys.executable).with_name("pingan-dbt"))


def run_target(state: StateFolder, run_id: str) -> Path:
    """A folder for one run's compiled models and results, with the parsed project to start from.

    dbt's targets are 22 MB each: only those of the last KEPT_TARGETS runs stay.
    """
    runs = state.dbt / "runs"
    target = runs / run_id
    target.mkdir(parents=True, exist_ok=True)
    parsed = manifest_path(state).with_name("partial_parse.msgpack")
    if parsed.exists():
        shutil.copy(parsed, target)
    others = sorted((p for p in runs.iterdir() if p != target), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in others[KEPT_TARGETS - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def project_fingerprint(city: City, state: StateFolder) -> str:
    """Hash of every file of the dbt project, and of the variables and the profile that parsing depends on."""
    digest = hashlib.sha256((json.dumps(dbt_variables(city), sort_keys=True) + _profile(state)).encode())
    for path in sorted(PROJECT.rglob("*")):
        if path.suffix in {".sql", ".py", ".yml", ".md"} and not {"target", "logs"} & set(
            path.relative_to(PROJECT).parts
        ):
            digest.update(str(path.relative_to(PROJECT)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
