"""Commands for corrections: what a restated delivery would move, and computing a published issue again."""

from __future__ import annotations

import click

from city import Period
from pipelines.options import CONTEXT, MONTHS, city_option
from pipelines.settings import Settings, settings


@click.command(context_settings=CONTEXT)
@click.argument("months", type=MONTHS)
@city_option
@click.option(
    "--top", default=5, show_default=True, type=click.IntRange(min=0), help="Units, indicators shown a month."
)
@click.option(
    "--csv",
    "table",
    type=click.Path(dir_okay=False),
    default=None,
    metavar="FILE",
    help="Write every unit × node that moves there.",
)
def diff(months: list[Period], city: str | None, top: int, table: str | None) -> None:
    """What restated deliveries would move, before anything is published: months, units, how much, and why.

    Compares what has been computed with the latest published revisions, and says which months are older than the
    deliveries in force and must be computed again (a delivery counts in the months after it too).

    \b
    Examples:
      pingan diff 2022-06
      pingan diff 2022-06..2023-01 --csv moves.csv
    """
    from pathlib import Path

    from pipelines.differences import differences, text
    from publication.files import csv_bytes

    own_city, state, _ = settings(city).load()
    found = differences(own_city, state, months)
    click.echo(text(own_city, found, top))
    if table is not None:
        Path(table).write_bytes(csv_bytes(found.moves))
        click.echo(f"{found.moves.height} rows: {table}")


@click.command(context_settings=CONTEXT)
@click.argument("month", type=MONTHS)
@click.option("--revision", type=click.IntRange(min=1), default=None, help="Default: the latest.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False),
    default=None,
    metavar="FOLDER",
    help="Compute in this new folder and leave it there. Default: a temporary one.",
)
@click.pass_obj
def reproduce(where: Settings, month: list[Period], revision: int | None, keep: str | None) -> None:
    """Compute a published issue again from its manifest and compare every byte.

    The deliveries come from landing by the hashes in the manifest, the city's folder from the copy that was kept with
    the issue: neither a restated delivery nor a changed folder matters. Exit code 1 when bytes differ, with the reason.

    \b
    Examples:
      pingan issues reproduce 2022-06
      pingan issues reproduce 2022-06 --revision 1
    """
    import tempfile
    from pathlib import Path

    from pipelines.reproduction import reproduce as run_reproduction
    from pipelines.runs import progress_on_screen
    from pipelines.settings import code_version
    from publication.reading import IssueNotFoundError
    from warehouse.inputs import InputGoneError

    if len(month) != 1:
        raise click.UsageError("one month at a time: pingan issues reproduce 2022-06 --revision 1")
    _, state, _ = where.load()
    if keep is not None and Path(keep).exists():
        raise click.UsageError(f"{keep} exists: name a new folder")
    with tempfile.TemporaryDirectory(prefix="pingan-reproduce-") as temporary, progress_on_screen():
        work = Path(keep or temporary).resolve()
        try:
            result = run_reproduction(state, month[0], revision, code_version(), work)
        except IssueNotFoundError as error:
            raise click.UsageError(str(error.args[0])) from error
        except InputGoneError as error:
            click.echo(str(error), err=True)
            raise SystemExit(1) from error
    click.echo(result.text())
    if not result.complete:
        raise SystemExit(1)
