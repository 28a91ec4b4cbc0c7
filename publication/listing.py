"""Listing what has been published: for the command line, and for whoever needs the latest revision of a
month.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from city.periods import Period
from city.state import StateFolder
from publication.index import read_index
from publication.manifest import read_issue


@dataclass(frozen=True)
class ListedIssue:
    """One published revision, as the index has it."""

    period: Period
    issue_number: int
    revision: int
    latest: bool
    published_at: str
    reason: str | None
    synthetic: bool
    released_by_override: bool
    folder: Path
    manifest_sha256: str


def list_issues(state: StateFolder) -> list[ListedIssue]:
    """Every published revision, by month and revision."""
    index = read_index(state) or {"issues": []}
    listed = [
        ListedIssue(
            period=entry["period"],
            issue_number=entry["issue_number"],
            revision=entry["revision"],
            latest=entry["latest"],
            published_at=entry["published_at"],
            reason=entry["reason"],
            synthetic=entry["synthetic"],
            released_by_override=entry["released_by_override"],
            folder=state.issues / entry["folder"],
            manifest_sha256=entry["manifest_sha256"],
        )
        for entry in index["issues"]
    ]
    return sorted(listed, key=lambda issue: (issue.period, issue.revision))


def latest_issue(state: StateFolder, period: Period) -> ListedIssue | None:
    """The latest revision of a month; None when the month has not been published."""
    return next((i for i in list_issues(state) if i.period == period and i.latest), None)


def format_issues(issues: list[ListedIssue]) -> str:
    """The list as lines of text: month, 第n期, revision, when, and what a reader must know of it."""
    if not issues:
        return "Nothing is published yet: run `pingan publish MONTH`. 尚未发布。"
    lines = []
    for issue in issues:
        remarks = [
            "" if issue.latest else "superseded 已修订",
            "synthetic 模拟" if issue.synthetic else "",
            "released by override 授权放行" if issue.released_by_override else "",
            issue.reason or "",
        ]
        head = f"{issue.period}  第{issue.issue_number}期  r{issue.revision}  {issue.published_at}"
        lines.append("  ".join([head, issue.manifest_sha256[:12], "; ".join(filter(None, remarks))]).rstrip())
        if issue.revision > 1:
            before = next(i for i in issues if (i.period, i.revision) == (issue.period, issue.revision - 1))
            lines += _correction(issue, before)
    return "\n".join(lines)


def _correction(issue: ListedIssue, before: ListedIssue) -> list[str]:
    """What a revision moved against the one before it, and the hashes of both manifests in full."""
    moved = read_issue(issue.folder).manifest["moved"]
    names = {
        code: f"{zh} {en}"
        for code, zh, en in pl.read_parquet(issue.folder / "units.parquet")
        .select("unit_code", "name_zh", "name_en")
        .iter_rows()
    }
    largest = moved["largest_overall"]
    said = f"moved 变动: {moved['units']} units 个单位, {moved['scores']} scores"
    if largest:
        name = names.get(largest["unit_code"], largest["unit_code"])
        said += f"; largest 最大: {name} {largest['from']:.2f} → {largest['to']:.2f} ({largest['change']:+.2f})"
    return [
        f"    {said}; tables 数据表: {', '.join(moved['tables'])}",
        f"    manifest 清单 r{before.revision} {before.manifest_sha256}",
        f"    manifest 清单 r{issue.revision} {issue.manifest_sha256}",
    ]
