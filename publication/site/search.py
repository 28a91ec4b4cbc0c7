"""What the search box knows: units, nodes and departments by Chinese and English name, pinyin and code."""

from __future__ import annotations

from typing import Any

from pypinyin import Style, lazy_pinyin

from publication.site.facts import Facts, Row


def search_index(facts: Facts) -> dict[str, Any]:
    """For units, nodes and departments a list [code, Chinese, English, pinyin, code above], in the order of pages.

    Pinyin is the whole name without spaces, a space, and the first letters: 大城街道 is `dachengjiedao dcjd`. Beside
    them what all charts share: months, cut points, ends of axes, and in `strip` the places of its dots in `units`.
    """
    return {
        **facts.chart_frame,
        "strip": [facts.unit_place[code] for code in facts.strip_units],
        "units": [_entry(u, u["unit_code"], u["parent"]) for u in facts.units],
        "nodes": [_entry(n, n["code"], n["parent"]) for n in facts.nodes],
        "departments": [_entry(d, d["code"], "") for d in facts.departments],
    }


def _entry(row: Row, code: str, above: str) -> list[str]:
    return [code, row["name_zh"], row["name_en"], pinyin(row["name_zh"]), above or ""]


def pinyin(name: str) -> str:
    """Whole pinyin and first letters of a name; what is not Chinese stays as it is, in small letters."""
    whole = "".join(lazy_pinyin(name))
    first = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))
    return f"{whole} {first}".lower()
