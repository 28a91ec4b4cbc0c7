"""What the code location tells Dagster and whoever looks at it: assets, checks, jobs, the schedule."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster_dbt import DbtCliResource
from finished_run import PROJECT

from assets.dbt_resource import InstalledDbt
from city import load_city
from pipelines.definitions import build_definitions, jobs, month_partitions, monthly_publication
from pipelines.settings import Settings
from warehouse.dbt_process import PREPARED_IN

CITY = load_city("tianshui")
DEPARTMENTS = (
    "agriculture", "civil_affairs", "court", "cyberspace", "education", "emergency", "environment", "finance",
    "fire_rescue", "health", "housing", "human_resources", "justice", "market_regulation", "natural_resources",
    "petitions", "police", "political_legal", "procuratorate", "transport", "water",
)  # fmt: skip
#: A department whose deliveries are all finished numbers needs no model.
ONLY_RETURNS = {"civil_affairs"}
KEYS = {
    *(f"tianshui/feeds/{department}" for department in DEPARTMENTS),
    *(f"tianshui/measures/{department}" for department in DEPARTMENTS if department not in ONLY_RETURNS),
    "tianshui/measures/measure_spine",
    "tianshui/indicators/own_measures",
    "tianshui/indicators/measures",
    "tianshui/indicators/indicator_units",
    "tianshui/indicators/indicator_months",
    "tianshui/indicators/indicator_windows",
    "tianshui/indicators/indicator_values",
    "tianshui/indicators/indicator_scores",
    "tianshui/indices/second_level_indices",
    "tianshui/indices/first_level_indices",
    "tianshui/indices/overall_index",
    "tianshui/indices/index_scores",
    "tianshui/indices/node_scores",
    "tianshui/release/release_scores",
    "tianshui/release/release_values",
    "tianshui/release/release_measures",
    "tianshui/release/release_vetoes",
    "tianshui/release/change_effects",
    "tianshui/release/contributions",
    "tianshui/release/member_contributions",
    "tianshui/release/release_candidate",
    "tianshui/publication/issue",
    "tianshui/publication/rendering",
}
GATES = {"tianshui/release/release_candidate": {"gate_a", "gate_b", "gate_c"}} | {
    f"tianshui/feeds/{department}": {"gate_a"} for department in DEPARTMENTS
}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """The definitions of Tianshui on an empty state: dbt's project is parsed, nothing is run."""
    return build_definitions(Settings(tmp_path_factory.mktemp("definitions"), "tianshui"))


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs() if spec.kinds}


def test_they_load_and_can_be_resolved(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)
    assert {job.name for job in definitions.resolve_all_job_defs()} >= {"monthly_index", "backfill", "publish"}


def test_a_run_starts_dbt_once(definitions: dg.Definitions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither `dbt --version` nor an adapter: both are private to dagster-dbt, so an upgrade may bring them back."""
    assert {"_cli_version", "_initialize_dbt_core_adapter"} <= vars(DbtCliResource).keys()

    def started(*words: object, **how: object) -> None:
        raise AssertionError(f"a process was started: {words}")

    monkeypatch.setattr(subprocess, "Popen", started)
    dbt = (definitions.resources or {})["dbt"]
    assert isinstance(dbt, InstalledDbt)
    assert str(dbt._cli_version).split(".")[:2] == version("dbt-core").split(".")[:2]
    assert dbt._initialize_dbt_core_adapter(["build"]) is None


def test_a_run_starts_dbt_before_its_step(definitions: dg.Definitions, monkeypatch: pytest.MonkeyPatch) -> None:
    """What dagster-dbt starts is done by the process that the resource has started, and nothing is left of it."""
    started: list[subprocess.Popen[bytes]] = []

    class Recorded(subprocess.Popen[bytes]):
        def __init__(self, *words: Any, **how: Any) -> None:
            super().__init__(*words, **how)
            started.append(self)

    monkeypatch.delenv(PREPARED_IN, raising=False)
    monkeypatch.setattr(subprocess, "Popen", Recorded)
    dbt = (definitions.resources or {})["dbt"]
    with dbt.yield_for_execution(dg.build_init_resource_context()) as ready:
        words = [ready.dbt_executable, "build", "--help"]
        while not Path(os.environ[PREPARED_IN], "dbt.sock").exists():
            assert started[0].poll() is None
        assert subprocess.run(words, capture_output=True, check=True).stdout.startswith(b"Usage: dbt build")
        assert started[0].wait() == 0
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as some who start processes do, and these inherit it
    try:
        with dbt.yield_for_execution(dg.build_init_resource_context()):
            folder = Path(os.environ[PREPARED_IN])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert started[-1].returncode == -signal.SIGKILL, "a run that needs no dbt leaves none behind"
    assert not folder.exists()
    assert PREPARED_IN not in os.environ


def test_the_assets_are_these(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    assert {key.to_user_string() for key in graph.materializable_asset_keys} == KEYS
    assert len(KEYS) == 64
    assert {key.to_user_string() for key in graph.external_asset_keys} <= {"tianshui/city_folder"}


def test_every_asset_has_owner_kind_description_and_group(specs: dict[str, dg.AssetSpec]) -> None:
    assert set(specs) >= KEYS
    for name in KEYS:
        spec = specs[name]
        assert spec.group_name == name.split("/")[1], name
        assert len(spec.kinds) > 0, name
        assert len((spec.description or "").strip()) > 20, name
        assert isinstance(spec.partitions_def, dg.MonthlyPartitionsDefinition), name


def test_departments_own_what_is_theirs_and_the_index_office_the_rest(specs: dict[str, dg.AssetSpec]) -> None:
    for name in KEYS:
        _, room, last = name.split("/")
        theirs = room in ("feeds", "measures") and last in DEPARTMENTS
        assert list(specs[name].owners) == [f"team:{last}" if theirs else "team:index_office"], name


def test_months_are_those_of_the_city() -> None:
    partitions = month_partitions(CITY)
    keys = partitions.get_partition_keys(current_time=datetime(2023, 2, 10, 9, tzinfo=ZoneInfo("Asia/Shanghai")))
    assert (keys[0], keys[-1], len(keys)) == ("2021-01", "2023-01", 25)
    # at half past midnight of 1 February in Shanghai, still 31 January in London, January has closed
    for hour, last in ((16, "2023-01"), (15, "2022-12")):
        now = datetime(2023, 1, 31, hour, 30, tzinfo=ZoneInfo("UTC"))
        assert partitions.get_partition_keys(current_time=now)[-1] == last


def test_every_gate_is_a_blocking_check(definitions: dg.Definitions) -> None:
    found: dict[str, set[str]] = {}
    graph = definitions.resolve_asset_graph()
    for key in graph.asset_check_keys:
        if key.name.startswith("gate_"):
            found.setdefault(key.asset_key.to_user_string(), set()).add(key.name)
            spec = graph.get_check_spec(key)
            assert spec.blocking, key
            assert spec.description, key
    assert found == GATES


def test_lineage_runs_from_every_department_to_the_publication(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    issue = dg.AssetKey(["tianshui", "publication", "issue"])
    above = {key.to_user_string() for key in graph.get_ancestor_asset_keys(issue)}
    assert KEYS - above == {issue.to_user_string(), "tianshui/publication/rendering"}
    for department in set(DEPARTMENTS) - ONLY_RETURNS:
        feed = dg.AssetKey(["tianshui", "feeds", department])
        model = dg.AssetKey(["tianshui", "measures", department])
        assert feed in graph.get(model).parent_keys, department


def test_what_runs_with_nobody_present_is_on_from_the_start(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    assert {s.name for s in repository.schedule_defs} == {"monthly_publication", "reminders", "freshness"}
    assert {s.name for s in repository.sensor_defs} == {
        "deliveries", "held_months", "notices", "failed_runs", "failed_checks",
    }  # fmt: skip
    assert all(s.default_status == dg.DefaultScheduleStatus.RUNNING for s in repository.schedule_defs)
    assert all(s.default_status == dg.DefaultSensorStatus.RUNNING for s in repository.sensor_defs)


def test_whether_the_closed_month_is_out_is_asked_by_its_own_job_only(definitions: dg.Definitions) -> None:
    key = dg.AssetCheckKey(dg.AssetKey(["tianshui", "publication", "issue"]), "latest_closed_month_is_published")
    found = {
        name: key in definitions.resolve_job_def(name).asset_layer.asset_graph.asset_check_keys
        for name in ("monthly_index", "backfill", "publish", "freshness")
    }
    assert found == {"monthly_index": False, "backfill": False, "publish": False, "freshness": True}


def test_jobs_run_in_one_process(definitions: dg.Definitions) -> None:
    for name in ("monthly_index", "backfill", "publish", "deliveries", "freshness", "reminders"):
        assert definitions.resolve_job_def(name).executor_def.name == "in_process", name
    graph = definitions.resolve_asset_graph()
    nodes = {
        name: {key.to_user_string() for key in definitions.resolve_job_def(name).asset_layer.selected_asset_keys}
        for name in ("monthly_index", "backfill", "publish")
    }
    assert nodes["monthly_index"] == {key.to_user_string() for key in graph.materializable_asset_keys}
    assert nodes["publish"] == {"tianshui/publication/issue", "tianshui/publication/rendering"}
    assert nodes["backfill"] == nodes["monthly_index"] - nodes["publish"]


@pytest.mark.parametrize(
    ("now", "closed"),
    [("2023-02-10 09:00", "2023-01"), ("2023-01-10 09:00", "2022-12"), ("2024-03-10 09:00", "2024-02")],
)
def test_the_schedule_requests_the_month_that_closed(definitions: dg.Definitions, now: str, closed: str) -> None:
    schedule = definitions.resolve_schedule_def("monthly_publication")
    assert isinstance(schedule, dg.ScheduleDefinition)
    when = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    with dg.build_schedule_context(scheduled_execution_time=when) as context:
        requests = schedule.evaluate_tick(context).run_requests or []
    assert [(request.job_name, request.partition_key) for request in requests] == [("monthly_index", closed)]


@pytest.mark.parametrize(
    ("publication", "cron"), [("{day: 10, hour: 9}", "0 9 10 * *"), ("{day: 12, hour: 7}", "0 7 12 * *")]
)
def test_the_schedule_has_the_day_and_hour_of_the_citys_folder(publication: str, cron: str, tmp_path: Path) -> None:
    folder = tmp_path / "tianshui"
    shutil.copytree(PROJECT / "data" / "tianshui", folder)
    settings = folder / "city.yaml"
    text = settings.read_text(encoding="utf-8")
    assert "publication: {day: 10, hour: 9}" in text
    settings.write_text(text.replace("{day: 10, hour: 9}", publication), encoding="utf-8")
    city = load_city(folder)
    schedule = monthly_publication(city, jobs(city, month_partitions(city))["monthly_index"])
    assert (schedule.cron_schedule, schedule.execution_timezone) == (cron, "Asia/Shanghai")
