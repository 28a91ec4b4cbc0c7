"""dbt's documentation is whole: every model of Tianshui names its grain, every column that exists is described."""

from __future__ import annotations

import json

import duckdb
import pytest
from finished_run import FinishedRun

from warehouse.dbt import manifest_path

pytestmark = pytest.mark.end_to_end


def test_every_model_and_column_is_described(tianshui_run: FinishedRun) -> None:
    manifest = json.loads(manifest_path(tianshui_run.state).read_text(encoding="utf-8"))
    models = {n["name"]: n for n in manifest["nodes"].values() if n["resource_type"] == "model"}
    with duckdb.connect(str(tianshui_run.state.warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select table_name, column_name from information_schema.columns "
            "where table_schema in ('measures', 'indicators', 'indices', 'release')"
        ).fetchall()
    built = set(rows)
    described = {(m["name"], c) for m in models.values() for c, v in m["columns"].items() if v["description"]}
    assert built == described
    assert [name for name, model in models.items() if not model["description"].startswith("One row per ")] == []


def test_every_source_is_described(tianshui_run: FinishedRun) -> None:
    manifest = json.loads(manifest_path(tianshui_run.state).read_text(encoding="utf-8"))
    assert [s["name"] for s in manifest["sources"].values() if not s["description"]] == []
