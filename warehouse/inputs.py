"""What a month was computed from besides landing – the city's folder and the month's receipts – kept by content.

The folder changes and receipts are replaced; an issue must be computable again all the same. So each file is kept once
under the hash of its bytes, the candidate and the manifest name the hashes, and nothing is ever changed here.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from city import City, Period, StateFolder
from feeds.landed import read_attempt, read_receipt
from feeds.receipt import Receipt

#: Libraries that decide bytes: who computes, who writes Parquet, who writes CSV.
LIBRARIES = ("duckdb", "dbt-core", "dbt-duckdb", "polars", "numpy", "scipy")


class InputGoneError(RuntimeError):
    """A file that an issue was computed from is not there any more, or is not what it was; the message names it."""


def keep_inputs(city: City, state: StateFolder, period: Period) -> dict[str, Any]:
    """Keep the city's folder and the receipts of a month; answers how a candidate names them."""
    return {
        "city_folder": [{"path": path, "sha256": digest} for path, digest in _keep_folder(city, state).items()],
        "receipts": _keep(state, _receipts(city, state, period)),
        "libraries": dict(_libraries()),
    }


def folder_hashes(city: City) -> dict[str, str]:
    """Hash of every file of the city's folder as it is now, by its path inside the folder."""
    return {path: hashlib.sha256(content).hexdigest() for path, content in _folder_contents(city).items()}


def restore_folder(state: StateFolder, inputs: Mapping[str, Any], target: Path) -> None:
    """Write the city's folder as it was; InputGoneError names what is missing."""
    for entry in inputs["city_folder"]:
        path = target / entry["path"]
        if not path.resolve().is_relative_to(target.resolve()):
            raise InputGoneError(f"{entry['path']!r} leaves the city's folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(read_input(state, entry["sha256"], entry["path"]))


def kept_receipts(state: StateFolder, inputs: Mapping[str, Any]) -> dict[str, tuple[Receipt | None, Receipt | None]]:
    """By record set: what was landed and the last attempt that was not accepted, as they were."""
    content = json.loads(read_input(state, inputs["receipts"], "receipts"))
    return {
        key: (_receipt(both["landed"]), _receipt(both["attempt"])) for key, both in content.items()
    }  # fmt: skip


def read_input(state: StateFolder, digest: str, what: str) -> bytes:
    """A kept file, its hash checked; `what` names it in the error."""
    path = state.inputs / digest
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise InputGoneError(f"{path} ({what}) is gone: restore the folder inputs/ from a copy") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise InputGoneError(f"{path} ({what}) is not what it was: restore the folder inputs/ from a copy")
    return content


@cache  # of a range's months a hundredth
def _libraries() -> Mapping[str, str]:
    return {name: version(name) for name in LIBRARIES}


def _keep_folder(city: City, state: StateFolder) -> dict[str, str]:
    return {path: _keep(state, content) for path, content in _folder_contents(city).items()}


def _folder_contents(city: City) -> dict[str, bytes]:
    files = (p for p in sorted(city.folder.rglob("*")) if p.is_file())
    relative = {p.relative_to(city.folder): p for p in files}
    return {
        name.as_posix(): path.read_bytes()
        for name, path in relative.items()
        if not any(part.startswith((".", "~", "__pycache__")) for part in name.parts)
    }


#: What of a receipt quotes a delivery, left empty.
_UNQUOTED: dict[str, Any] = {"preview": [], "failures": [], "header": [], "columns": {}, "notes": []}


def _receipts(city: City, state: StateFolder, period: Period) -> bytes:
    """Receipts without what quotes a delivery: first rows and failing values follow the retention of quarantine."""
    both = {
        r.key: {"landed": read_receipt(state, r, period), "attempt": read_attempt(state, r, period)}
        for r in city.record_sets
    }
    plain = {
        key: {name: vars(receipt) | _UNQUOTED if receipt else None for name, receipt in pair.items()}
        for key, pair in both.items()
    }
    return (json.dumps(plain, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _receipt(content: Mapping[str, Any] | None) -> Receipt | None:
    return None if content is None else Receipt.from_json(json.dumps(content))


def _keep(state: StateFolder, content: bytes) -> str:
    """Write a file under its hash unless it is there; whole on disk before it has its name."""
    digest = hashlib.sha256(content).hexdigest()
    path = state.inputs / digest
    if path.exists():
        return digest
    state.inputs.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{digest}.{os.getpid()}")
    with beside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
    return digest
