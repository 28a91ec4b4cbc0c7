"""`pingan serve`: published issues in a browser, on loopback."""

from __future__ import annotations

import click

from pipelines.options import CONTEXT, city_option
from pipelines.settings import settings


@click.command(context_settings=CONTEXT)
@city_option
@click.option("--port", default=8000, show_default=True, help="Port on loopback; 0 takes a free one.")
def serve(city: str | None, port: int) -> None:
    """Show all published issues at an address of this machine only. Stop with Ctrl-C.

    Addresses stay: /latest/… is the newest issue, /2023-01/r1/… a revision for good.

    \b
    Examples:
      pingan serve
      pingan serve --city chicago --port 8100
    """
    from publication.serving import LOOPBACK, issue_server

    _, state, _ = settings(city).load()
    if not (state.issues / "index.html").is_file():
        click.echo(f"{state.city_key} has no page of issues yet: run `pingan render MONTH`. 尚未生成网页。", err=True)
        raise SystemExit(1)
    try:
        server = issue_server(state.issues, port)
    except OSError as error:
        click.echo(f"port {port} cannot be used ({error.strerror}): choose another with --port", err=True)
        raise SystemExit(1) from error
    with server:
        click.echo(f"http://{LOOPBACK}:{server.server_port}/index.html")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("")
