"""Sensors and schedules as Dagster evaluates them: what they ask for, what they tell people, on which days."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from returns_city import put, return_csv, write_city

from arrivals.due_days import closed_month
from assets.city_resource import CityResource
from assets.feeds import feed_assets
from assets.publication import publication_asset
from city import City, StateFolder, load_city
from notices.outbox import waiting
from pipelines.automation import (
    daily_schedules,
    delivery_sensor,
    freshness_check,
    held_months_sensor,
    notices_sensor,
    reminders_job,
    tell_failed_checks,
)
from pipelines.definitions import month_partitions
from publication.holding import HOLD, RELEASE, asked, decide

NUMBERS = {"A": 10.0, "B": 20.0, "C": 30.0}


@dg.job
def any_job() -> None:
    """Stands for the jobs that sensors ask for."""


def location(city: City) -> dg.RepositoryDefinition:
    """The code location but for the models, which take seconds to parse and which no sensor asks for."""
    partitions = month_partitions(city)
    assets = [*feed_assets(city, partitions), publication_asset(city, partitions)]
    stands_for = dg.asset(key=[city.key, "release", "release_candidate"], partitions_def=partitions)(lambda: None)
    own = [
        dg.define_asset_job("deliveries", dg.AssetSelection.groups("feeds")),
        dg.define_asset_job("publish", dg.AssetSelection.groups("publication")),
    ]
    resources = {"city_resource": CityResource(city_name=str(city.folder), home="", code_version="")}
    return dg.Definitions(assets=[*assets, stands_for], jobs=own, resources=resources).get_repository_def()


@pytest.fixture
def resource(tmp_path: Path) -> CityResource:
    folder = write_city(tmp_path / "small", "2022-01", "2022-01")
    return CityResource(
        city_name=str(folder), home=str(tmp_path / "home"), sources=str(tmp_path / "sources"), code_version="x"
    )


@pytest.fixture
def city(resource: CityResource) -> City:
    return resource.load()[0]


@pytest.fixture
def state(resource: CityResource) -> StateFolder:
    return resource.load()[1]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as own:
        yield own


def test_the_delivery_sensor_asks_for_that_department_s_month_and_keeps_its_cursor(
    resource: CityResource, city: City, instance: dg.DagsterInstance
) -> None:
    sensor = delivery_sensor(city, location(city).get_job("deliveries"), 30)
    closed = closed_month(city, datetime.now(UTC))
    put(Path(resource.sources) / "alpha" / f"{closed}.csv", return_csv(closed, "calls", NUMBERS))
    cursor, requests = None, []
    for _ in range(3):
        with dg.build_sensor_context(
            instance=instance, cursor=cursor, resources={"city_resource": resource}, repository_def=location(city)
        ) as context:
            tick = sensor.evaluate_tick(context)
        cursor = tick.cursor
        requests.append(tick.run_requests or [])
    assert [len(r) for r in requests] == [0, 1, 0]
    (request,) = requests[1]
    assert request.partition_key == closed
    assert request.asset_selection == [dg.AssetKey(["small", "feeds", "alpha"])]
    assert request.run_key
    assert (sensor.minimum_interval_seconds, sensor.default_status) == (30, dg.DefaultSensorStatus.RUNNING)


def test_a_month_that_is_held_is_published_after_its_release_with_the_reason_it_was_asked_with(
    resource: CityResource, city: City, state: StateFolder, instance: dg.DagsterInstance
) -> None:
    sensor = held_months_sensor(city, location(city).get_job("publish"))
    now = datetime.now(UTC)

    def requests() -> list[dg.RunRequest]:
        with dg.build_sensor_context(
            instance=instance, resources={"city_resource": resource}, repository_def=location(city)
        ) as context:
            return list(sensor.evaluate_tick(context).run_requests or [])

    assert requests() == []
    decide(state, city, "2022-05", HOLD, "待核实", "zhang", now)
    asked(state, city, "2022-05", "更正", now)
    assert requests() == []
    decide(state, city, "2022-05", RELEASE, "已核实", "li", now)
    (request,) = requests()
    assert request.partition_key == "2022-05"
    assert request.run_config == {"ops": {"small__publication__issue": {"config": {"reason": "更正"}}}}
    assert [r.run_key for r in requests()] == [request.run_key], "the same occasion has the same key"


def evaluation(check: str, severity: dg.AssetCheckSeverity, passed: bool, month: str | None) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(["small", "release", "release_candidate"]),
        check_name=check,
        passed=passed,
        severity=severity,
        description=f"{check} {month} 说明",
        metadata={},
        partition=month,
    )


def test_failed_and_warn_checks_of_a_run_are_told_once(
    resource: CityResource, city: City, state: StateFolder, instance: dg.DagsterInstance
) -> None:
    warn, error = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR
    found = [
        evaluation("gate_a", warn, False, "2022-05"),
        evaluation("gate_a", warn, True, "2022-06"),
        evaluation("gate_a", warn, False, None),  # the sum over the months, which were judged singly
        evaluation("gate_b", error, True, None),
        evaluation("gate_c", error, False, None),
    ]
    run = instance.create_run_for_job(any_job, tags={"dagster/partition": "2022-06"})
    for one in found:
        event = dg.DagsterEvent(dg.DagsterEventType.ASSET_CHECK_EVALUATION.value, "any_job", event_specific_data=one)
        instance.report_dagster_event(event, run_id=run.run_id)
    keys = tell_failed_checks(instance, run, city, resource)
    told = {(n.kind, n.severity, n.period, n.key.split("/")[1]) for n in waiting(state)}
    assert told == {
        ("warn_check", "warning", "2022-05", "gate_a"),
        ("failed_check", "error", "2022-06", "gate_c"),
    }
    assert len(keys) == 2
    assert tell_failed_checks(instance, run, city, resource) == []


def test_the_notices_sensor_sends_and_reports_a_channel_that_fails(
    resource: CityResource, city: City, state: StateFolder, instance: dg.DagsterInstance
) -> None:
    from notices.outbox import Notice, raise_notice

    raise_notice(city, state, Notice("k", "x", "info", "甲", "a", "乙", "b"), datetime.now(UTC))

    def tick() -> str:
        with dg.build_sensor_context(instance=instance, resources={"city_resource": resource}) as context:
            return str(notices_sensor().evaluate_tick(context).skip_message)

    path = city.folder / "city.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "notices: {channel: webhook, url: 'http://127.0.0.1:1/'}\n", encoding="utf-8")
    assert tick() == "0 sent, 1 refused by the channel"
    path.write_text(text, encoding="utf-8")
    (left,) = waiting(state)
    assert "did not answer" in left.last_error
    stored = next((state.notices / "waiting").glob("*.json"))
    stored.write_text(json.dumps(json.loads(stored.read_text()) | {"tried_at": "2020-01-01T00:00:00+08:00"}))
    assert tick() == "1 sent, 0 refused by the channel"


def test_reminders_run_every_morning_and_the_check_after_the_hour_of_publication(city: City) -> None:
    first, second = daily_schedules(city, any_job, any_job)
    assert (first.name, first.cron_schedule, second.name, second.cron_schedule) == (
        "reminders", "30 8 * * *", "freshness", "30 9 * * *",
    )  # fmt: skip
    for schedule in (first, second):
        assert schedule.execution_timezone == "Asia/Shanghai"
        assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_the_reminders_job_tells_who_is_late(
    resource: CityResource, state: StateFolder, instance: dg.DagsterInstance
) -> None:
    """Whatever today is: with due day and publication day 1, everything of the closed month is due."""
    for path, old, new in (("feeds.yaml", "due_day: 5", "due_day: 1"), ("city.yaml", "day: 10", "day: 1")):
        file = Path(resource.city_name) / path
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    result = reminders_job().execute_in_process(instance=instance, resources={"city_resource": resource})
    assert result.success
    lines = "".join(p.read_text(encoding="utf-8") for p in state.notices.glob("*.jsonl")).splitlines()
    assert {json.loads(line)["department"] for line in lines} == {"D1", "D2"}


def test_the_freshness_check_warns_and_blocks_nothing(resource: CityResource, city: City) -> None:
    result = dg.materialize(
        [dg.AssetSpec(["small", "publication", "issue"]), freshness_check(city)],
        selection=dg.AssetSelection.all_asset_checks(),
        resources={"city_resource": resource},
    )
    assert result.success
    (found,) = result.get_asset_check_evaluations()
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert not found.blocking


def test_how_often_the_sensor_looks_is_a_setting() -> None:
    from pipelines.settings import settings

    assert settings(environment={}).look_seconds == 30
    assert settings(environment={**os.environ, "PINGAN_LOOK_SECONDS": "5"}).look_seconds == 5
    assert replace(settings(environment={}), look_seconds=7).look_seconds == 7


def test_the_city_of_these_tests_is_sound(city: City) -> None:
    from city.check import check_city

    assert [f for f in check_city(city.folder) if f.severity == "error"] == []
    assert load_city(city.folder).key == "small"
