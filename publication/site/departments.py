"""A page for each department: its indicators, what it delivered and when, and what it does to the index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from publication.numbers import MISSING, shown
from publication.site.facts import Facts, Row
from publication.site.overview import cell
from publication.site.words import Words

COUNTS = ("received", "accepted", "quarantined", "share", "other_month", "layout")


def department_page(facts: Facts, words: Words, code: str) -> dict[str, Any]:
    """What department.html shows."""
    top = facts.top["unit_code"] if facts.top else ""
    own = [n for n in facts.indicators if n["department"] == code]
    rows = []
    for node in own:
        row: dict[str, Any] = {"code": node["code"], "effective": node["effective_weight"]}
        if top:
            value = facts.value.get((top, node["code"]))
            score = facts.score[top, node["code"]]["score"]
            row |= {
                "value": words.value(node, value["value"]) if value else "",
                "unit": words.value_unit(node),
                "held": None if score is None else node["effective_weight"] * (100 - score),
                **cell(facts, top, node["code"]),
            }
        rows.append(row)
    scored = [r for r in rows if r.get("score") is not None]
    weight = sum(r["effective"] for r in scored)
    feeds = [f for f in facts.feeds if f["department"] == code]
    titles = {
        r.name: str(getattr(r, f"title_{words.language}")) for r in facts.city.record_sets if r.department == code
    }
    department = next(d for d in facts.departments if d["code"] == code)
    return {
        "code": code,
        "title": words.department_name[code],
        "other_name": words.other_name(department),
        "top_name": words.unit_name.get(top, ""),
        "indicators": rows,
        "weight": sum(n["effective_weight"] for n in own),
        "mean": sum(r["effective"] * r["score"] for r in scored) / weight if weight else None,
        "held": sum(r["held"] for r in scored) if scored else None,
        **_effects(facts, words, top, code),
        "record_sets": [
            {
                "title": titles.get(f["record_set"], f["record_set"]),
                "status": words.feed_status(f),
                "counts": counts([f]),
            }
            for f in feeds
        ],
        "due_day": next((f.due_day for f in facts.city.feeds if f.department.code == code), MISSING),
        "arrivals": _arrivals(facts, words, code),
        "arrivals_note": str(facts.timeliness.get(f"note_{words.language}", "")),
        "months": _months(facts, code),
    }


def counts(feeds: Sequence[Row]) -> list[str]:
    """Rows of some record sets added up, in the order of COUNTS, as text."""
    sums = {key: sum(f[key] for f in feeds) for key in COUNTS if key != "share"}
    return [share(sums) if key == "share" else shown(sums[key], 0) for key in COUNTS]


def share(sums: Mapping[str, int]) -> str:
    """Quarantined rows over the month's own rows."""
    own = sums["accepted"] + sums["quarantined"]
    return f"{shown(100 * sums['quarantined'] / own)}%" if own else MISSING


def reported(feeds: Sequence[Row]) -> str:
    """Record sets delivered / owed."""
    return f"{sum(bool(f['reported']) for f in feeds)} / {len(feeds)}"


def _effects(facts: Facts, words: Words, top: str, code: str) -> dict[str, Any]:
    """What the department's indicators contributed to the top unit's change, those too that the method no longer has
    (they are named); empty without the table.
    """
    effects, dropped = [], []
    for span in ("month", "year"):
        rows = facts.contributions.get((top, span), [])
        if not rows:
            continue
        label = words.t(f"col.change_{span}")
        own = [r for r in rows if _department(facts, r["indicator_code"]) == code]
        effects.append((words.t("department.changed", span=label), sum(r["total"] for r in own)))
        for row in own:
            if row["indicator_code"] in facts.dropped:
                name, points = words.name(facts.dropped[row["indicator_code"]]), shown(row["total"], 3, signed=True)
                dropped.append(words.t("department.dropped_part", name=name, span=label, points=points))
    parts = words.t("bulletin.between").join(dropped)
    return {"effects": effects, "dropped": words.t("department.dropped", parts=parts) if dropped else ""}


def _department(facts: Facts, indicator: str) -> str:
    """The department of an indicator, also of one that was dropped; none where neither issue nor folder knows it."""
    node = facts.node.get(indicator) or facts.dropped.get(indicator)
    return str(node["department"]) if node else ""


def _arrivals(facts: Facts, words: Words, code: str) -> list[dict[str, Any]]:
    """When the department's deliveries were there, the latest month first; empty in an issue without the account."""
    rows = [r for r in facts.timeliness.get("rows", []) if r["department"] == code]
    return [
        {
            "period": r["period"],
            "cells": [
                r["due"],
                words.t(f"timeliness.{r['state']}", days=r["late_days"]),
                r["complete_at"] or MISSING,
                f"{r['delivered']} / {r['expected']}",
            ],
        }
        for r in reversed(rows)
    ]


def _months(facts: Facts, code: str) -> list[dict[str, Any]]:
    """Deliveries of every month up to this issue, the latest first."""
    rows = facts.deliveries(code)
    found = []
    for period in reversed(facts.months):
        own = [r for r in rows if r["period"] == period]
        if own:
            sums = {key: sum(r[key] for r in own) for key in ("received", "accepted", "quarantined")}
            cells = [reported(own), shown(sums["received"], 0), shown(sums["quarantined"], 0), share(sums)]
            found.append({"period": period, "cells": cells})
    return found
