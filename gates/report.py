"""gate.html: a month's release review as one page that opens from disk, for officials first.

Renders what gate C found and what departments delivered; judges nothing. The same inputs give the same
page: there is no clock in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from city.folder import City
from city.periods import Period
from gates.candidate import read_description
from gates.page import TEMPLATE
from gates.result import GateResult, Override

if TYPE_CHECKING:
    from jinja2 import Template

_COUNTS = ("received", "accepted", "quarantined", "other_month", "layout")


def render_gate_page(
    result: GateResult,
    candidate: Path,
    city: City,
    *,
    revision: int | None = None,
    reason: str | None = None,
    override: Override | None = None,
    holding: Mapping[str, Any] | None = None,
) -> str:
    """The page for one month. `candidate` is the folder that was judged; `override` is said at the top, and so is
    `holding`: the holding time (passed_at, until, hours) and people's decisions (user, action, at, reason).
    """
    description = read_description(candidate)
    feeds = _feeds(candidate, result.period)
    return _template().render(
        index_zh=city.settings.get("index_name_zh") or city.name_zh,
        index_en=city.settings.get("index_name_en") or city.name_en,
        period=result.period,
        month_zh=f"{int(result.period[:4])}年{int(result.period[5:])}月",
        issue_number=description.get("issue_number", city.issue_number(result.period)),
        method_version=description.get("method_version", city.version(result.period).from_period),
        notice_zh=description.get("notice_zh", ""),
        notice_en=description.get("notice_en", ""),
        compared_with=result.compared_with,
        revision=revision,
        reason=reason,
        override=override,
        titles={finding.check: (finding.title_zh, finding.title_en) for finding in result.findings},
        holding=holding,
        verdict=_verdict(result, override),
        findings=result.findings,
        failures=[*result.failures, *result.warnings],
        feeds=feeds,
        total=_total(feeds),
    )


@cache
def _template() -> Template:
    """Compiled once for all months of a run: it takes 30 ms, the page itself one."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["thousands"] = _thousands
    environment.filters["shown"] = _shown
    return environment.from_string(TEMPLATE)


def _verdict(result: GateResult, override: Override | None) -> Mapping[str, str]:
    made = sum(finding.applicable for finding in result.findings)
    left_out = len(result.findings) - made
    failed, warned = len(result.failures), len(result.warnings)
    without_zh = f"，另有 {left_out} 项不适用" if left_out else ""
    without_en = f", {left_out} not applicable" if left_out else ""
    if result.passed:
        return {
            "look": "good",
            "zh": "通过审核，可以发布",
            "en": "Passed: may be published",
            "detail_zh": f"{made} 项检查{f'，{warned} 项提醒' if warned else '全部通过'}{without_zh}。",
            "detail_en": f"{f'{made} checks, {warned} warned' if warned else f'All {made} checks passed'}{without_en}.",
        }
    detail_zh = f"{made} 项检查中 {failed} 项未通过{without_zh}。"
    detail_en = f"{failed} of {made} checks failed{without_en}."
    if override is not None:
        return {
            "look": "note",
            "zh": "未通过审核，经授权放行",
            "en": "Not passed: released by a person's decision",
            "detail_zh": detail_zh,
            "detail_en": detail_en,
        }
    return {
        "look": "bad",
        "zh": "未通过审核，不得发布",
        "en": "Not passed: must not be published",
        "detail_zh": detail_zh,
        "detail_en": detail_en,
    }


def _feeds(candidate: Path, period: Period) -> list[dict[str, Any]]:
    """Deliveries of the month summed per department, in the order of departments.parquet."""
    if not (candidate / "feeds.parquet").exists() or not (candidate / "departments.parquet").exists():
        return []
    names = pl.read_parquet(candidate / "departments.parquet").with_row_index("position")
    counted = (
        pl.read_parquet(candidate / "feeds.parquet")
        .filter(pl.col("period") == period)
        .group_by("department")
        .agg(
            pl.len().alias("record_sets"),
            pl.col("reported").fill_null(False).sum(),
            pl.col("record_set").filter(~pl.col("reported").fill_null(False)).sort().alias("absent"),
            *(pl.col(name).fill_null(0).sum() for name in _COUNTS),
        )
    )
    joined = counted.join(names, left_on="department", right_on="code", how="left").sort("position", "department")
    rows = joined.to_dicts()
    return [{**row, "share": _share(row["quarantined"], row["accepted"] + row["quarantined"])} for row in rows]


def _total(feeds: list[dict[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {
        name: sum(int(feed[name]) for feed in feeds) for name in ("record_sets", "reported", *_COUNTS)
    }
    return {**total, "share": _share(total["quarantined"], total["accepted"] + total["quarantined"])}


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "–"


def _thousands(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _shown(value: Any) -> str:
    if value is None:
        return "无 none"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
