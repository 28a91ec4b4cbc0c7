"""Pages about the issue as a whole: lists of units, indicators and departments, compare, method, quality, downloads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from publication.charts.drawing import Drawer
from publication.listing import list_issues
from publication.manifest import read_issue
from publication.numbers import MISSING, shown
from publication.rendering import RENDERINGS
from publication.site import figures
from publication.site.departments import counts, reported, share
from publication.site.facts import Facts
from publication.site.overview import cell
from publication.site.words import Words

#: Texts that compare.js shows.
_SCRIPT_WORDS = ("compare.chart", "compare.empty", "compare.many", "compare.loading", "col.month", "chart.table")


def unit_list(facts: Facts, words: Words) -> dict[str, Any]:
    """All units: each upper unit before its members."""
    rows = [
        {
            "code": u["unit_code"],
            "upper": bool(facts.members[u["unit_code"]]),
            "level": words.level(u["level"]),
            "rank": facts.score[u["unit_code"], facts.data.root]["rank"],
            "residents": u["residents"],
            **cell(facts, u["unit_code"], facts.data.root),
        }
        for u in facts.units
    ]
    return {"kind": "units", "title": words.t("nav.units"), "rows": rows}


def indicator_list(facts: Facts, words: Words) -> dict[str, Any]:
    """The framework as a tree."""
    top = facts.top["unit_code"] if facts.top else ""
    rows = [
        {
            "code": n["code"],
            "depth": n["level"],
            "upper": not n["scoring"],
            "department": n["department"],
            "effective": n["effective_weight"],
            **(cell(facts, top, n["code"]) if top else {}),
        }
        for n in facts.nodes
    ]
    return {
        "kind": "indicators",
        "title": words.t("nav.indicators"),
        "rows": rows,
        "top_name": words.unit_name.get(top, ""),
    }


def department_list(facts: Facts, words: Words) -> dict[str, Any]:
    """All departments with what they delivered."""
    rows = []
    for department in facts.departments:
        own = [n for n in facts.indicators if n["department"] == department["code"]]
        feeds = [f for f in facts.feeds if f["department"] == department["code"]]
        sums = {key: sum(f[key] for f in feeds) for key in ("received", "accepted", "quarantined")}
        cells = [
            str(len(own)),
            f"{shown(100 * sum(n['effective_weight'] for n in own))}%",
            reported(feeds),
            shown(sums["received"], 0),
            shown(sums["quarantined"], 0),
            share(sums),
        ]
        rows.append({"code": department["code"], "cells": cells})
    return {"kind": "departments", "title": words.t("nav.departments"), "rows": rows}


def compare(facts: Facts, words: Words) -> dict[str, Any]:
    """The choices of the compare page, and the table that stands there without scripts."""
    upper = [u for level in facts.levels[:-1] for u in facts.of_level(level)]
    columns = [u["unit_code"] for u in upper] or [u["unit_code"] for u in facts.units[:8]]
    nodes = [n for n in facts.nodes if not n["scoring"] or n["level"] <= 1]
    return {
        "title": words.t("compare.title"),
        "units": [
            {
                "code": u["unit_code"],
                "label": _indented(facts.levels.index(u["level"]), words.unit_name[u["unit_code"]]),
            }
            for u in facts.units
        ],
        "nodes": [{"code": n["code"], "label": _indented(n["level"], words.name(n))} for n in facts.nodes],
        "months": facts.months,
        "script_words": json.dumps({k: words.t(k) for k in _SCRIPT_WORDS}, ensure_ascii=False, sort_keys=True),
        "columns": columns,
        "matrix": [
            {"code": n["code"], "upper": n["level"] <= 1, "cells": [cell(facts, c, n["code"]) for c in columns]}
            for n in nodes
        ],
    }


def method(facts: Facts, words: Words, drawer: Drawer) -> dict[str, Any]:
    """How the index is made, and the weights."""
    rules = facts.version.rules
    fields = {
        "coverage": shown(float(rules["minimum_coverage"]) * 100, 0),
        "months": int(rules["carry_forward"]["months"]),
    }
    kinds = [n["scoring"] for n in facts.indicators]
    return {
        "title": words.t("method.title"),
        "method_version": facts.version.from_period,
        "chapters": [
            (words.t(f"method.{chapter}.title"), [words.t(f"method.{chapter}.text", **fields)])
            for chapter in ("chain", "missing", "change", "publish")
        ],
        "weights": figures.weights(facts, words, drawer),
        "vetoes": [
            {
                "event": words.measure(v["measure"]),
                "at_least": f"{float(v['at_least']):g}",
                "window": words.t(f"window.{v['window']}"),
                "cap": v["cap"],
            }
            for v in rules.get("veto", ())
        ],
        "kinds": [
            {"name": words.t(f"scoring.{kind}"), "formula": words.t(f"formula.{kind}"), "count": kinds.count(kind)}
            for kind in sorted(set(kinds))
        ],
    }


def quality(facts: Facts, words: Words) -> dict[str, Any]:
    """What the gates said, what is covered, what was set aside, what was revised."""
    named = (facts.data.manifest.get("compares_with") or {}).items()
    compared = {span: with_.get("period") or words.t("quality.compared_none") for span, with_ in named}
    return {
        "title": words.t("quality.title"),
        "checks": quality_checks(facts, words),
        "coverage": _coverage(facts, words),
        "statuses": _statuses(facts, words),
        "deliveries": _deliveries(facts),
        "compared": words.t("quality.compared", **compared) if compared else "",
        "revisions": _revisions(facts, words),
        **_sensitivity(facts, words),
    }


def _sensitivity(facts: Facts, words: Words) -> dict[str, Any]:
    """What decides the ranks, as the issue's study found it: Sobol indices with their intervals."""
    if not facts.sensitivity:
        return {"sensitivity": [], "sensitivity_note": words.t("not_in_issue")}
    first = facts.sensitivity[0]
    share = f"{100 * first['weights_share']:g}"
    runs = words.t("robustness.runs", runs=shown(first["runs"], 0), seed=first["seed"], share=share)
    rows = [
        {
            "name": words.t(f"robustness.assumption.{row['assumption']}"),
            "cells": [_options(row), _sobol(row, "first"), _sobol(row, "total")],
            "problem": row["problem"],
        }
        for row in facts.sensitivity
    ]
    return {"sensitivity": rows, "sensitivity_note": f"{words.t('quality.sensitivity_note')} {runs}"}


def _options(row: Mapping[str, Any]) -> str:
    """How many values an assumption took, and in how many indicators."""
    varied = row["indicators_varied"]
    return shown(row["options"], 0) + ("" if varied is None else f" ({varied})")


def _sobol(row: Mapping[str, Any], kind: str) -> str:
    index, low, high = (shown(row[f"{kind}_order{end}"]) for end in ("", "_p05", "_p95"))
    return f"{index} [{low}, {high}]"


def quality_checks(facts: Facts, words: Words) -> list[dict[str, Any]]:
    """Every check of the gates with its verdict in words."""
    from gates.result import WARNING

    rows = []
    for gate, answer in sorted((facts.data.manifest.get("gates") or {}).items()):
        for check in answer["checks"]:
            verdict = "passed" if check["passed"] else "warned" if check.get("severity") == WARNING else "failed"
            if not check["applicable"]:
                verdict = "inapplicable"
            rows.append(
                {
                    "gate": gate,
                    "check": words.wording.check(check["check"]),
                    "verdict": words.t(f"quality.{verdict}"),
                    "failed": verdict == "failed",
                    "observed": check["observed"],
                }
            )
    return rows


def _coverage(facts: Facts, words: Words) -> list[dict[str, Any]]:
    rows = []
    for level in facts.levels:
        own = [r for r in facts.overall if r["unit_level"] == level]
        covered = [r["coverage"] or 0.0 for r in own]
        cells = [
            str(len(own)),
            str(sum(r["score"] is not None for r in own)),
            f"{shown(min(covered) * 100, 1)}%",
            f"{shown(sum(covered) / len(covered) * 100, 1)}%",
        ]
        rows.append({"name": words.level(level), "cells": cells})
    return rows


def _statuses(facts: Facts, words: Words) -> list[dict[str, Any]]:
    found = facts.data.table("values")["status"].value_counts().sort("count", "status", descending=[True, False])
    total = sum(found["count"])
    return [
        {"name": words.status(status), "count": shown(count, 0), "share": f"{shown(100 * count / total)}%"}
        for status, count in found.iter_rows()
    ]


def _deliveries(facts: Facts) -> list[dict[str, Any]]:
    rows = []
    for department in facts.departments:
        feeds = [f for f in facts.feeds if f["department"] == department["code"]]
        rows.append({"code": department["code"], "cells": [reported(feeds), *counts(feeds)]})
    return rows


def _revisions(facts: Facts, words: Words) -> list[dict[str, Any]]:
    rows = []
    for listed in list_issues(facts.data.state):
        if listed.period != facts.data.period or listed.revision > facts.data.issue.revision:
            continue
        manifest: Mapping[str, Any] = read_issue(listed.folder).manifest
        moved = manifest.get("moved")
        rows.append(
            {
                "revision": listed.revision,
                "reason": listed.reason or words.t("quality.first"),
                "moved": words.t("quality.moved_text", units=moved["units"], scores=moved["scores"])
                if moved
                else MISSING,
                "hash": listed.manifest_sha256,
            }
        )
    return rows


def downloads(facts: Facts, words: Words) -> dict[str, Any]:
    """The data files of the issue, and those of its other renderings that are there."""
    files = [
        {
            "name": name,
            "holds": words.table(name.partition(".")[0]),
            "bytes": shown(entry["bytes"], 0),
            "sha256": entry["sha256"],
        }
        for name, entry in sorted(facts.data.issue.files.items())
    ]
    others = [
        (f"{words.t(f'rendering.{r.name}')} · {entry}", f"{r.name}/{entry}")
        for r in RENDERINGS.values()
        if r.name != "site"
        for entry in r.entries
        if (facts.data.folder / r.name / entry).is_file()
    ]
    return {"title": words.t("downloads.title"), "files": files, "others": others}


def _indented(depth: int, name: str) -> str:
    """A choice of a list, moved in by its level with wide spaces (which browsers keep)."""
    return "\u3000" * depth + name
