"""`pingan ui`, `pingan workspace`, `pingan worker`: the processes of an installation.

Only words are read here; what the processes are is in ui, workspace and workers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pipelines.options import CONTEXT, sources_option
from pipelines.settings import settings


def cities_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--city`, as often as there are cities."""
    return click.option(
        "--city",
        "cities",
        multiple=True,
        metavar="NAME|FOLDER",
        help="A city under data/, or a folder with a city.yaml; may be repeated. Default: PINGAN_CITY, else tianshui.",
    )(command)


@click.command(context_settings=CONTEXT)
@cities_option
@sources_option
@click.option("--port", default=3000, show_default=True, help="Port of the Dagster UI on loopback.")
def ui(cities: tuple[str, ...], sources: str | None, port: int) -> None:
    """Start the Dagster UI: webserver and daemon on the same state, loopback only. Stop with Ctrl-C.

    Each city is a code location of its own. With several cities, `{city}` in --sources stands for the city's key.

    \b
    Examples:
      pingan ui
      pingan ui --city chicago --sources ../shared/data/chicago --port 3100
      pingan ui --city tianshui --city /srv/cities/mycity --sources /srv/deliveries/{city}
    """
    from pipelines.ui import LOOPBACK, serve

    where = settings(cities[0] if cities else None, sources)
    click.echo(f"http://{LOOPBACK}:{port}")
    raise SystemExit(serve(where, port, cities))


@click.command(context_settings=CONTEXT)
@cities_option
@click.option("--to", "target", default=None, metavar="FILE", help="Write there. Default: the screen.")
def workspace(cities: tuple[str, ...], target: str | None) -> None:
    """Write a Dagster workspace with one code location per city, for the services under deploy/.

    \b
    Examples:
      pingan workspace --city tianshui --city /srv/cities/mycity
      pingan workspace --city tianshui --city chicago --to /etc/pingan/workspace.yaml
    """
    from pipelines.workspace import workspace_text

    text = workspace_text(cities or [settings().city])
    if target is None:
        click.echo(text, nl=False)
    else:
        Path(target).write_text(text, encoding="utf-8")
        click.echo(f"{target}: {len(cities) or 1} code locations; start webserver and daemon with -w {target}")


@click.command(context_settings=CONTEXT)
@click.option("--name", default="worker", show_default=True, help="Name in the queue, unique on this machine.")
def worker(name: str) -> None:
    """Take whole runs, of any city, from the queue that dagster.yaml names. Stop with Ctrl-C or SIGTERM.

    The state folder (PINGAN_HOME) and the cities' folders are the same on every machine: a shared file system.

    \b
    Examples:
      pingan worker
      pingan worker --name second
    """
    try:
        from pipelines.workers import NoQueueError, work
    except ModuleNotFoundError as error:
        click.echo(f"{error.name} is not installed: `make services` installs what several machines need", err=True)
        raise SystemExit(2) from error
    try:
        work(settings(), name)
    except NoQueueError as error:
        click.echo(str(error), err=True)
        raise SystemExit(2) from error
