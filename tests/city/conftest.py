"""Folders of the two small cities, the second inside a project with contracts and measures models of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from city_folders import MINIMAL, PROJECT, WHOLE, write_files
from testville_contract import Case

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


@pytest.fixture
def minimal(tmp_path: Path) -> Path:
    return write_files(tmp_path / "asem", MINIMAL)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    module = ModuleType("schemas.testville.police")
    module.Case = Case  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "schemas.testville", ModuleType("schemas.testville"))
    monkeypatch.setitem(sys.modules, "schemas.testville.police", module)
    return write_files(tmp_path / "project", PROJECT)


@pytest.fixture
def whole(project: Path) -> Path:
    return write_files(project / "data" / "testville", WHOLE)
