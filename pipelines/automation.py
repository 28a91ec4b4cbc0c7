"""What runs with nobody present: sensors for deliveries, held months, finished runs and notices; daily schedules.

Only triggers: what a delivery is, who must be reminded and how a notice is sent is decided in arrivals/, publication/
and notices/, by plain functions.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from assets.city_resource import CityResource
from assets.feeds import feed_key
from city import City
from notices.outbox import ERROR, WARNING, Notice, raise_notice, send_waiting

#: Tag of a run that the sensor asked for because of a delivery: only then a receipt is sent to the department.
ARRIVAL_TAG = "pingan/arrival"
RUNNING = dg.DefaultSensorStatus.RUNNING


def delivery_sensor(city: City, job: Any, look_seconds: int) -> dg.SensorDefinition:
    """Sees new and changed deliveries and asks for a run of those departments' month."""

    @dg.sensor(
        name="deliveries",
        job=job,
        minimum_interval_seconds=look_seconds,
        default_status=RUNNING,
        description="New or changed deliveries, by content, once they are whole: lands that department's month.",
    )
    def deliveries(context: dg.SensorEvaluationContext, city_resource: CityResource) -> dg.SensorResult:
        from arrivals.watching import watch

        own_city, state = city_resource.load()
        place = city_resource.sources_of(state)
        seen = watch(own_city, state, place, city_resource.environment, context.cursor, datetime.now(UTC))
        requests = [
            dg.RunRequest(
                run_key=wanted.key,
                partition_key=wanted.period,
                asset_selection=[feed_key(own_city.key, department) for department in wanted.departments],
                tags={ARRIVAL_TAG: "yes"},
            )
            for wanted in seen.wanted
        ]
        told = f"{seen.looked_at} places looked at, {len(seen.waiting)} deliveries not landed yet"
        context.log.info(told)
        return dg.SensorResult(
            run_requests=requests, cursor=seen.cursor, skip_reason=None if requests else dg.SkipReason(told)
        )

    return deliveries


def held_months_sensor(city: City, job: Any) -> dg.SensorDefinition:
    """Publishes what was asked for once nothing holds it any more."""
    op = f"{city.key}__publication__issue"

    @dg.sensor(
        name="held_months",
        job=job,
        minimum_interval_seconds=60,
        default_status=RUNNING,
        description="Months whose holding time (审定) is over, or that were released: publishes them.",
    )
    def held_months(city_resource: CityResource) -> dg.SensorResult:
        from publication.holding import due_for_publication

        own_city, state = city_resource.load()
        requests = []
        for holding in due_for_publication(state, own_city, datetime.now(UTC)):
            said = f"{holding.candidate}{len(holding.decisions)}{holding.asked_at}"
            key = f"{holding.period}:{hashlib.sha256(said.encode()).hexdigest()[:16]}"
            config = {"ops": {op: {"config": {"reason": holding.reason}}}}
            requests.append(dg.RunRequest(run_key=key, partition_key=holding.period, run_config=config))
        return dg.SensorResult(
            run_requests=requests, skip_reason=None if requests else dg.SkipReason("no month waits to be published")
        )

    return held_months


def notices_sensor() -> dg.SensorDefinition:
    """Sends what waits in the outbox, and tries again what a channel refused."""

    @dg.sensor(
        name="notices",
        minimum_interval_seconds=30,
        default_status=RUNNING,
        description="Sends notices by the channel of city.yaml; a failing channel is reported here and tried again.",
    )
    def notices(context: dg.SensorEvaluationContext, city_resource: CityResource) -> dg.SkipReason:
        own_city, state = city_resource.load()
        outcome = send_waiting(own_city, state, city_resource.environment, datetime.now(UTC))
        for key, error in outcome.failed:
            context.log.error(f"{key}: {error}")
        return dg.SkipReason(f"{len(outcome.sent)} sent, {len(outcome.failed)} refused by the channel")

    return notices


def run_sensors(city: City) -> list[dg.SensorDefinition]:
    """Tell people of failed runs, and of failed and WARN checks whatever became of the run."""

    @dg.run_failure_sensor(
        name="failed_runs",
        minimum_interval_seconds=30,
        default_status=RUNNING,
        description="A notice for every run that failed, and for the gates and checks that failed in it.",
    )
    def failed_runs(context: dg.RunFailureSensorContext, city_resource: CityResource) -> None:
        own_city, state = city_resource.load()
        run = context.dagster_run
        months = _months(run)
        what = " ".join(filter(None, (run.job_name, months)))
        raise_notice(
            own_city,
            state,
            Notice(
                key=f"run/{run.run_id}",
                kind="failed_run",
                severity=ERROR,
                subject_zh=f"运行失败：{what}",
                subject_en=f"a run failed: {what}",
                text_zh=f"运行 {run.run_id}（{what}）失败。在 Dagster 界面查看该运行。",
                text_en=f"Run {run.run_id} ({what}) failed: {context.failure_event.message or ''} "
                "See the run in the Dagster UI.",
                period=months.partition(" ")[0],
            ),
            datetime.now(UTC),
        )
        tell_failed_checks(context.instance, run, own_city, city_resource)

    @dg.run_status_sensor(
        name="failed_checks",
        run_status=dg.DagsterRunStatus.SUCCESS,
        minimum_interval_seconds=30,
        default_status=RUNNING,
        description="A notice for every check that failed or warned in a run that ended well: WARN fails no run.",
    )
    def failed_checks(context: dg.RunStatusSensorContext, city_resource: CityResource) -> None:
        own_city, _ = city_resource.load()
        tell_failed_checks(context.instance, context.dagster_run, own_city, city_resource)

    return [failed_runs, failed_checks]


def tell_failed_checks(
    instance: dg.DagsterInstance, run: dg.DagsterRun, city: City, city_resource: CityResource
) -> list[str]:
    """Raise a notice for each check of a run that did not pass; answers their keys. The same finding is told once."""
    _, state = city_resource.load()
    keys = []
    for check in failed_evaluations(instance, run):
        month = check.partition or _months(run)
        name = "/".join(check.asset_key.path)
        text = check.description or "see the check in the Dagster UI"
        digest = hashlib.sha256(f"{name} {text}".encode()).hexdigest()[:12]
        blocking = check.severity == dg.AssetCheckSeverity.ERROR
        notice = Notice(
            key=f"check/{check.check_name}/{month.replace(' … ', '..') or 'all'}/{digest}",
            kind="failed_check" if blocking else "warn_check",
            severity=ERROR if blocking else WARNING,
            subject_zh=f"{month} 检查未通过：{check.check_name}（{name}）",
            subject_en=f"{month} check {'failed' if blocking else 'warns'}: {check.check_name} of {name}",
            text_zh=f"检查 {check.check_name}（{name}，{month}）{'未通过' if blocking else '提醒'}：\n{text}",
            text_en=f"Run {run.run_id} ({run.job_name}). Details are on the asset's page in the Dagster UI.",
            period=month[:7],
        )
        if raise_notice(city, state, notice, datetime.now(UTC)):
            keys.append(notice.key)
    return keys


def failed_evaluations(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Sequence[dg.AssetCheckEvaluation]:
    """Check evaluations of a run that did not pass; where months were judged singly, not their sum."""
    records = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    found = [
        event.event_specific_data
        for record in records
        if (event := record.event_log_entry.dagster_event) is not None
        and isinstance(event.event_specific_data, dg.AssetCheckEvaluation)
    ]
    singly = {(e.asset_key, e.check_name) for e in found if e.partition}
    return [e for e in found if not e.passed and (e.partition or (e.asset_key, e.check_name) not in singly)]


def reminders_job() -> dg.JobDefinition:
    """Looks for the deliveries of the month that closed, and reminds or warns whose are missing."""

    @dg.op(name="remind_departments")
    def remind_departments(context: dg.OpExecutionContext, city_resource: CityResource) -> None:
        from arrivals.reminders import reminders

        own_city, state = city_resource.load()
        now = datetime.now(UTC)
        due = reminders(own_city, state, city_resource.sources_of(state), city_resource.environment, now)
        raised = [notice.key for notice in due if raise_notice(own_city, state, notice, now)]
        outcome = send_waiting(own_city, state, city_resource.environment, now)
        context.log.info(f"{len(raised)} notices raised, {len(outcome.sent)} sent: {', '.join(raised) or 'none'}")
        for key, error in outcome.failed:
            context.log.error(f"{key}: {error}")

    @dg.job(
        name="reminders",
        executor_def=dg.in_process_executor,
        description="Reminds departments on the due day, warns on the eve of publication.",
    )
    def reminders_of_deliveries() -> None:
        remind_departments()

    return reminders_of_deliveries


def freshness_check(city: City) -> dg.AssetChecksDefinition:
    """The latest month that should be out is published; WARN, because it holds nothing back."""

    @dg.asset_check(
        asset=dg.AssetKey([city.key, "publication", "issue"]),
        name="latest_closed_month_is_published",
        description="The latest month whose day of publication has passed has an issue.",
    )
    def latest_closed_month_is_published(city_resource: CityResource) -> dg.AssetCheckResult:
        from publication.freshness import freshness

        own_city, state = city_resource.load()
        found = freshness(own_city, state, datetime.now(UTC))
        return dg.AssetCheckResult(
            passed=found.published,
            severity=dg.AssetCheckSeverity.WARN,
            description=None if found.published else f"{found.why_zh}\n\n{found.why_en}",
            metadata={"month expected": found.period or "none yet"},
        )

    return latest_closed_month_is_published


def daily_schedules(city: City, reminding: Any, checking: Any) -> list[dg.ScheduleDefinition]:
    """Reminders in the morning; after the hour of publication, whether the month is out."""
    common: dict[str, Any] = {
        "execution_timezone": city.time_zone,
        "default_status": dg.DefaultScheduleStatus.RUNNING,
    }
    return [
        dg.ScheduleDefinition(name="reminders", job=reminding, cron_schedule="30 8 * * *", **common),
        dg.ScheduleDefinition(name="freshness", job=checking, cron_schedule="30 9 * * *", **common),
    ]


def _months(run: dg.DagsterRun) -> str:
    """The run's month, or its first and last."""
    first = run.tags.get("dagster/asset_partition_range_start", "")
    last = run.tags.get("dagster/asset_partition_range_end", "")
    return f"{first} … {last}" if first and first != last else first or run.tags.get("dagster/partition", "")
