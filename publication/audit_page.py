"""An audit as people read it: audit.html, one page that opens without a network, and the terminal.

Belongs here: laying out tables of `publication.audit` in two languages. No statistics.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from rich.console import Console
from rich.table import Table

from city import City
from publication.audit import Audit, Finding
from publication.catalogue import load_catalogue
from publication.numbers import shown

_INDICATOR_COLUMNS = (
    *("availability", "zeros", "median", "skewness", "kurtosis", "outliers", "at_floor", "at_ceiling"),
    *("discriminates", "r_parent", "r_overall", "r_siblings", "nominal_weight", "importance", "variance_share"),
    "treatment",
)
_NODE_COLUMNS = (
    *("children", "cronbach_alpha", "median", "p25", "p75", "sd", "at_ceiling", "r_parent", "r_overall"),
    *("nominal_weight", "importance", "variance_share"),
)
_TERMINAL_COLUMNS = (
    *("availability", "zeros", "skewness", "kurtosis", "at_floor", "at_ceiling", "r_parent", "r_overall"),
    *("nominal_weight", "importance"),
)
_PERCENT = {
    *("availability", "zeros", "outliers", "at_floor", "at_ceiling"),
    *("nominal_weight", "importance", "variance_share"),
}
#: How many of the nodes that a finding is about the terminal names.
_NAMED = 8

_TEMPLATE = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ index_zh }} {{ both("title").zh }}</title>
<style>
:root { --ink: #1c2b36; --soft: #52616d; --line: #d5dce1; --paper: #fff; --ground: #f3f5f6; --deep: #24506b;
  --bad: #9c2f26; --bad-tint: #faf0ee; --note-tint: #fbf6e9; --bar: #cfe0ea; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.6 "Noto Sans CJK SC",
  "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif; }
main { max-width: 96rem; margin: 0 auto; padding: 2.2rem 2.5rem 3rem; background: var(--paper);
  border-top: 5px solid var(--deep); }
h1 { font-size: 1.7rem; margin: 0; line-height: 1.3; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .7rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
.en { color: var(--soft); font-size: .875em; font-weight: 400; }
h1 .en { display: block; font-size: 1rem; }
.facts, .note { color: var(--soft); font-size: .92rem; max-width: 72rem; }
.notice { margin: 1.2rem 0 0; padding: .8rem 1.1rem; border-left: 5px solid #c9a227; background: var(--note-tint); }
.notice p { margin: 0; }
ol { padding-left: 1.4rem; max-width: 72rem; }
li { margin: .7rem 0; }
li .en { display: block; }
details { font-size: .9rem; color: var(--soft); }
summary { cursor: pointer; }
.scroll { overflow: auto; max-height: 85vh; border: 1px solid var(--line); }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .85rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .55rem; border-bottom: 1px solid var(--line); }
thead th { position: sticky; top: 0; z-index: 2; background: var(--paper); border-bottom: 2px solid var(--deep);
  white-space: nowrap; }
tbody th { position: sticky; left: 0; z-index: 1; background: var(--paper); font-weight: 500; min-width: 13rem; }
thead th:first-child { left: 0; z-index: 3; }
thead .en, tbody th .en { display: block; line-height: 1.3; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { background: linear-gradient(to left, var(--bar) var(--share), transparent var(--share)); }
.treatment { white-space: nowrap; }
.bad { color: var(--bad); background: var(--bad-tint); font-weight: 600; }
tr.top th, tr.top td { border-top: 2px solid var(--line); }
@media (max-width: 700px) { main { padding: 1.2rem 1rem; } tbody th { min-width: 8rem; } }
@media print { .scroll { max-height: none; overflow: visible; } main { max-width: none; padding: 0; } }
</style>
</head>
<body>
<main>
<h1>{{ index_zh }} · {{ both("title").zh }}
<span class="en" lang="en">{{ index_en }} · {{ both("title").en }}</span></h1>
{% if notice_zh or notice_en %}
<div class="notice"><p>{{ notice_zh }}</p><p class="en" lang="en">{{ notice_en }}</p></div>
{% endif -%}
<p class="facts">{{ scope.zh }} <span class="en" lang="en">{{ scope.en }}</span></p>
<h2>{{ both("findings").zh }} <span class="en" lang="en">{{ both("findings").en }}</span></h2>
<ol>
{% for finding in findings %}<li>{{ finding.zh }} <span class="en" lang="en">{{ finding.en }}</span>
{%- if finding.nodes %}<details{% if finding.nodes | length <= 10 %} open{% endif %}>
<summary>{{ finding.which }}</summary>
{{ finding.nodes | join("；") }}</details>{% endif %}</li>
{% endfor %}</ol>
{% for name, columns, rows in tables %}
<h2 id="{{ name }}">{{ both(name).zh }} <span class="en" lang="en">{{ both(name).en }}</span></h2>
<div class="scroll" tabindex="0" role="region" aria-labelledby="{{ name }}"><table>
<thead><tr>{% for column in ("name",) + columns %}<th scope="col">{{ both("column." ~ column).zh }}
<span class="en" lang="en">{{ both("column." ~ column).en }}</span></th>{% endfor %}</tr></thead>
<tbody>
{% for row in rows %}<tr{% if row.top %} class="top"{% endif %}><th scope="row">{{ row.code }} {{ row.name_zh }}
<span class="en" lang="en">{{ row.name_en }}</span></th>
{%- for cell in row.cells %}<td class="{{ cell.kind }}"{{ cell.style }}>{{ cell.text }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></div>
{% endfor %}
<p class="note">{{ both("note").zh }}</p><p class="note en" lang="en">{{ both("note").en }}</p>
</main>
</body>
</html>
"""


def write_page(audit: Audit, city: City, folder: Path) -> Path:
    """Write audit.html; answers its path. The same audit gives the same bytes."""
    names = _names(audit)
    page = Environment(autoescape=True, trim_blocks=True).from_string(_TEMPLATE)
    indicators = _with_siblings(audit)
    text = page.render(
        both=_both,
        index_zh=city.settings["index_name_zh"],
        index_en=city.settings["index_name_en"],
        notice_zh=audit.issue.notice("zh"),
        notice_en=audit.issue.notice("en"),
        scope=_scope(audit),
        findings=[
            {
                **_sentence(finding),
                "which": _line(_both("which", count=len(finding.nodes))),
                "nodes": [_named(code, names) for code in finding.nodes],
            }
            for finding in audit.findings
        ],
        tables=[
            ("nodes", _NODE_COLUMNS, _rows(audit.tables["nodes"].to_dicts(), _NODE_COLUMNS)),
            ("indicators", _INDICATOR_COLUMNS, _rows(indicators, _INDICATOR_COLUMNS)),
        ],
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "audit.html"
    path.write_text(text, encoding="utf-8")
    return path


def print_audit(audit: Audit, city: City, console: Console, *, everything: bool) -> None:
    """Print the findings with the nodes they are about and, where asked for, a row for each indicator."""
    names = _names(audit)
    console.rule(f"{city.settings['index_name_zh']} {city.settings['index_name_en']} · {_line(_both('title'))}")
    for language in ("zh", "en"):
        if audit.issue.notice(language):
            console.print(f"[yellow]{audit.issue.notice(language)}[/]")
    console.print(_line(_scope(audit)))
    for number, finding in enumerate(audit.findings, start=1):
        sentence = _sentence(finding)
        console.print(f"[bold]{number}. {sentence['zh']}[/]\n   {sentence['en']}")
        if finding.nodes:
            more = f" … +{len(finding.nodes) - _NAMED}" if len(finding.nodes) > _NAMED else ""
            console.print(f"   {'；'.join(_named(code, names) for code in finding.nodes[:_NAMED])}{more}", style="dim")
    if not everything:
        return
    table = Table(title=_line(_both("indicators")), title_justify="left")
    table.add_column(_line(_both("column.name")))
    for column in _TERMINAL_COLUMNS:
        table.add_column("\n".join(_both(f"column.{column}").values()), justify="right")
    for row in _rows(audit.tables["indicators"].to_dicts(), _TERMINAL_COLUMNS):
        table.add_row(f"{row['code']} {row['name_zh']}", *(cell["text"] for cell in row["cells"]))
    console.print(table)


def _both(key: str, **fields: Any) -> dict[str, str]:
    text = load_catalogue().text
    return {language: text(f"audit.{key}", language, **fields) for language in ("zh", "en")}


def _line(texts: dict[str, str]) -> str:
    return f"{texts['zh']} {texts['en']}"


def _scope(audit: Audit) -> dict[str, str]:
    rows = audit.units * len(audit.months)
    return _both("scope", first=audit.months[0], last=audit.months[-1], units=audit.units, rows=f"{rows:,}")


def _sentence(finding: Finding) -> dict[str, str]:
    return _both(f"finding.{finding.key}", **finding.fields)


def _names(audit: Audit) -> dict[str, str]:
    tables = (audit.tables["indicators"], audit.tables["nodes"])
    return {code: name for table in tables for code, name in table.select("code", "name_zh").iter_rows()}


def _named(code: str, names: dict[str, str]) -> str:
    """A code with its name; a pair of codes with both."""
    return "–".join(f"{part} {names.get(part, '')}".strip() for part in code.split("–"))


def _with_siblings(audit: Audit) -> list[dict[str, Any]]:
    """Rows of indicators with the mean of their correlations with siblings."""
    sums: dict[str, list[float]] = {}
    for row in audit.tables["correlations"].drop_nulls("r").iter_rows(named=True):
        for code in (row["one"], row["other"]):
            sums.setdefault(code, []).append(row["r"])
    means = {code: sum(found) / len(found) for code, found in sums.items()}
    return [{**row, "r_siblings": means.get(row["code"])} for row in audit.tables["indicators"].to_dicts()]


def _rows(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> list[dict[str, Any]]:
    found, parent = [], None
    for row in rows:
        names = {"code": row["code"], "name_zh": row["name_zh"], "name_en": row["name_en"]}
        found.append({**names, "top": row["parent"] != parent, "cells": [_cell(column, row) for column in columns]})
        parent = row["parent"]
    return found


def _cell(column: str, row: dict[str, Any]) -> dict[str, Any]:
    """Text, class and style of a cell: shares in percent with a bar, what a finding is about in red."""
    value = row[column]
    if column == "discriminates":
        return {"text": _line(_both("yes" if value else "no")), "kind": "" if value else "bad", "style": ""}
    if column == "treatment":
        fields = {"drawn_in": row["drawn_in"]} if value == "winsorised" else {}
        text = _line(_both(f"treatment.{value}", **fields)) if value != "none" else "–"
        return {"text": text, "kind": "treatment", "style": ""}
    bad = column.startswith("r_") and value is not None and value < 0
    kind = "number bad" if bad else "number"
    if column not in _PERCENT:
        digits = 0 if column == "children" else 2
        return {"text": shown(value, digits), "kind": kind, "style": ""}
    style = ""
    if column in ("at_ceiling", "at_floor") and value is not None:
        kind, style = "number bar", Markup(f' style="--share: {100 * value:.0f}%"')  # nosec B704 # a number
    return {"text": shown(None if value is None else 100 * value, 1), "kind": kind, "style": style}
