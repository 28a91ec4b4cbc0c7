"""Why a unit's index moved, on its page: sentences, the decomposition by indicator, the effects of its members."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from publication.numbers import shown
from publication.site.facts import Facts
from publication.site.words import Words
from publication.telling import Compared, tell

#: Indicators of a decomposition that are listed by name; the rest is one row.
_LISTED = 10
_EFFECTS = ("value_effect", "weight_effect", "availability_effect", "method_effect", "population_effect")
_SPANS = ("month", "year")


def contributions(facts: Facts, words: Words, code: str) -> list[dict[str, Any]]:
    """The overall change told and taken apart by indicator, against last month and last year."""
    if facts.data.has("contributions"):
        return [_decomposed(facts, words, code, span) for span in _SPANS]
    return []


def _decomposed(facts: Facts, words: Words, code: str, span: str) -> dict[str, Any]:
    compared, changes = facts.changes[span]
    change = changes[code]
    told = tell(words.wording, compared, change)
    rows = facts.contributions.get((code, span), [])
    if not rows:
        return {"told": told, "rows": []}
    parts = [
        {
            "code": r["indicator_code"],
            "name": _name(compared, words, r["indicator_code"]),
            "value": r["value_effect"],
            "other": sum(r[e] for e in _EFFECTS[1:]),
            "total": r["total"],
        }
        for r in sorted(rows, key=lambda r: (-abs(r["total"]), r["indicator_code"]))
    ]
    listed, others = parts[:_LISTED], parts[_LISTED:]
    points = shown(change.score[f"change_{span}"], signed=True)
    return {
        "told": told,
        "title": words.t("unit.contributions_title", span=words.t(f"col.change_{span}"), change=points),
        "rows": [{"code": p["code"], "name": p["name"], "there": p["code"] in facts.node, **_shown(p)} for p in listed],
        "rest": _shown(_summed(others)),
        "rest_count": len(others),
        "sum": _shown(_summed(parts)),
    }


def _name(compared: Compared, words: Words, code: str) -> str:
    """An indicator's name, also of one that the later method no longer has; its code where no issue names it."""
    return words.wording.name(compared.nodes[code]) if code in compared.nodes else code


def _summed(parts: list[dict[str, Any]]) -> dict[str, float]:
    return {key: sum(p[key] for p in parts) for key in ("value", "other", "total")}


def _shown(part: Mapping[str, Any]) -> dict[str, str]:
    return {key: shown(part[key], 3, signed=True) for key in ("value", "other", "total")}


def spans_of_members(facts: Facts, code: str) -> list[str]:
    """Comparisons in which the members' parts of a unit's change are known."""
    return [span for span in _SPANS if (code, span) in facts.member_effects]


def effects_of_member(facts: Facts, code: str, member: str) -> list[str]:
    """A member's part of the unit's change in each of `spans_of_members`."""
    spans = spans_of_members(facts, code)
    return [shown(facts.member_effects[code, span].get(member, 0.0), 3, signed=True) for span in spans]


def effects_of_all_members(facts: Facts, code: str) -> list[tuple[str, list[str]]]:
    """What belongs to no single member, and the sum of all, as the last rows of the members' table; name and parts."""
    known = [facts.member_effects[code, span] for span in spans_of_members(facts, code)]
    if not known:
        return []
    alone = [shown(effects.get("", 0.0), 3, signed=True) for effects in known]
    return [
        ("explain.nobody", alone),
        ("effect.sum", [shown(sum(effects.values()), 3, signed=True) for effects in known]),
    ]
