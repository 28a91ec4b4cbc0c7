"""A page for each unit: where it stands, why it moved, and every indicator with its value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from publication.charts.drawing import Drawer
from publication.charts.maps import tile_map
from publication.numbers import shown
from publication.site import changes, figures
from publication.site.facts import Facts, Row
from publication.site.overview import best_and_worst, cell, headline, place
from publication.site.rows import node_rows
from publication.site.words import Words


def unit_page(facts: Facts, words: Words, drawer: Drawer, palette: Mapping[str, str], code: str) -> dict[str, Any]:
    """What unit.html shows."""
    row = facts.unit[code]
    own = headline(facts, words, code)
    peers = facts.of_level(row["level"])
    members = sorted(
        facts.members[code],
        key=lambda m: (facts.score[m["unit_code"], facts.data.root]["rank"] or len(facts.units), m["unit_code"]),
    )
    first_level = [n["code"] for n in facts.first_level]
    lowest = members and all(m["level"] == facts.levels[-1] for m in members)
    return {
        "code": code,
        "title": words.unit_name[code],
        "other_name": words.other_name(row),
        "above": [u["unit_code"] for u in reversed(facts.above(code))],
        "level_name": words.level(row["level"]),
        "own": own,
        "of": sum(facts.score[p["unit_code"], facts.data.root]["rank"] is not None for p in peers),
        "interval": _interval(facts, words, code),
        "month_reason": own["month_reason"],
        "year_reason": own["year_reason"],
        "residents": row["residents"],
        "sentences": _sentences(facts, words, code),
        "trend": figures.trend(facts, words, drawer, code, facts.data.root),
        "radar": figures.radar(facts, words, drawer, code),
        "colour_shares": _colour_shares(facts, code),
        "contributions": changes.contributions(facts, words, code),
        "first_level": first_level,
        "members": [
            {
                "rank": facts.score[m["unit_code"], facts.data.root]["rank"],
                "code": m["unit_code"],
                **cell(facts, m["unit_code"], facts.data.root),
                "cells": [cell(facts, m["unit_code"], n) for n in first_level],
                "effects": changes.effects_of_member(facts, code, m["unit_code"]),
            }
            for m in members
        ],
        "member_spans": changes.spans_of_members(facts, code),
        "member_sums": changes.effects_of_all_members(facts, code),
        "map_svg": Markup(  # nosec B704 # our own drawing, names escaped
            tile_map([place(facts, words, m["unit_code"], "../") for m in facts.members[code]], palette)
        )
        if lowest
        else "",
        **_heat(facts, code),
        "tree": _tree(facts, words, code),
        "tree_counts": "/".join(
            str(sum(n["level"] == level for n in facts.nodes))
            for level in sorted({n["level"] for n in facts.nodes})[1:]
        ),
    }


def _interval(facts: Facts, words: Words, code: str) -> str:
    """The rank's interval in words, or that the issue has none."""
    row = facts.robustness.get(code)
    if row is None or row["rank_p05"] is None:
        return words.t("unit.robustness_absent")
    said = words.t("unit.interval", low=shown(row["rank_p05"], 0), high=shown(row["rank_p95"], 0))
    ties = row["ties"]
    return f"{said}; {words.t('unit.ties', count=ties)}" if ties else said


def _colour_shares(facts: Facts, code: str) -> dict[str, Any] | None:
    """How often the unit had each official colour in the runs that vary the method; None in an issue without them."""
    shares = facts.colour_shares.get(code)
    if not shares:
        return None
    told = [{"key": c["key"], "share": shares[c["key"]]} for c in facts.colours if shares.get(c["key"])]
    return {"runs": shown(facts.runs, 0), "shares": told}


def _sentences(facts: Facts, words: Words, code: str) -> list[str]:
    said = []
    extremes = best_and_worst(facts, words, code)
    if extremes:
        said.append(words.t("unit.sentence.best", **extremes))
    above = facts.above(code)
    if above:
        upper = above[0]["unit_code"]
        pairs = [
            (facts.score[code, n["code"]]["score"], facts.score[upper, n["code"]]["score"]) for n in facts.first_level
        ]
        both = [(own, other) for own, other in pairs if own is not None and other is not None]
        more, less = sum(own > other for own, other in both), sum(own < other for own, other in both)
        said.append(words.t("unit.sentence.against", upper=words.unit_name[upper], more=more, less=less))
    vetoes = facts.vetoes.get(code, [])
    if vetoes:
        events = "、".join if words.language == "zh" else ", ".join
        caps = [c for c in facts.colours if c["key"] in {v["cap"] for v in vetoes}]
        said.append(
            words.t(
                "unit.sentence.capped",
                events=events(f"{words.measure(v['measure'])} {shown(v['events'], 0)}" for v in vetoes),
                cap=words.colour_word[caps[-1]["key"]],
            )
        )
    return said


def _heat(facts: Facts, code: str) -> dict[str, Any]:
    rows = [
        {
            "code": n["code"],
            **cell(facts, code, n["code"]),
            "cells": [{"code": c["code"], **cell(facts, code, c["code"])} for c in facts.children[n["code"]]],
        }
        for n in facts.first_level
        if not n["scoring"]
    ]
    return {"heat": rows, "heat_width": max((len(r["cells"]) for r in rows), default=0)}


def _tree(facts: Facts, words: Words, code: str) -> list[dict[str, Any]]:
    """Every node under each first-level node, in the framework's order."""
    tree = []
    for branch in facts.first_level:
        below: list[Row] = []
        pending = [branch] if branch["scoring"] else list(facts.children[branch["code"]])
        while pending:
            node = pending.pop(0)
            below.append(node)
            pending = [*facts.children[node["code"]], *pending]
        rows = node_rows(words, code, below)
        tree.append({"code": branch["code"], **cell(facts, code, branch["code"]), "rows": rows})
    return tree
