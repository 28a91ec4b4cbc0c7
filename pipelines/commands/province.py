"""`pingan province`: makes the folder of a province out of its cities' folders."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.options import CONTEXT


@click.command(context_settings=CONTEXT)
@click.argument("target", type=click.Path(path_type=Path), metavar="FOLDER")
@click.option("--city", "cities", multiple=True, required=True, metavar="NAME|FOLDER", help="A city; repeat for each.")
@click.option("--code", required=True, help="The province's own unit code, for example 620000.")
@click.option("--name-zh", required=True, help="The province's Chinese name.")
@click.option("--name-en", default=None, help="Its English name. Default: the Chinese one.")
@click.option("--level", default="province", show_default=True, help="The name of its level of units.")
def province(target: Path, cities: tuple[str, ...], code: str, name_zh: str, name_en: str | None, level: str) -> None:
    """Make the folder of a province that rolls up its cities' published issues (docs/city-folder.md).

    Its deliveries are the cities' issues: --sources is where the cities' state folders are.

    \b
    Examples:
      pingan province /srv/cities/gansu --city tianshui --city /srv/cities/lanzhou --code 620000 --name-zh 甘肃省
      pingan materialize 2022-06 --city /srv/cities/gansu --sources $PINGAN_HOME --publish
    """
    from city.folder import city_folder
    from city.province import Province, write_province

    folder = write_province(
        target, Province(code, level, name_zh, name_en or name_zh), [city_folder(city) for city in cities]
    )
    click.echo(f"{folder}: {len(cities)} cities; check it with `pingan check --city {folder}`")
