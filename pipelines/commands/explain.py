"""`pingan explain`: why an index moved, down to the records. It reads issues and landing and changes neither."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from city import Period
from pipelines.options import CONTEXT, MONTHS, city_option
from pipelines.settings import code_version, settings


@click.command(context_settings=CONTEXT)
@click.option("--unit", required=True, metavar="CODE|NAME", help="A township, county or the city.")
@click.option("--month", "months", type=MONTHS, required=True, metavar="MONTH", help="A published month.")
@click.option("--node", default="", metavar="CODE|NAME", help="Part of the index. Default: the overall index.")
@click.option(
    "--against",
    type=click.Choice(["month", "year"]),
    default="month",
    show_default=True,
    help="Compare with last month or with the same month last year.",
)
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option(
    "--top", type=click.IntRange(min=1), default=5, show_default=True, help="Indicators, departments, members shown."
)
@click.option("--records", is_flag=True, help="Show the records behind the indicators shown, of both months.")
@click.option(
    "--records-to",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    metavar="FILE",
    help="Write all these records as CSV.",
)
@click.option("--revision", type=click.IntRange(min=1), default=None, help="Default: the latest.")
@city_option
def explain(
    unit: str,
    months: list[Period],
    node: str,
    against: str,
    language: str,
    top: int,
    records: bool,
    target: Path | None,
    revision: int | None,
    city: str | None,
) -> None:
    """Say why an index moved: what the numbers say, never a guess.

    The change comes apart exactly into values, weights, availability, method and residents, by indicator, department,
    first level and, for a county or the city, by member; down to numerator and denominator, and with --records to each
    source record: record set, landing file, source file and line.

    \b
    Examples:
      pingan explain --unit 620502001 --month 2023-01
      pingan explain --unit 秦州区 --month 2023-01 --against year --top 10
      pingan explain --unit 620502001 --month 2023-01 --node I02 --language en --records
      pingan explain --unit 620500 --month 2023-01 --node I020101 --records-to records.csv
    """
    from publication.explanation import ExplanationError
    from publication.explanation import explain as explain_change
    from publication.explanation_text import print_explanation, print_records, print_sources
    from publication.reading import IssueNotFoundError, read_issue_data
    from publication.records import RecordsError
    from publication.wording import Wording
    from warehouse.inputs import InputGoneError

    if len(months) != 1:
        raise click.UsageError("--month takes one month")
    own_city, state, _ = settings(city).load()
    console = _console()
    try:
        issue = read_issue_data(state, months[0], revision)
        explanation = explain_change(own_city, issue, unit, node, against)
        print_explanation(explanation, language, top, console)
        if not records and target is None:
            return
        found, sources = _records(explanation, top)
    except (ExplanationError, InputGoneError, IssueNotFoundError, RecordsError) as error:
        raise click.UsageError(str(error)) from error
    say = Wording(own_city, issue.period, language)
    print_sources(sources, code_version(), say, console)
    if records:
        print_records(explanation, found, say, console)
    if target is not None:
        _write(target, found)


def _records(explanation: Any, top: int) -> tuple[list[tuple[str, Any]], dict[str, Any]]:
    """(indicator, its records of both months) of the indicators that moved it most; what each issue was made from."""
    import polars as pl

    from publication.city_of_issue import city_of_issue
    from publication.indicator_records import IndicatorRecords

    issues = [issue for issue in (explanation.issue, explanation.earlier) if issue is not None]
    with ExitStack() as folders:
        sources = {i.period: folders.enter_context(city_of_issue(explanation.city, i)) for i in issues}
        sides = [IndicatorRecords(sources[i.period].city, i) for i in issues]
        found = []
        for place, code in enumerate(explanation.indicators["indicator_code"].head(top).to_list(), start=1):
            click.echo(f"{code}: {place}/{min(top, explanation.indicators.height)}", err=True)
            own = [
                side.records(explanation.unit["unit_code"], code).with_columns(issue_period=pl.lit(side.issue.period))
                for side in sides
                if code in side.issue.table("framework")["code"]
            ]
            found.append((code, pl.concat(own)))
    return found, sources


def _write(target: Path, found: list[tuple[str, Any]]) -> None:
    import polars as pl

    from publication.files import csv_bytes

    rows = pl.concat([table.with_columns(indicator_code=pl.lit(code)) for code, table in found])
    target.write_bytes(
        csv_bytes(rows.select("indicator_code", "issue_period", pl.exclude("indicator_code", "issue_period")))
    )
    click.echo(f"{rows.height} rows: {target}")


def _console() -> Any:
    """A terminal's own width; 110 columns when the output goes into a file or a pipe."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=110)
