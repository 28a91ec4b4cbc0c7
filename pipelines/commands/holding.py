"""`pingan hold` and `pingan release`: a person's decision between gate and publication, with who, when and why."""

from __future__ import annotations

import click

from city import Period
from pipelines.options import CONTEXT, MONTHS, city_option
from pipelines.settings import Settings, settings


@click.command(context_settings=CONTEXT)
@click.argument("month", type=MONTHS, required=False)
@city_option
@click.option("--reason", default="", help="Why; recorded with your user name, and told in the issue.")
def hold(month: list[Period] | None, city: str | None, reason: str) -> None:
    """Hold a month back from publication (暂缓发布) until it is released; without a month, list what is held.

    \b
    Examples:
      pingan hold
      pingan hold 2023-01 --reason "医保数据待核实 health figures to be confirmed"
    """
    if month is None:
        click.echo(_list(settings(city)))
        return
    _decide(settings(city), month, "hold", reason)


@click.command(context_settings=CONTEXT)
@click.argument("month", type=MONTHS)
@city_option
@click.option("--reason", default="", help="Why; recorded with your user name, and told in the issue.")
def release(month: list[Period], city: str | None, reason: str) -> None:
    """Lift a hold, or end a month's holding time (审定) before its end.

    The schedule publishes the month next, or `pingan publish MONTH` at once. No gate is passed over by it.

    \b
    Example:
      pingan release 2023-01 --reason "已核实 confirmed"
    """
    _decide(settings(city), month, "release", reason)


def stop_when_held(where: Settings, months: list[Period]) -> None:
    """Say which of these months wait for publication and why, and end with 1; nothing when none does."""
    from datetime import UTC, datetime

    from publication.holding import obstacle, read_holding

    city, state, _ = where.load()
    found = False
    for period in months:
        holding = read_holding(state, period)
        told = obstacle(city, holding, datetime.now(UTC)) if holding.asked_at else None
        if told is not None:
            found = True
            click.echo(f"{period} was not published: {told[1]}\n{period} 未发布：{told[0]}", err=True)
    if found:
        raise SystemExit(1)


def _decide(where: Settings, months: list[Period], action: str, reason: str) -> None:
    from datetime import UTC, datetime

    from gates.result import operating_system_user
    from publication.holding import decide

    if len(months) != 1:
        raise click.UsageError("a decision is on one month")
    if not reason.strip():
        raise click.UsageError('a decision needs a reason: --reason "…"')
    city, state, _ = where.load()
    user = operating_system_user()
    try:
        decide(state, city, months[0], action, reason, user, datetime.now(UTC))
    except ValueError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from error
    word = "暂缓发布 held" if action == "hold" else "放行 released"
    click.echo(f"{months[0]}: {word} ({user}): {reason.strip()}")


def _list(where: Settings) -> str:
    from datetime import UTC, datetime

    from publication.holding import all_holdings, obstacle

    city, state, _ = where.load()
    lines = []
    for holding in all_holdings(state):
        told = obstacle(city, holding, datetime.now(UTC))
        if told is not None:
            lines.append(f"{holding.period}  {told[0]}  {told[1]}")
    return "\n".join(lines) or "没有暂缓的月份。Nothing is held."
