"""`pingan prune`: what a state folder need not keep for ever. Issues and all that they were computed from stay.

Removed when older than asked: dbt's targets and logs, logs, quarantined rows that no receipt names, deliveries that
neither a pointer nor any manifest or candidate names, warehouses set aside as corrupt, and what killed processes left.
Dagster's own records of ended runs go too; its ticks have their own retention in dagster.yaml.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg

from city import StateFolder
from feeds.receipt import Receipt
from gates.candidate import read_description
from publication.manifest import read_issue, revision_folders

#: A run of today may have written a file and not yet moved the pointer to it.
SHORTEST_DAYS = 1


@dataclass(frozen=True)
class Removable:
    """A file or folder that nothing needs. `kind` says why it is here."""

    kind: str
    path: Path
    bytes: int


def removable(state: StateFolder, before: datetime) -> list[Removable]:
    """What may go, by kind and path; `before` is compared with the time of the last change of each file."""
    limit = before.timestamp()
    landing, quarantine, kept = _needed(state)
    found = [
        *_old("dbt target", state.dbt.glob("runs/*"), limit),
        *_old("dbt log", state.dbt.glob("logs/*"), limit),
        *_old("log", (state.home / "logs").glob("*"), limit),
        *_old("corrupt warehouse", state.root.glob("warehouse.duckdb.corrupt-*"), limit),
        *_old("quarantine", (p for p in _files(state.quarantine) if p not in quarantine), limit),
        *_old("delivery no issue needs", (p for p in state.landing.glob("*/*/*/*.parquet") if p not in landing), limit),
        *_old("input no issue needs", (p for p in state.inputs.glob("[0-9a-f]*") if p.name not in kept), limit),
        *_old("left by a killed process", _left(state), limit),
    ]
    return sorted({r.path: r for r in found}.values(), key=lambda r: (r.kind, r.path))


def remove(items: list[Removable]) -> int:
    """Remove them; answers the bytes. Empty folders of months go with their last file."""
    for item in items:
        if item.path.is_dir():
            shutil.rmtree(item.path)
        else:
            item.path.unlink()
    return sum(item.bytes for item in items)


def old_runs(instance: dg.DagsterInstance, before: datetime) -> list[str]:
    """Ids of Dagster runs that ended before a time: their events and logs."""
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    records = instance.get_run_records(filters=dg.RunsFilter(statuses=ended, updated_before=before))
    return [record.dagster_run.run_id for record in records]


def _needed(state: StateFolder) -> tuple[set[Path], set[Path], set[str]]:
    """Landing files, quarantine files and kept inputs that a pointer, a candidate or a manifest names.

    A receipt or manifest that cannot be read stops the whole: what it names must not be taken for unneeded.
    """
    landing: set[Path] = set()
    quarantine: set[Path] = set()
    inputs: set[str] = set()
    for path in [*state.landing.glob("*/*/*/current.json"), *state.landing.glob("*/*/*/attempt.json")]:
        receipt = Receipt.from_json(path.read_text(encoding="utf-8"))
        landing |= {state.landing / receipt.landing_file} if receipt.landing_file else set()
        quarantine |= {state.quarantine / receipt.quarantine_file} if receipt.quarantine_file else set()
    described = [read_issue(folder).manifest for folder in revision_folders(state.issues)]
    described += [read_description(p.parent) for p in (state.root / "candidates").glob("*/candidate.json")]
    for content in described:
        landing |= {state.landing / entry["landing_file"] for entry in content.get("landing", [])}
        own = content.get("inputs")
        if own:
            inputs |= {own["receipts"], *(entry["sha256"] for entry in own["city_folder"])}
            landing |= _landed_by(state, own["receipts"])
    return landing, quarantine, inputs


def _landed_by(state: StateFolder, digest: str) -> set[Path]:
    """Deliveries that kept receipts name: those without a reported row are in no manifest's list."""
    content = json.loads((state.inputs / digest).read_text(encoding="utf-8"))
    named = (receipt["landing_file"] for pair in content.values() for receipt in pair.values() if receipt)
    return {state.landing / name for name in named if name}


def _left(state: StateFolder) -> Iterator[Path]:
    yield from state.landing.glob("*/*/*/.*")
    yield from state.quarantine.glob("*/*/*/.*")
    yield from state.inputs.glob(".*")
    yield from state.gates.glob("*/.tmp-*")
    yield from (state.root / "candidates").glob(".*")


def _files(folder: Path) -> Iterator[Path]:
    return (p for p in folder.glob("*/*/*/*.parquet") if p.is_file())


def _old(kind: str, paths: Iterator[Path], limit: float) -> Iterator[Removable]:
    for path in paths:
        inside = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
        if max([path.stat().st_mtime, *(p.stat().st_mtime for p in inside)]) < limit:
            yield Removable(kind, path, sum(p.stat().st_size for p in inside))
