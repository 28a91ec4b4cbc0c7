"""`pingan notices`: what people were told, what waits, and sending it now."""

from __future__ import annotations

import os

import click

from pipelines.options import CONTEXT, city_option
from pipelines.settings import settings


@click.command(context_settings=CONTEXT)
@city_option
@click.option("--send", is_flag=True, help="Send what waits now, without waiting out the time between attempts.")
@click.option("--last", default=20, show_default=True, help="So many of those sent.")
def notices(city: str | None, send: bool, last: int) -> None:
    """Show notices that were sent and that wait; with --send, try the channel of city.yaml at once.

    Ends with 1 when the channel refuses.

    \b
    Examples:
      pingan notices
      pingan notices --send
    """
    from datetime import UTC, datetime

    from notices.outbox import send_waiting, sent, waiting

    own_city, state, _ = settings(city).load()
    outcome = send_waiting(own_city, state, os.environ, datetime.now(UTC), at_once=True) if send else None
    for notice in sent(state)[-last:]:
        click.echo(f"已发 sent     {notice.sent_at}  {notice.subject_zh}  {notice.subject_en}")
    for notice in waiting(state):
        click.echo(f"待发 waiting  {notice.raised_at}  {notice.subject_zh}  {notice.subject_en}")
        if notice.last_error:
            click.echo(f"     {notice.attempts} 次 attempts: {notice.last_error}")
    if not sent(state) and not waiting(state):
        click.echo("尚无通知。Nobody has been told anything yet.")
    if outcome is not None and outcome.failed:
        raise SystemExit(1)
