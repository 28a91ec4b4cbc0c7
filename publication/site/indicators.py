"""A page for each node of the framework: what it is, how it is scored, and where every unit stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from publication.charts.drawing import Drawer
from publication.extremes import first_of
from publication.numbers import shown
from publication.site import figures
from publication.site.facts import Facts, Row
from publication.site.overview import cell
from publication.site.rows import unit_rows
from publication.site.words import Words

_LISTED = 5
#: Parameters that each scoring kind uses, by column of `scoring_parameters` and the name readers know them by.
_PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "goalpost": {"p0": "p0", "p60": "p60", "p100": "p100"},
    "target_attainment": {"target": "T"},
    "relative_minmax": {"lo": "lo", "hi": "hi"},
    "zero_tolerance": {},
    "minmax": {"lo": "lo", "hi": "hi", "range_low": "L", "range_high": "U"},
    "zscore": {"mean": "mean", "sd": "sd", "centre": "m", "spread": "s"},
    "percentile_rank": {"factor": "factor"},
}


def indicator_page(
    facts: Facts, words: Words, drawer: Drawer, code: str, parameters: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What indicator.html shows. `parameters` are the scoring parameters of the peer groups (leaves only)."""
    node = facts.node[code]
    leaf = bool(node["scoring"])
    top = facts.top["unit_code"] if facts.top else ""
    path: list[str] = []
    parent = node["parent"]
    while parent in facts.node:
        path.insert(0, parent)
        parent = facts.node[parent]["parent"]
    labelled = [{**p, "label": _group(words, str(p["parameter_group"]))} for p in parameters]
    return {
        "code": code,
        "title": words.node_name[code],
        "other_name": words.other_name(node),
        "path": path,
        "level_name": words.node_level(node),
        "leaf": leaf,
        "department": node["department"],
        "definition": _definition(facts, words, node, labelled),
        "curve": figures.curve(facts, words, drawer, node, labelled) if leaf else None,
        "trend": figures.trend(facts, words, drawer, top, code) if top else None,
        "strip": figures.strip(facts, words, drawer, node),
        "top_name": words.unit_name.get(top, ""),
        "parts": [
            {
                "code": c["code"],
                "weight": c["weight"] / sum(s["weight"] for s in facts.children[code]),
                "effective": c["effective_weight"],
                **(cell(facts, top, c["code"]) if top else {}),
            }
            for c in facts.children[code]
        ],
        **_best_and_worst(facts, words, node),
        "rows": unit_rows(words, node, facts.units),
    }


def _best_and_worst(facts: Facts, words: Words, node: Row) -> dict[str, Any]:
    """The lowest level's first and last by rank, each with how many more have its last score: or that all are equal."""
    level = facts.levels[-1]
    rows = [facts.score[u["unit_code"], node["code"]] for u in facts.of_level(level)]
    ranked = [r for r in rows if r["rank"] is not None]
    if len(ranked) < 2 * _LISTED:
        return {"best": [], "all_equal": ""}
    if len({r["rank"] for r in ranked}) == 1:
        score = shown(ranked[0]["score"])
        return {"best": [], "all_equal": words.t("node.all_equal", count=len(ranked), score=score)}
    found: list[tuple[str, Markup, str]] = []
    for which, sign in (("best", 1), ("worst", -1)):
        chosen = first_of(ranked, lambda r, sign=sign: sign * r["rank"], "unit_code", _LISTED)  # type: ignore[misc]
        found.append(
            (
                words.t(f"node.{which}", count=_LISTED, level=words.level(level)),
                unit_rows(words, node, [facts.unit[r["unit_code"]] for r in chosen.rows]),
                words.t("node.more_equal", count=chosen.more) if chosen.more else "",
            )
        )
    return {"best": found, "all_equal": ""}


def _definition(facts: Facts, words: Words, node: Row, groups: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    siblings = facts.children.get(node["parent"], [node])
    share = node["weight"] / sum(s["weight"] for s in siblings)
    rules = facts.version.rules
    weights = [
        (words.t("node.weight"), f"{shown(share * 100)}%"),
        (words.t("node.effective"), f"{shown(node['effective_weight'] * 100, 3)}%"),
    ]
    coverage = words.t("node.missing_upper", coverage=shown(float(rules["minimum_coverage"]) * 100, 0))
    if not node["scoring"]:
        mean = words.t("node.mean_of_children", aggregation=words.t(f"aggregation.{node['aggregation']}"))
        return [
            (words.t("node.level"), words.node_level(node)),
            (words.t("node.formula"), mean),
            *weights,
            (words.t("node.missing"), coverage),
            *([(words.t("node.note"), node["note"])] if node["note"] else []),
        ]
    kind = node["scoring"]
    lines = [
        (words.t("node.level"), words.node_level(node)),
        (words.t("node.formula"), formula(facts, words, node)),
        (words.t("node.unit"), words.value_unit(node) or "–"),
        (words.t("node.window"), words.t(f"window.{node['window']}")),
        (words.t("node.direction"), words.t(f"direction.{node['direction']}")),
        (words.t("node.scoring"), f"{words.t(f'scoring.{kind}')}。{words.t(f'formula.{kind}')}"
         if words.language == "zh" else f"{words.t(f'scoring.{kind}')}. {words.t(f'formula.{kind}')}"),
    ]  # fmt: skip
    given = _parameters(str(kind), groups)
    if given:
        lines.append((words.t("node.parameters"), given))
    if node["smoothing"]:
        rule, _, k = str(node["smoothing"]).partition(";k=")
        lines.append((words.t("node.smoothing"), words.t(f"smoothing.{rule}", k=shown(float(k or 10000), 0))))
    if node["applies_to"]:
        levels = "、".join(_group_name(words, part) for part in str(node["applies_to"]).split(";"))
        lines.append((words.t("node.applies"), levels))
    lines += weights
    months = int(rules["carry_forward"]["months"])
    lines.append((words.t("node.missing"), words.t("node.missing_leaf", months=months)))
    if node["note"]:
        lines.append((words.t("node.note"), node["note"]))
    return lines


def formula(facts: Facts, words: Words, node: Row) -> str:
    """An indicator's formula with its measures by name."""
    leaf = next(n for n in facts.version.indicators if n.code == node["code"])
    if node["scoring"] == "zero_tolerance":
        classes = [f"{words.measure(c['measure'])} {float(c['deduct']):g}" for c in leaf.params["classes"]]
        return words.t("node.formula_events", classes=("；" if words.language == "zh" else "; ").join(classes))
    numerator = words.measure(leaf.numerator)
    scale = f"{leaf.scale:,.6g}"
    if not leaf.denominator:
        key = "node.formula_count" if leaf.scale == 1 else "node.formula_count_scaled"
        return words.t(key, numerator=numerator, scale=scale)
    key = "node.formula_ratio" if leaf.scale == 1 else "node.formula_scaled"
    return words.t(key, numerator=numerator, denominator=words.measure(leaf.denominator), scale=scale)


def _parameters(kind: str, groups: Sequence[Mapping[str, Any]]) -> str:
    """Parameters of the peer groups, once where they are the same for all."""
    texts = []
    for group in groups:
        given = ", ".join(f"{n} = {group[k]:.6g}" for k, n in _PARAMETERS[kind].items() if group[k] is not None)
        texts.append((str(group["label"]), given))
    if len({given for _, given in texts}) <= 1:
        return texts[0][1] if texts else ""
    return "; ".join(f"{label}: {given}" for label, given in texts)


def _group(words: Words, parameter_group: str) -> str:
    return _group_name(words, parameter_group.removeprefix("peer group ").strip())


def _group_name(words: Words, group: str) -> str:
    """A peer group or level; cities name their own, and one that the catalogue does not know shows its own name."""
    for key in (f"peer_group.{group}", f"level.{group}"):
        if key in words.catalogue.texts:
            return words.t(key)
    return group
