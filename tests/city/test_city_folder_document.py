"""docs/city-folder.md is true: its sample city passes, and it names every file, field and value there is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from city_folders import write_files

from city.check import check_city
from city.check_shapes import SCHEMAS
from city.folder import load_city

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "city-folder.md").read_text(encoding="utf-8")
SAMPLE = DOCUMENT[DOCUMENT.index("## Ten minutes") : DOCUMENT.index("## city.yaml")]


def rules(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from rules(part)


def words(schema: dict[str, Any]) -> set[str]:
    found: set[str] = set()
    for rule in rules(schema):
        if isinstance(rule.get("properties"), dict):
            found |= set(rule["properties"])
        if isinstance(rule.get("enum"), list):
            found |= {str(value) for value in rule["enum"]}
    return found


def test_the_sample_city_passes_and_loads(tmp_path: Path) -> None:
    files = dict(re.findall(r"^`([\w./-]+)`\n```\w+\n(.*?)```", SAMPLE, flags=re.MULTILINE | re.DOTALL))
    assert len(files) == 7
    folder = write_files(tmp_path / "mycity", files)
    assert check_city(folder) == []
    assert len(load_city(folder).versions[0].indicators) == 2


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_every_field_and_value_is_documented(path: Path) -> None:
    missing = {
        w for w in words(json.loads(path.read_text())) if not re.search(rf"(?<!\w){re.escape(w)}(?!\w)", DOCUMENT)
    }
    assert not missing


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_every_property_of_a_schema_says_what_it_is_for(path: Path) -> None:
    for rule in rules(json.loads(path.read_text())):
        if rule.get("type") == "object":
            for name, part in rule.get("properties", {}).items():
                assert "$ref" in part or part.get("description"), name
