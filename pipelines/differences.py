"""`pingan diff`: before anything is published, what restated deliveries move – months, units, how much, and why.

Assembles what warehouse/staleness.py (which months must be computed again) and publication/differences.py (what a
computed month moves) find, and puts it into words. Nothing is computed or published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from city import City, Period, StateFolder
from city.periods import add_months
from gates.candidate import TABLES, read_description
from publication.differences import MonthDifference, month_difference
from publication.listing import list_issues
from publication.manifest import Issue, read_issue
from warehouse.inputs import folder_hashes
from warehouse.staleness import Changes, changes_since, landed_now

#: Units, indicators and deliveries that the screen shows of each.
SHOWN = 5


@dataclass(frozen=True)
class MonthState:
    """A month between its deliveries, its candidate and its issue. `pending`: what has changed since it was computed.

    `lacks`: tables that the candidate of an older version of the code does not have. `difference` is None without a
    whole candidate or without an issue.
    """

    period: Period
    issue: Issue | None
    computed: bool
    pending: Changes
    difference: MonthDifference | None
    lacks: Sequence[str] = ()

    @property
    def must_be_computed(self) -> bool:
        """Whether the candidate (or, without one, the issue) is older than deliveries, the city's folder or tables."""
        return bool(self.pending or self.lacks)


@dataclass(frozen=True)
class Differences:
    """The months asked for, and published months outside them that must be computed again as well."""

    months: Sequence[MonthState]
    stale_elsewhere: Sequence[Period]

    @property
    def moves(self) -> pl.DataFrame:
        """Every unit × node that moves, all months; empty when nothing does."""
        frames = [m.difference.nodes for m in self.months if m.difference is not None]
        return pl.concat(frames) if frames else pl.DataFrame()


def differences(city: City, state: StateFolder, months: Sequence[Period], *, compare: bool = True) -> Differences:
    """Compare the months with their latest issues; other published months are looked at for staleness only.

    Without `compare` no table is read: only which months must be computed again.
    """
    latest = {entry.period: read_issue(entry.folder) for entry in list_issues(state) if entry.latest}
    asked = set(months)
    everywhere = sorted(asked | latest.keys())
    landed, files = landed_now(city, state, everywhere), folder_hashes(city)
    found: dict[Period, MonthState] = {}
    for period in everywhere:
        candidate, issue = state.candidate(period), latest.get(period)
        computed = (candidate / "candidate.json").exists()
        described = read_description(candidate) if computed else issue.manifest if issue else None
        pending = changes_since(city, described, landed, files) if described else Changes()
        lacks = [name for name in TABLES if computed and not (candidate / f"{name}.parquet").exists()]
        difference = None
        if compare and period in asked and computed and issue and not lacks:
            difference = month_difference(candidate, issue)
        found[period] = MonthState(period, issue, computed, pending, difference, lacks)
    return Differences(
        [found[period] for period in months],
        [p for p in everywhere if p not in asked and found[p].must_be_computed],
    )


def text(city: City, found: Differences, shown: int = SHOWN) -> str:
    """The screen: a paragraph for each month with something to say, one line for the rest, and what to run."""
    names = {department.code: department for department in city.departments}
    lines: list[str] = []
    quiet = [m.period for m in found.months if m.issue and not m.must_be_computed and _nothing(m)]
    for month in found.months:
        if month.period not in quiet:
            lines += [*_month(month, names, shown), ""]
    if quiet:
        lines += [f"{_ranges(quiet)}: as published, nothing moves. 与已发布一致，无变动。", ""]
    must = [m.period for m in found.months if m.must_be_computed]
    if must:
        lines.append(f"Compute again 需重算: {_commands('materialize', must)}")
    if found.stale_elsewhere:
        lines.append(
            f"Also older than the deliveries, outside the months asked for 范围之外同样需重算: "
            f"{_commands('materialize', found.stale_elsewhere)}"
        )
    moved = [m.period for m in found.months if m.difference is not None and m.difference.tables]
    if moved and not must:
        reason = ' --reason "…"'
        lines.append(f"Publish as new revisions 发布修订: {_commands('publish', moved, reason)}")
    return "\n".join(lines).rstrip()


def _nothing(month: MonthState) -> bool:
    return month.difference is None or not month.difference.tables


def _month(month: MonthState, departments: Mapping[str, object], shown: int) -> list[str]:
    if month.issue is None:
        what = "computed, not published 已计算，未发布" if month.computed else "neither computed nor published 未计算"
        lines = [f"{month.period}: {what}"]
    else:
        number, revision = month.issue.manifest["issue_number"], month.issue.revision
        lines = [f"{month.period}  第{number}期, against 对比 r{revision}"]
    if month.pending:
        lines += _pending(month, departments, shown)
    if month.lacks:
        lines.append(f"  computed by an older version, which did not make 旧版结果缺表: {', '.join(month.lacks)}")
    if month.difference is not None:
        lines += _moves(month.difference, shown)
    return lines


def _pending(month: MonthState, departments: Mapping[str, object], shown: int) -> list[str]:
    what = "candidate" if month.computed else "issue"
    lines = [f"  stale: the {what} is older than what is in force now 数据已更新，结果待重算"]
    for delivery in month.pending.deliveries[:shown]:
        department = departments.get(delivery.department)
        name = f"{getattr(department, 'name_zh', '')} {getattr(department, 'name_en', delivery.department)}".strip()
        lines.append(f"    {delivery.change}: {name}, {delivery.record_set} {delivery.period}")
    more = len(month.pending.deliveries) - shown
    if more > 0:
        lines.append(f"    … and {more} more deliveries 另有 {more} 份报送")
    if month.pending.files:
        lines.append(f"    the city's folder changed 城市目录已改: {', '.join(month.pending.files[:shown])}")
    return lines


def _moves(difference: MonthDifference, shown: int) -> list[str]:
    moved, colours, ranks = difference.scores_moved, difference.colours_changed, difference.ranks_changed
    if not difference.tables:
        return ["  nothing moves 无变动"]
    by_level = moved.group_by("level").len().sort("level")
    levels = ", ".join(f"{count} {level}" for level, count in by_level.iter_rows()) or "0"
    lines = [
        f"  units moved 变动单位: {levels}; colours changed 等级变化: {colours.height}; "
        f"ranks changed 名次变化: {ranks.height}; tables 数据表: {', '.join(difference.tables)}"
    ]
    lines += [f"    {_unit(row)}" for row in moved.head(shown).iter_rows(named=True)]
    if moved.height > shown:
        lines.append(f"    … and {moved.height - shown} more units 另有 {moved.height - shown} 个单位")
    for row in colours.head(shown).iter_rows(named=True):
        lines.append(f"    colour 等级 {row['name_zh']}: {row['colour_before'] or '–'} → {row['colour_after'] or '–'}")
    behind = difference.indicators()
    if behind.height:
        lines.append(f"  behind it 涉及指标 ({behind.height}):")
    for row in behind.head(shown).iter_rows(named=True):
        largest = "–" if row["largest"] is None else f"{row['largest']:.2f}"
        lines.append(
            f"    {row['node_code']} {row['node_zh']} {row['node_en']} · {row['department_zh']} "
            f"{row['department_en']}: {row['units']} units, at most 最大 {largest}"
        )
    return lines


def _unit(row: Mapping[str, object]) -> str:
    def number(value: object) -> str:
        return "–" if value is None else f"{value:.2f}"

    change = row["change"]
    moved = "" if change is None else f" ({change:+.2f})"
    rank = "" if row["rank_before"] == row["rank_after"] else f", rank 名次 {row['rank_before']} → {row['rank_after']}"
    return (
        f"{row['name_zh']} {row['name_en']}: {number(row['score_before'])} → {number(row['score_after'])}{moved}{rank}"
    )


def _commands(command: str, months: Sequence[Period], options: str = "") -> str:
    return "; ".join(f"pingan {command} {part}{options}" for part in month_ranges(months))


def _ranges(months: Sequence[Period]) -> str:
    return ", ".join(month_ranges(months))


def month_ranges(months: Sequence[Period]) -> list[str]:
    """Consecutive months as ranges, in order."""
    runs: list[list[Period]] = []
    for period in sorted(months):
        if runs and add_months(runs[-1][-1], 1) == period:
            runs[-1].append(period)
        else:
            runs.append([period])
    return [run[0] if len(run) == 1 else f"{run[0]}..{run[-1]}" for run in runs]
