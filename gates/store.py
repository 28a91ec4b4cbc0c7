"""Gate results by month, `<state>/gates/<period>/<gate>.json`: each file is the last answer, replaced in
one step.

Gates A, B and C are kept alike; publication reads A and B here and asks C again itself.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

from city.periods import Period, month_index
from city.state import StateFolder
from gates.result import GateResult

_GATE = re.compile(r"\A[A-Za-z0-9_-]+\Z")


def write_gate(state: StateFolder, result: GateResult) -> Path:
    """Keep a gate's answer; an earlier answer of the same gate and month is replaced."""
    path = _path(state, result.period, result.gate)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, json_text(result.to_dict()))
    return path


def read_gate(state: StateFolder, period: Period, gate: str) -> GateResult | None:
    """The last answer of a gate for a month; None when it was never asked."""
    path = _path(state, period, gate)
    if not path.exists():
        return None
    return GateResult.from_dict(json.loads(path.read_text(encoding="utf-8")))


def json_text(content: Any) -> str:
    """JSON with sorted keys and readable Chinese: the same content is the same text."""
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n"


def replace_text(path: Path, text: str) -> None:
    """Write a file beside and rename it over the old one: a reader, or a kill, meets the old text or the
    new.
    """
    descriptor, beside = tempfile.mkstemp(prefix=f".tmp-{path.name}-", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary = Path(beside)
    temporary.chmod(0o644)  # mkstemp makes 0600; readers of issues are other users
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _path(state: StateFolder, period: Period, gate: str) -> Path:
    month_index(period)
    if not _GATE.match(gate):
        raise ValueError(f"{gate!r} is not a gate's name: use letters, digits, - and _")
    return state.gates / period / f"{gate}.json"
