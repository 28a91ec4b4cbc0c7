"""`pingan templates`, `pingan receipts`, `pingan timeliness`: what goes to departments and what came from them."""

from __future__ import annotations

from pathlib import Path

import click

from city import Period
from pipelines.options import CONTEXT, MONTHS, city_option
from pipelines.settings import settings


@click.command(context_settings=CONTEXT)
@city_option
@click.option("--to", "target", default=None, metavar="FOLDER", help="Write there. Default: the state's templates/.")
def templates(city: str | None, target: str | None) -> None:
    """Write each department's delivery template: CSV and XLSX with the accepted values.

    The first row is an example that begins with 示例; the reader does not count it.

    \b
    Examples:
      pingan templates
      pingan templates --to /srv/templates
    """
    from datetime import UTC, datetime

    from arrivals.due_days import closed_month
    from arrivals.templates import write_templates

    own_city, state, _ = settings(city).load()
    folder = Path(target) if target else state.root / "templates"
    written = write_templates(own_city, folder, closed_month(own_city, datetime.now(UTC)))
    click.echo(f"{len(written)} 个模板 templates, {len(own_city.feeds)} 个部门 departments: {folder}")


@click.command(context_settings=CONTEXT)
@click.argument("department", required=False)
@click.argument("month", type=MONTHS, required=False)
@city_option
def receipts(department: str | None, month: list[Period] | None, city: str | None) -> None:
    """Show the receipts (回执) that went back to departments: a list, or one whole with DEPARTMENT and MONTH.

    \b
    Examples:
      pingan receipts
      pingan receipts police
      pingan receipts police 2023-01
    """
    from arrivals.receipts import latest_receipt, list_receipts, receipt_text

    own_city, state, _ = settings(city).load()
    known = {key: feed for feed in own_city.feeds for key in (feed.department.key, feed.department.code)}
    if department is not None and department not in known:
        raise click.UsageError(f"no department {department!r}: {', '.join(f.department.key for f in own_city.feeds)}")
    key = known[department].department.key if department else None
    if key is None or month is None:
        lines = list_receipts(state, key)
        click.echo("\n".join(lines) or "尚无回执。No receipts yet: they are written when deliveries are landed.")
        return
    found = False
    for period in month:
        content = latest_receipt(state.receipts / key / period)
        if content is not None:
            found = True
            click.echo(receipt_text(content))
            click.echo(str(state.receipts / key / period / f"{content['number']}.html"))
    if not found:
        click.echo(f"{key}: no receipt of {', '.join(month)}. 无此回执。", err=True)
        raise SystemExit(1)


@click.command(context_settings=CONTEXT)
@click.argument("months", type=MONTHS, required=False)
@city_option
def timeliness(months: list[Period] | None, city: str | None) -> None:
    """Show who delivered when, department by department and month by month.

    Without months: the twelve up to the last of which something is on record.

    \b
    Examples:
      pingan timeliness
      pingan timeliness 2022-11..2023-01
    """
    from datetime import UTC, datetime

    from arrivals.timeliness import latest_on_record, months_shown, timeliness_table
    from arrivals.timeliness import timeliness as rows_of

    own_city, state, _ = settings(city).load()
    now = datetime.now(UTC)
    shown = months or months_shown(own_city, latest_on_record(own_city, state, now))
    from rich.console import Console

    console = Console(highlight=False)
    wide = console if console.is_terminal else Console(highlight=False, width=160)
    wide.print(timeliness_table(own_city, rows_of(own_city, state, shown, now)))
