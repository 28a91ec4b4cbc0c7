"""`pingan`: the command line. Each command reads its words, calls one plain function or one Dagster job, and says how
it ended: 0 done, 1 a gate or a check said no, 2 wrong words or an unreadable city's folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from city import Period
from city.folder import CityFolderError
from pipelines.commands.corrections import diff, reproduce
from pipelines.commands.deliveries import receipts, templates, timeliness
from pipelines.commands.explain import explain
from pipelines.commands.export import export
from pipelines.commands.health import doctor, prune
from pipelines.commands.holding import hold, release, stop_when_held
from pipelines.commands.notices import notices
from pipelines.commands.province import province
from pipelines.commands.render import render
from pipelines.commands.serve import serve
from pipelines.commands.services import ui, worker, workspace
from pipelines.commands.studies import audit, robustness
from pipelines.commands.weights import weights
from pipelines.options import CONTEXT, MONTHS, city_option, sources_option
from pipelines.settings import Settings, settings
from warehouse.processes import end_at_once

if TYPE_CHECKING:  # Dagster takes a second to import, which `pingan --help` need not wait for
    from dagster import ExecuteInProcessResult


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="pingan-index")
def cli() -> None:
    """平安指数 – from departments' records to a gated, numbered monthly index.

    State lives under PINGAN_HOME (default ./var), one folder per city.

    \b
    Examples:
      pingan check                              is the city's folder sound?
      pingan simulate 2021-01..2023-01          make the departments' deliveries
      pingan materialize 2022-01..2023-01       from feeds to gates, one run
      pingan publish 2022-01..2023-01           publish what passed
      pingan issues                             what is published
      pingan issues verify                      hash everything again
      pingan render 2023-01                     make what readers look at
      pingan serve                              show it in a browser
    """


@cli.command(context_settings=CONTEXT)
@city_option
def check(city: str | None) -> None:
    """Validate a city's folder whole; every fault with file, row, column and what to write.

    \b
    Examples:
      pingan check
      pingan check --city chicago
      pingan check --city /srv/cities/mycity
    """
    from city.check import check_city, format_faults
    from city.folder import city_folder

    folder = city_folder(settings(city).city)
    faults = check_city(folder)
    if faults:
        click.echo(format_faults(faults))
    errors = sum(fault.severity == "error" for fault in faults)
    if errors:
        raise SystemExit(1)
    click.echo(f"{folder}: sound ({len(faults)} warnings)")


@cli.command(context_settings=CONTEXT)
@click.argument("months", type=MONTHS)
@city_option
@click.option(
    "--to",
    "target",
    default=None,
    metavar="FOLDER",
    help="Write there. Default: the state folder's sources/.",
)
@click.option("--seed", default=20220101, show_default=True, help="The same seed gives the same deliveries.")
@click.option(
    "--defect",
    "defects",
    multiple=True,
    metavar="KIND:DEPARTMENT/RECORD_SET:MONTH",
    help="Spoil one delivery, for example truncated_file:police/police_call:2022-05. May be repeated.",
)
def simulate(months: list[Period], city: str | None, target: str | None, seed: int, defects: tuple[str, ...]) -> None:
    """Make the departments' deliveries: synthetic data in the departments' own formats.

    \b
    Examples:
      pingan simulate 2021-01..2023-01
      pingan simulate 2022-05 --to /tmp/deliveries --defect missing_delivery:petitions/petition:2022-05
    """
    from pathlib import Path

    from pipelines.runs import progress_on_screen
    from simulator.defects import Defect
    from simulator.run import simulate as run_simulation

    where = settings(city)
    own_city, state, _ = where.load()
    folder = Path(target) if target else state.sources
    with progress_on_screen():
        summary = run_simulation(
            own_city, folder, months, seed=seed, defects=[Defect.parse(d) for d in defects], progress=_simulated
        )
    click.echo(f"{summary.total:,} records in {summary.files:,} files, {months[0]} … {months[-1]}, synthetic: {folder}")


@cli.command(context_settings=CONTEXT)
@click.argument("months", type=MONTHS)
@city_option
@sources_option
@click.option("--publish/--no-publish", "publishing", default=False, help="Publish what passes, in the same run.")
@click.option("--reason", default="", help="With --publish: why an issue that is already published changes.")
def materialize(months: list[Period], city: str | None, sources: str | None, publishing: bool, reason: str) -> None:
    """Land the feeds, compute the index and judge the gates of a month or a range, in one Dagster run.

    Months that are needed before the range (rolling windows, comparison with last year) are landed too when they were
    never tried.

    \b
    Examples:
      pingan materialize 2023-01
      pingan materialize 2022-01..2023-01 --publish
      pingan materialize 2018-01 --city /srv/cities/mycity --sources /srv/deliveries
    """
    where = settings(city, sources)
    _require_sound(where)
    run_config = {"ops": {_issue_op(where): {"config": {"reason": reason}}}} if publishing else None
    result = _run(where, "monthly_index" if publishing else "backfill", months, run_config)
    if publishing:
        stop_when_held(where, months)
        _show(where, months[-1])
        _say_what_is_not_rendered(result)
    else:
        click.echo(f"{months[0]} … {months[-1]}: gates passed; publish with `pingan publish {_range(months)}`")


@cli.command(context_settings=CONTEXT)
@click.argument("months", type=MONTHS)
@city_option
@click.option("--reason", default="", help="Why an issue that is already published changes (a new revision needs one).")
@click.option("--override", default=None, metavar="CHECK", help="Release although this gate-C check failed.")
@click.option("--override-reason", default=None, help="Why; recorded with your user name on the issue's first page.")
def publish(
    months: list[Period], city: str | None, reason: str, override: str | None, override_reason: str | None
) -> None:
    """Publish months that have passed their gates: immutable, numbered issues.

    \b
    Examples:
      pingan publish 2023-01
      pingan publish 2022-06 --reason "医保数据更正 late correction of the health feed"
      pingan publish 2022-06 --override largest_change --override-reason "flood of 12 June, confirmed"
    """
    where = settings(city)
    if override is not None:
        _publish_over_gate(where, months, reason, override, override_reason)
        _show(where, months[-1])
    else:
        run_config = {"ops": {_issue_op(where): {"config": {"reason": reason}}}}
        result = _run(where, "publish", months, run_config)
        stop_when_held(where, months)
        _show(where, months[-1])
        _say_what_is_not_rendered(result)


@cli.group(context_settings=CONTEXT, invoke_without_command=True)
@city_option
@click.pass_context
def issues(context: click.Context, city: str | None) -> None:
    """List published issues; `pingan issues verify` hashes everything again.

    \b
    Examples:
      pingan issues
      pingan issues --city chicago verify
    """
    context.obj = settings(city)
    if context.invoked_subcommand is None:
        from publication.listing import format_issues, list_issues

        _, state, _ = context.obj.load()
        click.echo(format_issues(list_issues(state)))


@issues.command(context_settings=CONTEXT)
@click.pass_obj
def verify(where: Settings) -> None:
    """Hash every file of every issue again and follow the chain of manifests.

    \b
    Example:
      pingan issues verify
    """
    from publication.listing import list_issues
    from publication.verify import verify as verify_issues

    _, state, _ = where.load()
    problems = verify_issues(state)
    for problem in problems:
        click.echo(str(problem))
    if problems:
        raise SystemExit(1)
    click.echo(f"{len(list_issues(state))} revisions, every file and the chain of manifests as published")


issues.add_command(reproduce)


@cli.command(context_settings=CONTEXT)
@click.argument("month", type=MONTHS, required=False)
@click.option("--revision", type=click.IntRange(min=1), default=None, help="Default: the latest.")
@city_option
def show(month: list[Period] | None, revision: int | None, city: str | None) -> None:
    """Show an issue on the terminal: city, counties, best and worst townships.

    \b
    Examples:
      pingan show
      pingan show 2022-06
      pingan show 2022-06 --revision 1        as it was published first
    """
    where = settings(city)
    _show(where, month[-1] if month else None, revision)


@cli.command(context_settings=CONTEXT)
@city_option
@sources_option
@click.option(
    "--reference",
    "months",
    type=MONTHS,
    required=True,
    metavar="FROM..TO",
    help="The reference period to freeze.",
)
@click.option("--version", "version_name", default=None, metavar="MONTH", help="Method version; default: the last one.")
@click.option("--write", is_flag=True, help="Write the files. Without it, only show what would change.")
def calibrate(
    city: str | None, sources: str | None, months: list[Period], version_name: str | None, write: bool
) -> None:
    """Propose reference.csv and reference_values.csv: bounds, rates and sets frozen from a reference period.

    \b
    Examples:
      pingan calibrate --reference 2021-01..2021-12
      pingan calibrate --reference 2021-01..2021-12 --write
    """
    from methods.calibration import CalibrationError
    from pipelines.calibration import calibrate as run_calibration
    from pipelines.runs import progress_on_screen

    with progress_on_screen():
        try:
            changes = run_calibration(settings(city, sources), months, version_name, write=write)
        except CalibrationError as error:
            raise click.ClickException(str(error)) from error
    click.echo(changes)


def _simulated(done: int, months: int, period: Period) -> None:
    import logging

    logging.getLogger("pingan.simulator").info("simulated %s (%d of %d months)", period, done, months)


def _require_sound(where: Settings) -> None:
    """Stop before any run when the city's folder is not sound."""
    from city.check import check_city, format_faults
    from city.folder import city_folder

    faults = [fault for fault in check_city(city_folder(where.city)) if fault.severity == "error"]
    if faults:
        click.echo(format_faults(faults), err=True)
        raise SystemExit(2)


def _run(where: Settings, job: str, months: list[Period], run_config: dict[str, Any] | None) -> ExecuteInProcessResult:
    from pipelines.runs import failure_messages, progress_on_screen, run_job

    with progress_on_screen():
        result = run_job(where, job, months, run_config)
    if not result.success:
        click.echo(
            "\n\n".join(failure_messages(result)) or "The run failed; see the Dagster UI (`make ui`).",
            err=True,
        )
        raise SystemExit(1)
    return result


def _say_what_is_not_rendered(result: ExecuteInProcessResult) -> None:
    """The issue is published and shown; a file that needs a system package is named last, where it is seen."""
    from assets.rendering import WHOLE

    for evaluation in result.get_asset_check_evaluations():
        if evaluation.check_name == WHOLE and not evaluation.passed:
            click.echo(f"\n{evaluation.description}", err=True)


def _publish_over_gate(
    where: Settings, months: list[Period], reason: str, check: str, override_reason: str | None
) -> None:
    from datetime import datetime
    from getpass import getuser
    from zoneinfo import ZoneInfo

    from pipelines.settings import code_version
    from publication.issue import Override, PublicationRefused
    from publication.issue import publish as publish_issue

    if len(months) != 1 or not override_reason:
        raise click.UsageError("--override releases one month and needs --override-reason")
    city, state, _ = where.load()
    try:
        publish_issue(
            state.candidate(months[0]),
            state,
            city,
            reason=reason or None,
            now=datetime.now(ZoneInfo(city.time_zone)),
            code_version=code_version(),
            override=Override(check=check, reason=override_reason, user=getuser()),
        )
    except PublicationRefused as refusal:
        click.echo(str(refusal), err=True)
        raise SystemExit(1) from refusal


def _show(where: Settings, period: Period | None, revision: int | None = None) -> None:
    from publication.listing import list_issues
    from publication.summary import print_summary

    city, state, _ = where.load()
    published = [
        entry for entry in list_issues(state) if period in (None, entry.period) and revision in (None, entry.revision)
    ]
    if not published:
        wanted = f"{period or city.key}{f' r{revision}' if revision else ''}"
        raise click.UsageError(f"no issue of {wanted} is published; `pingan issues` says what is")
    latest = max(published, key=lambda entry: (entry.period, entry.revision))
    print_summary(city, state, state.issues / latest.period / f"r{latest.revision}", _console())
    click.echo("UI:         make ui  (then open the address that it prints)")


def _console() -> Any:
    """A terminal's own width; 110 columns when the output goes into a file or a pipe."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=110)


def _issue_op(where: Settings) -> str:
    city, _, _ = where.load()
    return f"{city.key}__publication__issue"


def _range(months: list[Period]) -> str:
    return months[0] if len(months) == 1 else f"{months[0]}..{months[-1]}"


for _command in (
    audit,
    templates,
    receipts,
    timeliness,
    diff,
    explain,
    doctor,
    export,
    hold,
    notices,
    prune,
    release,
    render,
    robustness,
    serve,
    province,
    ui,
    weights,
    worker,
    workspace,
):
    cli.add_command(_command)


def main() -> None:
    """Entry point of the installed command."""
    try:
        cli(standalone_mode=True)
    except CityFolderError as error:
        click.echo(f"{error}", err=True)
        end_at_once(2)
    except SystemExit as ending:
        end_at_once(ending.code)


if __name__ == "__main__":
    main()
