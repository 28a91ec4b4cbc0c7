"""`pingan weights`: weights from judgements or data, shown against those in force; a new version only when told to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from city import Period
from city.folder import City
from city.state import StateFolder
from pipelines.options import CONTEXT, MONTHS, city_option
from pipelines.settings import settings


@click.group(context_settings=CONTEXT)
def weights() -> None:
    """Derive weights of the framework's nodes: ahp, entropy, critic, combined.

    Shows the weights beside those in force, λmax, CI and CR with a verdict, and the places of the ten best units under
    each choice. Nothing is written without --write, which makes a new version of the method from the month of --from
    on; earlier months keep theirs. Exit codes: 0 done, 1 judgements are not consistent enough (CR above 0.10), 2 wrong
    words or a faulty file.

    \b
    Examples:
      pingan weights ahp --pairwise judgements.yaml
      pingan weights ahp --pairwise judgements.yaml --write --from 2023-02
      pingan weights entropy --reference 2022-02..2023-01 --node I01 --node I02
      pingan weights critic --panel scores.csv --node I01
      pingan weights combined --pairwise judgements.yaml --reference 2022-02..2023-01 --alpha 0.5
    """


def _judgements(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--pairwise",
        type=click.Path(dir_okay=False, path_type=Path),
        required=True,
        metavar="FILE",
        help="Pairwise matrices, one for each node (docs/weights.md).",
    )(command)


def _data(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--reference", type=MONTHS, default=None, metavar="FROM..TO", help="Published months."),
        click.option(
            "--panel",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            default=None,
            metavar="FILE",
            help="In place of issues: a CSV of scores with a column for each node's code.",
        ),
    ):
        command = option(command)
    return command


def _shift(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--shift", default=0.0, show_default=True, help="Entropy: added to every score before its shares are taken."
    )(command)


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        city_option,
        click.option("--node", "nodes", multiple=True, metavar="CODE", help="Only this node's children. May repeat."),
        click.option(
            "--month", type=MONTHS, default=None, metavar="MONTH", help="Issue of the top ten; default: latest."
        ),
        click.option("--write", is_flag=True, help="Write a new version of the method. Without it only show."),
        click.option(
            "--from", "first", type=MONTHS, default=None, metavar="MONTH", help="With --write: in force from."
        ),
    ):
        command = option(command)
    return command


@weights.command(context_settings=CONTEXT)
@_judgements
@_common
def ahp(**words: Any) -> None:
    """From pairwise matrices: principal eigenvector, λmax, CI, CR (Saaty).

    \b
    Examples:
      pingan weights ahp --pairwise judgements.yaml
      pingan weights ahp --pairwise judgements.yaml --node I01 --write --from 2023-02
    """
    _weights("ahp", **words)


@weights.command(context_settings=CONTEXT)
@_data
@_shift
@_common
def entropy(**words: Any) -> None:
    """From how unevenly scores are spread over units: 1 − E, normalised.

    \b
    Examples:
      pingan weights entropy --reference 2022-02..2023-01
      pingan weights entropy --panel scores.csv --shift 1 --node I01
    """
    _weights("entropy", **words)


@weights.command(context_settings=CONTEXT)
@_data
@_common
def critic(**words: Any) -> None:
    """From spread and conflict between children: σ·Σ(1 − r) (Diakoulaki 1995).

    \b
    Example:
      pingan weights critic --reference 2022-02..2023-01 --node I01
    """
    _weights("critic", **words)


@weights.command(context_settings=CONTEXT)
@_judgements
@_data
@_shift
@click.option("--alpha", type=click.FloatRange(0, 1), required=True, help="w ∝ AHP^alpha · entropy^(1−alpha).")
@_common
def combined(**words: Any) -> None:
    """From judgements and data together.

    \b
    Example:
      pingan weights combined --pairwise judgements.yaml --reference 2022-02..2023-01 --alpha 0.5
    """
    _weights("combined", **words)


def _weights(
    method: str,
    *,
    city: str | None,
    nodes: tuple[str, ...],
    month: list[Period] | None,
    write: bool,
    first: list[Period] | None,
    pairwise: Path | None = None,
    reference: list[Period] | None = None,
    panel: Path | None = None,
    shift: float = 0.0,
    alpha: float = 0.5,
) -> None:
    from city.new_version import write_version_with_weights
    from city.pairwise import load_pairwise
    from methods.weighting import WeightingError
    from publication.reading import IssueNotFoundError
    from publication.weights import derive, panel_of_file, panel_of_issues

    if write and (first is None or len(first) != 1):
        raise click.UsageError("--write needs --from MONTH: the month from which the new weights are in force")
    if method != "ahp" and (reference is None) == (panel is None):
        raise click.UsageError("name scores: either --reference FROM..TO or --panel FILE")
    own_city, state, _ = settings(city).load()
    version = own_city.versions[-1]
    judged = load_pairwise(pairwise, version.framework) if pairwise is not None else None
    try:
        scores = panel_of_file(panel) if panel is not None else panel_of_issues(state, reference) if reference else None
        found = derive(version, method, nodes=nodes, pairwise=judged, panel=scores, shift=shift, alpha=alpha)
    except IssueNotFoundError as error:
        click.echo(str(error), err=True)
        raise SystemExit(1) from error
    except WeightingError as error:
        click.echo(str(error), err=True)
        raise SystemExit(2) from error
    _show(own_city, state, found, month)
    if not found.accepted:
        click.echo("nothing written: revise the judgements until CR is at most 0.10 未写入：请修订判断矩阵", err=True)
        raise SystemExit(1)
    if not write or first is None:
        click.echo(
            "nothing written; add --write --from MONTH for a new version 未写入；加 --write --from 月份 写入新版本"
        )
        return
    folder = write_version_with_weights(own_city, first[0], found.shares(method))
    click.echo(f"written 已写入: {folder}\nin force from {first[0]}; earlier months keep their weights")


def _show(city: City, state: StateFolder, found: Any, month: list[Period] | None) -> None:
    from publication.listing import list_issues
    from publication.reading import read_issue_data
    from publication.weights import top_ten
    from publication.weights_page import print_top_ten, print_weights

    console = _console()
    print_weights(found, city, console)
    period = month[0] if month else max((entry.period for entry in list_issues(state)), default=None)
    if period is None:
        click.echo("no issue is published, so no places are compared 尚无已发布各期，不比较名次")
        return
    version = city.version(period)
    if version is not city.versions[-1] and version.framework != city.versions[-1].framework:
        click.echo(f"the issue of {period} follows the method from {version.from_period}: its places are not compared")
        return
    issue = read_issue_data(state, period)
    print_top_ten(top_ten(found, version, issue), found.method, issue, console)


def _console() -> Any:
    """A terminal's own width; 130 columns when the output goes into a file or a pipe."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=130)
