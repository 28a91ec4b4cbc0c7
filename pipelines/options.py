"""What commands share: months as an argument, `--city` and `--sources`, how help is laid out.

Commands are in `pipelines/command_line.py` and, one module per topic, in `pipelines/commands/`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from city import Period, parse_range

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class Months(click.ParamType[list[Period]]):
    """`2023-01` or `2022-01..2023-01`."""

    name = "MONTH|FROM..TO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[Period]:
        """A list of months; a usage error says how to write it."""
        try:
            return parse_range(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


MONTHS = Months()


def city_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--city`, the same everywhere."""
    return click.option(
        "--city",
        default=None,
        metavar="NAME|FOLDER",
        help="A city under data/, or a folder with a city.yaml. Default: PINGAN_CITY, else tianshui.",
    )(command)


def sources_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--sources`, wherever deliveries are read."""
    return click.option(
        "--sources",
        default=None,
        metavar="FOLDER|URL",
        help="Where deliveries are looked for. Default: PINGAN_SOURCES, else the simulator's output.",
    )(command)
