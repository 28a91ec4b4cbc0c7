"""The official colours as CSS: for light pages, dark pages and print, each with an ink that can be read on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from publication.charts.drawing import ink_on, mixed

_DARK_PAPER = "#12181d"

#: Classes of cells: of the best colour's tint, which cells of a column of scores have by themselves, and of none.
BEST_TINT, NO_TINT = "h0", "hn"


def stylesheet(colours: Sequence[Mapping[str, Any]]) -> str:
    """Variables `--c-<key>`, `--on-<key>`, `--t-<key>` (the tint of a table's cell), and the classes that use them."""
    light = dark = ""
    for colour in colours:
        light += (
            f"--c-{colour['key']}:{colour['hex']};--on-{colour['key']}:{ink_on(colour['hex'])};"
            f"--t-{colour['key']}:{mixed(colour['hex'], '#ffffff', 0.14)};"
        )
        lighter = mixed(colour["hex"], "#ffffff", 0.62)
        dark += (
            f"--c-{colour['key']}:{lighter};--on-{colour['key']}:{ink_on(lighter)};"
            f"--t-{colour['key']}:{mixed(lighter, _DARK_PAPER, 0.26)};"
        )
    classes = "".join(
        f".c-{c['key']}{{--own:var(--c-{c['key']});--tint:var(--t-{c['key']})}}"
        f".h{place}{{background:var(--t-{c['key']})}}"
        for place, c in enumerate(colours)
    )
    for column in (3, 4) if colours else ():
        classes += (
            f".scores{column}>tbody>tr>td:nth-child({column}):not([class]){{background:var(--t-{colours[0]['key']})}}"
        )
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{classes}\n"
