"""Commands about the state folder itself: what is wrong with it, and what it need not keep."""

from __future__ import annotations

import re

import click

from pipelines.options import CONTEXT, city_option, sources_option
from pipelines.settings import settings


@click.command(context_settings=CONTEXT)
@city_option
@sources_option
@click.option("--fix", is_flag=True, help="Mark runs whose process is gone as failed.")
def doctor(city: str | None, sources: str | None, fix: bool) -> None:
    """Say in plain words what is wrong when something needs a person, and what to do.

    Looks at the state folder (writable, disk, locks, warehouse, deliveries, issues), at months that are stale or not
    published, at Dagster's runs, daemon and schedule, and at what deliveries and printing need. Exit code 1 when
    something needs a person (✗); what is only worth knowing (·) ends with 0.

    \b
    Examples:
      pingan doctor
      pingan doctor --fix
    """
    import os
    from datetime import UTC, datetime

    import dagster as dg

    from pipelines.dagster_health import dagster_findings, mark_failed
    from pipelines.doctor import PROBLEM, Patient, examine
    from pipelines.runs import prepare_instance

    where = settings(city, sources)
    own_city, state, found_in = where.load()
    findings = examine(Patient(own_city, state, found_in, os.environ, datetime.now(UTC)))
    if not any(f.blocks_everything for f in findings):
        with dg.DagsterInstance.from_config(str(prepare_instance(where))) as instance:
            if fix:
                for run_id in mark_failed(instance):
                    click.echo(f"run {run_id[:8]} marked as failed 已标记为失败")
            findings += dagster_findings(instance)
    for finding in findings:
        click.echo(str(finding))
    problems = sum(f.severity == PROBLEM for f in findings)
    if problems:
        click.echo(f"\n{problems} 项需要处理 need a person")
        raise SystemExit(1)
    click.echo(f"{own_city.key}: 无需处理 nothing needs a person")


@click.command(context_settings=CONTEXT)
@city_option
@click.option(
    "--older-than",
    "age",
    required=True,
    metavar="DAYSd",
    help="For example 90d: what has not changed for 90 days. At least 1d.",
)
@click.option("--dry-run", is_flag=True, help="Only list.")
def prune(city: str | None, age: str, dry_run: bool) -> None:
    """Remove what the state folder need not keep: old dbt targets, logs, quarantine, unneeded deliveries, old runs.

    Never an issue, nor a delivery or input that a manifest, a candidate or a pointer names: every issue stays
    reproducible (`pingan issues reproduce`).

    \b
    Examples:
      pingan prune --older-than 90d --dry-run
      pingan prune --older-than 90d
    """
    from datetime import UTC, datetime, timedelta
    from itertools import groupby

    import dagster as dg

    from pipelines.retention import SHORTEST_DAYS, old_runs, removable, remove
    from pipelines.runs import prepare_instance

    days = re.fullmatch(r"(\d+)d", age)
    if days is None or int(days[1]) < SHORTEST_DAYS:
        raise click.UsageError(f"--older-than is a number of days from {SHORTEST_DAYS} on, such as 90d")
    where = settings(city)
    _, state, _ = where.load()
    before = datetime.now(UTC) - timedelta(days=int(days[1]))
    items = removable(state, before)
    for kind, group in groupby(items, key=lambda item: item.kind):
        own = list(group)
        click.echo(f"{kind}: {len(own)}, {sum(i.bytes for i in own) / 1e6:.1f} MB")
        if dry_run:
            for item in own:
                click.echo(f"    {item.path}")
    with dg.DagsterInstance.from_config(str(prepare_instance(where))) as instance:
        runs = old_runs(instance, before)
        if runs:
            click.echo(f"Dagster runs 运行记录: {len(runs)}")
        if not dry_run:
            for run_id in runs:
                instance.delete_run(run_id)
    if dry_run:
        click.echo("nothing removed 未删除 (--dry-run)")
    else:
        click.echo(f"removed 已删除: {remove(items) / 1e6:.1f} MB")
