"""The first page of an issue: where the city stands, who is where, what moved, who did not deliver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from city.folder import Unit
from publication.charts.drawing import Drawer
from publication.charts.maps import Place, Ring, boundary_map, tile_map
from publication.extremes import highest_and_lowest, more_moved, most_moved
from publication.numbers import shown
from publication.site import figures
from publication.site.facts import Facts, Row
from publication.site.words import Words
from publication.telling import TOLD

#: Rows of each list of what moved most.
_MOVED = 5


def overview(
    facts: Facts, words: Words, drawer: Drawer, palette: Mapping[str, str], shapes: Mapping[str, Sequence[Ring]]
) -> dict[str, Any]:
    """What overview.html shows. `shapes` are real boundaries by unit; empty means tiles."""
    top = facts.top
    return {
        "city_name": words.name(facts.city),
        "top": headline(facts, words, top["unit_code"]) if top else None,
        "sentences": _sentences(facts, words, top["unit_code"]) if top else [],
        "colour_counts": _colour_counts(facts, words),
        "trend": figures.trend(facts, words, drawer, top["unit_code"], facts.data.root) if top else None,
        "first_level": [
            {
                "code": n["code"],
                "weight": n["effective_weight"],
                **(cell(facts, top["unit_code"], n["code"]) if top else _EMPTY),
            }
            for n in facts.first_level
        ],
        **_map(facts, words, palette, shapes),
        "rankings": [_ranking(facts, words, level) for level in facts.levels if len(facts.of_level(level)) > 1],
        "moved": _moved(facts, words),
        "moved_note": _moved_note(facts, words),
        **_delivered(facts, words),
        "vetoes": [
            {
                "code": r["unit_code"],
                "event": words.measure(r["measure"]),
                "events": r["events"],
                "cap": r["cap"],
                "from_unit": r["from_unit"] or r["unit_code"],
            }
            for rows in facts.vetoes.values()
            for r in rows
        ],
    }


_EMPTY: Mapping[str, Any] = {"score": None, "colour": "", "month": None, "year": None}


def headline(facts: Facts, words: Words, unit: str) -> dict[str, Any]:
    """A unit's overall row with the reasons of changes that are null."""
    row = facts.score[unit, facts.data.root]
    return {
        **row,
        "coverage": row["coverage"] or 0.0,
        "month_reason": words.reason(row["change_month_reason"]),
        "year_reason": words.reason(row["change_year_reason"]),
    }


def cell(facts: Facts, unit: str, node: str) -> dict[str, Any]:
    """Score, colour and changes of a unit's node."""
    row = facts.score[unit, node]
    return {
        "score": row["score"],
        "colour": row["colour"] or "",
        "month": row["change_month"],
        "year": row["change_year"],
    }


def best_and_worst(facts: Facts, words: Words, unit: str) -> dict[str, str] | None:
    """Names and scores of a unit's best and worst first-level node; None with fewer than two."""
    there = [
        (row["score"], words.node_name[n["code"]])
        for n in facts.first_level
        if (row := facts.score[unit, n["code"]])["score"] is not None
    ]
    if len(there) < 2:
        return None
    (high, high_name), (low, low_name) = highest_and_lowest(words.wording, there)
    return {"high_name": high_name, "high": shown(high), "low_name": low_name, "low": shown(low)}


def place(facts: Facts, words: Words, unit: str, root: str) -> Place:
    """A unit as maps show it; `root` leads from the page to the language's root."""
    row = facts.score[unit, facts.data.root]
    colour = row["colour"] or ""
    name = words.unit_name[unit]
    said = words.colour_word[colour] if colour else words.status(row["status"])
    if unit in facts.vetoes:
        said = f"{said} ({words.t('veto.capped')})"
    return Place(
        code=unit,
        name=name,
        text=shown(row["score"], 1),
        colour=colour,
        title=f"{name} {shown(row['score'])} {said}",
        href=f"{root}units/{unit}.html",
    )


def _sentences(facts: Facts, words: Words, unit: str) -> list[str]:
    row = facts.score[unit, facts.data.root]
    city, month = words.unit_name[unit], words.month(facts.data.period)
    if row["score"] is None:
        return [words.t("overview.sentence.no_score", city=city, month=month)]
    word = words.colour_word[row["colour"]]
    said = [words.t("overview.sentence.score", city=city, month=month, score=shown(row["score"]), word=word)]
    if row["change_month"] is not None or row["change_year"] is not None:
        changes = {
            f"{span}_change": shown(row[f"change_{span}"], signed=True)
            if row[f"change_{span}"] is not None
            else words.reason(row[f"change_{span}_reason"])
            for span in ("month", "year")
        }
        said.append(words.t("overview.sentence.change", **changes))
    extremes = best_and_worst(facts, words, unit)
    if extremes:
        said.append(words.t("overview.sentence.best", **extremes))
    return said


def _colour_counts(facts: Facts, words: Words) -> list[dict[str, Any]]:
    counts = []
    for level in facts.levels:
        rows = [r for r in facts.overall if r["unit_level"] == level]
        if len(rows) > 1:
            counts.append(
                {
                    "name": words.level(level),
                    "counts": [
                        {"key": c["key"], "count": sum(r["colour"] == c["key"] for r in rows)} for c in facts.colours
                    ],
                }
            )
    return counts


def _map(
    facts: Facts, words: Words, palette: Mapping[str, str], shapes: Mapping[str, Sequence[Ring]]
) -> dict[str, Any]:
    level = facts.levels[-1]
    units = facts.of_level(level)
    common = {"map_level": words.level(level)}
    if shapes:
        places = [place(facts, words, u["unit_code"], "") for u in units]
        approval = facts.city.settings.get("map_approval")
        note = words.t("overview.map_boundaries")
        if approval:
            note = f"{note} {words.t('overview.map_approval', number=approval)}"
        svg = boundary_map(shapes, places, palette, width=640)
        block = {"code": "", "svg": Markup(svg)}  # nosec B704 # our own drawing, names escaped
        return {**common, "map_kind": "real", "map_note": note, "map_blocks": [block]}
    blocks: list[dict[str, Any]] = []
    above = {u["parent"] for u in units}
    groups = [u for u in facts.units if u["unit_code"] in above]
    for group in groups or (None,):
        own = units if group is None else [u for u in units if u["parent"] == group["unit_code"]]
        columns = 4 if len(groups) > 1 else 10
        svg = tile_map([place(facts, words, u["unit_code"], "") for u in own], palette, columns=columns)
        head: dict[str, Any] = {"code": "", "colour": "", "score": None}
        if group is not None:
            head = {"code": group["unit_code"], **cell(facts, group["unit_code"], facts.data.root)}
        blocks.append({**head, "svg": Markup(svg)})  # nosec B704 # our own drawing, names escaped
    return {**common, "map_kind": "blocks", "map_note": words.t("overview.map_tiles"), "map_blocks": blocks}


def map_units(facts: Facts) -> list[Unit]:
    """The units that a map shows, as the city's folder has them (with the names a file of boundaries may use)."""
    return [facts.city.unit_by_code[u["unit_code"]] for u in facts.of_level(facts.levels[-1])]


def _ranking(facts: Facts, words: Words, level: str) -> dict[str, Any]:
    """A level's units by rank, with their first-level scores."""
    nodes = [n["code"] for n in facts.first_level]
    rows = [
        {
            "rank": r["rank"],
            "code": r["unit_code"],
            "steps": r["rank_change_month"],
            "capped": r["unit_code"] in facts.vetoes,
            **cell(facts, r["unit_code"], facts.data.root),
            "cells": [cell(facts, r["unit_code"], n) for n in nodes],
        }
        for r in facts.overall
        if r["unit_level"] == level
    ]
    return {"level": level, "name": words.level(level), "nodes": nodes, "rows": rows}


def _moved(facts: Facts, words: Words) -> list[dict[str, Any]]:
    """What rose and what fell most: units of each level by the overall index, nodes of each level of the top unit."""
    lists = []
    for level in facts.levels:
        rows = [r for r in facts.overall if r["unit_level"] == level]
        if len(rows) > 1:
            lists += _both(words, words.level(level), rows, "unit_code", units=True)
    if facts.top is not None:
        unit = facts.top["unit_code"]
        for level in sorted({n["level"] for n in facts.nodes} - {0}):
            nodes = [n for n in facts.nodes if n["level"] == level]
            rows = [facts.score[unit, n["code"]] for n in nodes]
            name = words.t("overview.of_city", level=words.node_level(nodes[0]), city=words.unit_name[unit])
            lists += _both(words, name, rows, "node_code", units=False)
    return lists


def _both(words: Words, name: str, rows: Sequence[Row], key: str, *, units: bool) -> list[dict[str, Any]]:
    """What would be shown as 0.00 neither rose nor fell."""
    rose, fell = most_moved(rows, key, _MOVED, TOLD)
    return [
        {
            "title": words.t(f"overview.{direction}", level=name),
            "units": units,
            "rows": [{"code": r[key], "score": r["score"], "change": r["change_month"]} for r in chosen.rows],
            "more": more_moved(words.wording, chosen),
        }
        for direction, chosen in (("rose", rose), ("fell", fell))
    ]


def _moved_note(facts: Facts, words: Words) -> str:
    month = (facts.data.manifest.get("compares_with") or {}).get("month", {}).get("period")
    there = any(r["change_month"] is not None for r in facts.overall)
    return words.t("overview.moved_note", month=month) if month and there else words.t("overview.moved_none")


def _delivered(facts: Facts, words: Words) -> dict[str, Any]:
    titles = {(r.department, r.name): r for r in facts.city.record_sets}
    absent = []
    for row in facts.feeds:
        if not row["reported"]:
            record_set = titles.get((row["department"], row["record_set"]))
            title = getattr(record_set, f"title_{words.language}") if record_set else row["record_set"]
            status = words.feed_status(row)
            absent.append({"department": row["department"], "record_set": title, "status": status})
    delivered = words.t(
        "overview.delivered",
        departments=len({r["department"] for r in facts.feeds}),
        expected=len(facts.feeds),
        reported=len(facts.feeds) - len(absent),
    )
    return {"delivered": delivered, "absent": absent}
