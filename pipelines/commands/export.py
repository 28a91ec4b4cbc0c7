"""`pingan export`: sets of an issue's tables for others, with what must not be told withheld."""

from __future__ import annotations

from pathlib import Path

import click

from city import Period
from pipelines.options import CONTEXT, MONTHS, city_option
from pipelines.settings import settings


@click.command(context_settings=CONTEXT)
@click.argument("months", type=MONTHS)
@city_option
@click.option("--public", is_flag=True, required=True, help="The public set; there is no other yet.")
@click.option("--revision", type=click.IntRange(min=1), default=None, help="Default: the latest revision of the month.")
@click.option(
    "--to",
    "target",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Write <FOLDER>/<month>/r<n>. Default: the state folder's public/.",
)
@click.option(
    "--threshold", type=click.IntRange(min=2), default=5, show_default=True, help="Counts under it are withheld."
)
@click.option("--unsuppressed", is_flag=True, help="Withhold nothing; needs --reason, which the set then says.")
@click.option("--reason", default="", help="With --unsuppressed: why.")
def export(
    months: list[Period],
    city: str | None,
    public: bool,
    revision: int | None,
    target: Path | None,
    threshold: int,
    unsuppressed: bool,
    reason: str,
) -> None:
    """Write a public set of an issue: small counts, and all from which they could be worked out, are withheld.

    Which measures are sensitive or open is said in measures.csv (`disclosure`).

    \b
    Examples:
      pingan export 2023-01 --public
      pingan export 2022-01..2023-01 --public --to /srv/open-data
      pingan export 2023-01 --public --threshold 10
    """
    from publication.public_set import PublicSetError, export_public
    from publication.reading import IssueNotFoundError, read_issue_data

    if unsuppressed and not reason.strip():
        raise click.UsageError("--unsuppressed needs --reason: the set says why nothing is withheld")
    if reason and not unsuppressed:
        raise click.UsageError("--reason belongs to --unsuppressed")
    own_city, state, _ = settings(city).load()
    for period in months:
        try:
            data = read_issue_data(state, period, revision)
            folder = (target or state.root / "public") / period / f"r{data.issue.revision}"
            made = export_public(
                data,
                own_city,
                folder,
                threshold=threshold,
                unsuppressed_because=reason.strip() if unsuppressed else None,
            )
        except (IssueNotFoundError, PublicSetError) as error:
            click.echo(str(error), err=True)
            raise SystemExit(1) from error
        withheld = {table: sum(counts.values()) for table, counts in made.withheld.items()}
        words = ", ".join(f"{count:,} of {table}" for table, count in withheld.items())
        click.echo(f"{period}: {made.folder}; withheld: {words or 'nothing'}")
