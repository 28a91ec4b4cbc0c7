"""`pingan robustness` and `pingan audit`: studies of what is published. They read issues and change none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from city import Period
from pipelines.options import CONTEXT, MONTHS, city_option
from pipelines.settings import settings


@click.command(context_settings=CONTEXT)
@click.option("--month", "months", type=MONTHS, required=True, metavar="MONTH", help="A published month.")
@city_option
@click.option(
    "--runs", type=click.IntRange(min=60), default=None, help="About so many runs in all. Default: as in the issue."
)
@click.option("--seed", type=click.IntRange(min=0), default=None, help="The same seed gives the same runs.")
@click.option(
    "--weights-share",
    type=click.FloatRange(min=0, max=1, max_open=True),
    default=None,
    help="Weights vary by ± this share. Default: 0.25.",
)
@click.option("--unit", default=None, metavar="CODE", help="Only this unit and those that it cannot be told from.")
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    metavar="FOLDER",
    help="Write the three tables there as CSV and Parquet.",
)
def robustness(
    months: list[Period],
    city: str | None,
    runs: int | None,
    seed: int | None,
    weights_share: float | None,
    unit: str | None,
    target: Path | None,
) -> None:
    """Show how far an issue's ranks and colours can be relied on.

    Weights, scoring, kind of mean and one indicator left out are varied together (Monte Carlo): median rank and 5–95 %
    interval, share of runs in each colour, units that cannot be told apart (their order turns in 10 % of the runs or
    more), and how much each assumption decides (Sobol indices). Without --runs, --seed and --weights-share it shows
    the tables of the issue; with any of them it computes anew and leaves the issue alone. Exit code 1: an assumption
    could not be varied.

    \b
    Examples:
      pingan robustness --month 2023-01
      pingan robustness --month 2023-01 --unit 620502001
      pingan robustness --month 2023-01 --runs 12000 --seed 7 --weights-share 0.1
      pingan robustness --month 2023-01 --to /tmp/robustness
    """
    from methods.robustness import RobustnessError
    from publication.reading import IssueNotFoundError, read_issue_data
    from publication.robustness import print_robustness, study_of_issue

    if len(months) != 1:
        raise click.UsageError("--month takes one month")
    own_city, state, _ = settings(city).load()
    try:
        issue = read_issue_data(state, months[0])
        tables = study_of_issue(issue, own_city, runs=runs, seed=seed, weights_share=weights_share, progress=_progress)
    except (IssueNotFoundError, RobustnessError) as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from error
    units = tables["robustness"]["unit_code"]
    if unit is not None and unit not in units:
        raise click.UsageError(f"{unit!r} is no unit of the issue; `pingan show {months[0]}` names some")
    print_robustness(issue, own_city, tables, _console(), unit)
    if target is not None:
        write_tables(tables, target)
        click.echo(f"files 文件: {target}")
    problems = tables["robustness_sensitivity"].drop_nulls("problem")
    for row in problems.iter_rows(named=True):
        click.echo(f"{row['assumption']} could not be varied 未能变动: {row['problem']}", err=True)
    if problems.height:
        raise SystemExit(1)


@click.command(context_settings=CONTEXT)
@click.option("--months", type=MONTHS, default=None, metavar="FROM..TO", help="Published months. Default: the latest.")
@city_option
@click.option("--all", "everything", is_flag=True, help="Every indicator on the terminal, not only those to look at.")
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    metavar="FOLDER",
    help="Where tables and page are written. Default: audit/<months>/ of the city's state folder.",
)
def audit(months: list[Period] | None, city: str | None, everything: bool, target: Path | None) -> None:
    """Statistics of the framework: which indicators still tell units apart, and how much each really decides.

    Per indicator availability, zeros, skewness, kurtosis, outliers and what treating them would do, share of units at
    0 and at 100, correlation with parent, siblings and overall index, weight against importance; Cronbach's alpha per
    node. Lowest units; over several months their unit-months. Writes tables (CSV, Parquet) and audit.html, which opens
    without a network.

    \b
    Examples:
      pingan audit
      pingan audit --months 2022-02..2023-01
      pingan audit --all --to /tmp/audit
    """
    from publication.audit import AuditError
    from publication.audit import audit as run_audit
    from publication.audit_page import print_audit, write_page
    from publication.listing import list_issues
    from publication.reading import IssueNotFoundError

    own_city, state, _ = settings(city).load()
    if months is None:
        months = sorted({entry.period for entry in list_issues(state)})[-1:]
        if not months:
            raise click.UsageError(f"no issue of {own_city.key} is published; run `pingan publish MONTH`")
    try:
        found = run_audit(state, months, lambda message: click.echo(message, err=True))
    except (AuditError, IssueNotFoundError) as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from error
    folder = target or state.root / "audit" / (months[0] if len(months) == 1 else f"{months[0]}..{months[-1]}")
    write_tables(found.tables, folder)
    page = write_page(found, own_city, folder)
    print_audit(found, own_city, _console(), everything=everything)
    click.echo(f"tables 表格: {folder}\npage   页面: {page}")


def write_tables(tables: dict[str, Any], folder: Path) -> None:
    """Each table as Parquet and as CSV that spreadsheets read (UTF-8 with BOM)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")
        table.write_csv(folder / f"{name}.csv", include_bom=True)


def _progress(done: int, total: int) -> None:
    click.echo(f"{done:,} of {total:,} runs", err=True)


def _console() -> Any:
    """A terminal's own width; 130 columns when the output goes into a file or a pipe."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=130)
