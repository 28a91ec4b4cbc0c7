"""Rows of the two tables that make up most of the site: all units on a node's page, all nodes on a unit's page.

Written here and not in a template, and without what HTML lets one leave out (end tags of rows and cells, quotes): these
are 90,000 rows in two languages, most of a rendering's time and bytes. Everything that is text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from markupsafe import Markup, escape

from publication.numbers import MISSING, shown
from publication.site.colours import BEST_TINT, NO_TINT
from publication.site.facts import Row
from publication.site.words import Words


def node_rows(words: Words, unit: str, nodes: Iterable[Row], root: str = "../") -> Markup:
    """A unit's nodes: name, value, score, change on last month, rank."""
    facts = words.facts
    return _rows(
        _row(
            words,
            f"{root}indicators/{node['code']}.html",
            words.node_name[node["code"]],
            facts.score[unit, node["code"]],
            upper=not node["scoring"],
            value=_value(words, node, facts.value.get((unit, node["code"])), with_unit=True),
            rank_last=True,
        )
        for node in nodes
    )


def unit_rows(words: Words, node: Row, units: Iterable[Row], root: str = "../") -> Markup:
    """A node's units: name, rank, value (of an indicator), score, change on last month."""
    facts = words.facts
    leaf = bool(node["scoring"])
    return _rows(
        _row(
            words,
            f"{root}units/{unit['unit_code']}.html",
            words.unit_name[unit["unit_code"]],
            facts.score[unit["unit_code"], node["code"]],
            upper=bool(facts.members[unit["unit_code"]]),
            value=_value(words, node, facts.value.get((unit["unit_code"], node["code"])), with_unit=False)
            if leaf
            else None,
            rank_last=False,
        )
        for unit in units
    )


def _row(words: Words, href: str, name: str, score: Row, *, upper: bool, value: str | None, rank_last: bool) -> str:
    status = "" if score["status"] == "measured" else f" <small>{escape(words.status(score['status']))}</small>"
    rank = f"<td>{score['rank'] or MISSING}"
    # most scores have the best colour: the style sheet gives it to a cell of scores that says no other (`colours`)
    tint = words.heat_class[score["colour"]] or NO_TINT
    tint = "" if tint == BEST_TINT else f" class={tint}"
    return (
        f"<tr{' class=u' if upper else ''}><th><a href={href}>{escape(name)}</a>{status}{'' if rank_last else rank}"
        f"{'' if value is None else f'<td>{value}'}<td{tint}>{shown(score['score'])}"
        f"<td>{shown(score['change_month'], signed=True)}{rank if rank_last else ''}"
    )


def _value(words: Words, node: Row, value: Mapping[str, float | None] | None, *, with_unit: bool) -> str:
    if value is None:
        return ""
    number = words.value(node, value["value"])
    unit = words.value_unit(node) if with_unit and value["value"] is not None else ""
    return f"{number}{'' if unit in {'%', ''} else ' '}{escape(unit)}"


def _rows(rows: Iterable[str]) -> Markup:
    return Markup("\n".join(rows))  # nosec B704 # every text is escaped above
