"""`pingan render`: what readers look at, made from a published issue's data files."""

from __future__ import annotations

from pathlib import Path

import click

from city import Period
from pipelines.options import CONTEXT, MONTHS, city_option
from pipelines.settings import code_version, settings


@click.command(context_settings=CONTEXT)
@click.argument("months", type=MONTHS)
@city_option
@click.option("--revision", type=click.IntRange(min=1), default=None, help="Default: the latest revision of the month.")
@click.option("--only", default="", metavar="NAME,…", help="Only these renderings. Default: all.")
@click.option(
    "--boundaries",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=None,
    help="GeoJSON (or .geojson.gz) of the units. Default: boundaries.geojson of the city's folder, if any.",
)
def render(months: list[Period], city: str | None, revision: int | None, only: str, boundaries: Path | None) -> None:
    """Make the renderings of a published issue; the issue itself is never touched.

    They are put into the issue's folder under their own names, with a manifest renderings.json, and can be made
    again at any time: the same code makes the same bytes.

    \b
    Examples:
      pingan render 2023-01
      pingan render 2023-01 --only site
      pingan render 2022-06 --revision 1
      pingan render 2013-06 --city chicago --boundaries area_community_areas.geojson.gz
    """
    from pipelines.runs import progress_on_screen
    from publication.reading import IssueNotFoundError, read_issue_data
    from publication.rendering import RenderingError, UnknownRenderingError
    from publication.rendering import render as make

    own_city, state, _ = settings(city).load()
    names = [name.strip() for name in only.split(",") if name.strip()]
    failed = False
    with progress_on_screen():
        for period in months:
            try:
                rendered = make(
                    read_issue_data(state, period, revision),
                    own_city,
                    code_version=code_version(),
                    names=names,
                    boundaries=boundaries,
                )
            except UnknownRenderingError as error:
                raise click.UsageError(str(error)) from error
            except (IssueNotFoundError, RenderingError) as error:
                click.echo(str(error), err=True)
                raise SystemExit(1) from error
            for result in rendered:
                failed = failed or bool(result.detail)
                click.echo(f"{period} {result.name}: {result.outcome}{result.detail and f' – {result.detail}'}")
    if failed:
        raise SystemExit(1)
