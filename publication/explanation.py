"""Why an index moved, from the files of an issue: sentences and tables, in Chinese or English.

Belongs here: what `pingan explain`, the site and the bulletin say of a change. Every sentence says what a number of the
issue says; none names a cause. The wording is in `publication.telling`, the records behind the numbers in
`publication.records`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from city.folder import City
from city.periods import Period, add_months
from publication.reading import IssueData, IssueNotFoundError, read_issue_data
from publication.telling import KINDS, TOLD, Change, Compared, tell
from publication.wording import Wording

MONTHS_BEFORE = {"month": 1, "year": 12}
_TOLD = pl.col("total").abs() >= TOLD


class ExplanationError(LookupError):
    """There is nothing to explain under these words; the message says which words there are."""


@dataclass(frozen=True)
class Explanation:
    """A change of one node of one unit against an earlier month, from the issue that published it.

    `indicators` has one row for each indicator that moved it, the largest first: total and effects in points, and of
    both months score, value, numerator, denominator and status. `members` are those of an upper unit's overall index.
    """

    city: City
    issue: IssueData
    comparison: str
    unit: Mapping[str, Any]
    node: Mapping[str, Any]
    score: Mapping[str, Any]
    earlier: IssueData | None

    @property
    def then(self) -> Period:
        """The month compared with."""
        return add_months(self.issue.period, -MONTHS_BEFORE[self.comparison])

    @property
    def change(self) -> float | None:
        """Points, as published; None where there is no comparison."""
        value = self.score[f"change_{self.comparison}"]
        return None if value is None else float(value)

    @property
    def reason(self) -> str:
        """Why there is no change; empty when there is one."""
        return str(self.score[f"change_{self.comparison}_reason"] or "")

    @cached_property
    def effects(self) -> pl.DataFrame:
        """Rows of contributions; for an indicator its own change, which is all value or method."""
        rows = self.issue.table("contributions").filter(unit_code=self.unit["unit_code"], comparison=self.comparison)
        if self.node["scoring"]:
            part = rows.filter(node_code=self.node["parent"], indicator_code=self.node["code"])
            return _own_effects(part, self.score, self.change or 0.0)
        return rows.filter(node_code=self.node["code"])

    @cached_property
    def indicators(self) -> pl.DataFrame:
        """See the class; columns of the earlier month end in _then and are null where it is not published."""
        unit = pl.col("unit_code") == self.unit["unit_code"]
        then = None if self.earlier is None else self.earlier.table("values").filter(unit)
        effects = self.effects.with_columns(unit_code=pl.lit(self.unit["unit_code"]))
        return _with_values(effects, self.issue.table("values").filter(unit), then, self.framework)

    @cached_property
    def framework(self) -> pl.DataFrame:
        """Nodes of the month's method, and those of the earlier month's that it no longer has."""
        return _framework(self.issue, self.earlier)

    @cached_property
    def members(self) -> pl.DataFrame:
        """Points by member of an upper unit's overall index, the largest first; no rows for any other node."""
        rows = self.issue.table("member_contributions").filter(
            unit_code=self.unit["unit_code"], comparison=self.comparison
        )
        if self.node["level"] != 0:
            rows = rows.clear()
        return _by_member(rows, self.issue.table("units"), self.city)

    def by(self, what: str) -> pl.DataFrame:
        """Points by `department` or `first_level`: code, name_zh, name_en, total; the largest first."""
        groups, names = self._groups(what)
        return (
            self.effects.join(groups, on="indicator_code", how="left")
            .group_by("code")
            .agg(pl.col("total").sum())
            .join(names, on="code", how="left")
            .sort(pl.col("total").abs(), "code", descending=[True, False])
        )

    @cached_property
    def compared(self) -> Compared:
        """The two months as sentences speak of them."""
        return _compared(self.issue, self.earlier, self.comparison, self.then, self.framework)

    def sentences(self, language: str, top: int = 3) -> list[str]:
        """What the numbers say: the change, its kinds, the indicators and members that moved it most."""
        change = Change(
            self.unit,
            self.node,
            self.score,
            {kind: float(self.effects[f"{kind}_effect"].sum()) for kind in KINDS},
            self.indicators.filter(_TOLD).head(top).to_dicts(),
            self.members.filter(_TOLD).head(top).to_dicts(),
        )
        return tell(Wording(self.city, self.issue.period, language), self.compared, change).all

    def _groups(self, what: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """(indicator_code, code of its group), and names of the groups."""
        framework = self.framework
        if what == "department":
            names = self.issue.table("departments").select("code", "name_zh", "name_en")
            return framework.select(indicator_code="code", code="department"), names
        parents = dict(framework.select("code", "parent").iter_rows())
        levels = dict(framework.select("code", "level").iter_rows())

        def first(code: str) -> str:
            while levels[code] > 1:
                code = parents[code]
            return code

        codes = framework["code"].to_list()
        groups = pl.DataFrame({"indicator_code": codes, "code": [first(code) for code in codes]})
        return groups, framework.select("code", "name_zh", "name_en")


def explain(city: City, issue: IssueData, unit: str, node: str = "", comparison: str = "month") -> Explanation:
    """The change of a unit's node (code or name; the overall index unless told otherwise) in an issue.

    ExplanationError names the nearest units or nodes when the words fit none, or says what the issue lacks.
    """
    if not issue.has("contributions"):
        raise ExplanationError(
            f"the issue of {issue.period} holds no contributions: it was published before they were made; "
            f"materialize the month again and publish it with a reason. 本期未含贡献分解，请重新计算并发布。"
        )
    own_unit = _named(issue.table("units"), "unit_code", unit, "unit", "单位")
    framework = issue.table("framework")
    own_node = _named(framework, "code", node or issue.root, "node", "指标")
    score = issue.table("scores").filter(unit_code=own_unit["unit_code"], node_code=own_node["code"])
    if score.is_empty():
        raise ExplanationError(f"{own_unit['unit_code']} has no row for {own_node['code']} in {issue.period}")
    then = add_months(issue.period, -MONTHS_BEFORE[comparison])
    return Explanation(
        city, issue, comparison, own_unit, own_node, score.row(0, named=True), _earlier(issue, then, comparison)
    )


def overall_changes(
    city: City, issue: IssueData, comparison: str, top: int = 3
) -> tuple[Compared, Mapping[str, Change]]:
    """The change of the overall index of every unit, as `explain` finds it for one; for an issue with contributions."""
    then = add_months(issue.period, -MONTHS_BEFORE[comparison])
    earlier = _earlier(issue, then, comparison)
    framework = _framework(issue, earlier)
    root = framework.row(by_predicate=pl.col("code") == issue.root, named=True)
    effects = issue.table("contributions").filter(node_code=issue.root, comparison=comparison)
    kinds = [f"{kind}_effect" for kind in KINDS]
    summed = effects.group_by("unit_code").agg(pl.col(kinds).sum())
    totals = {code: dict(zip(KINDS, points, strict=True)) for code, *points in summed.iter_rows()}
    values_then = None if earlier is None else earlier.table("values")
    indicators = _with_values(effects.filter(_TOLD), issue.table("values"), values_then, framework)
    members = _by_member(issue.table("member_contributions").filter(comparison=comparison), issue.table("units"), city)
    most, most_of = (
        {code: rows.head(top).to_dicts() for (code,), rows in table.group_by("unit_code", maintain_order=True)}
        for table in (indicators, members.filter(_TOLD))
    )
    scores = {row["unit_code"]: row for row in issue.table("scores").filter(node_code=issue.root).iter_rows(named=True)}
    changes = {}
    for unit in issue.table("units").iter_rows(named=True):
        code = unit["unit_code"]
        own_totals = totals.get(code, dict.fromkeys(KINDS, 0.0))
        changes[code] = Change(unit, root, scores[code], own_totals, most.get(code, []), most_of.get(code, []))
    return _compared(issue, earlier, comparison, then, framework), changes


def framework_compared(city: City, issue: IssueData) -> pl.DataFrame:
    """Nodes of the month's method, and after them those that the months compared with had and it no longer has: changes
    hold their effects too. The city's folder has the nodes of a month that is not published, or was under another.
    """
    nodes = issue.table("framework")
    for comparison, months in MONTHS_BEFORE.items():
        then = add_months(issue.period, -months)
        earlier = _earlier(issue, then, comparison)
        published = [] if earlier is None else [earlier.table("framework")]
        for before in (*published, _framework_of_folder(city, then)):
            left = before.filter(~pl.col("code").is_in(nodes["code"].implode()))
            nodes = pl.concat([nodes, left], how="diagonal_relaxed")
    return nodes


def _framework_of_folder(city: City, period: Period) -> pl.DataFrame:
    columns = ("code", "parent", "level", "name_zh", "name_en", "department", "scoring", "unit")
    return pl.DataFrame([{name: getattr(node, name) for name in columns} for node in city.version(period).framework])


def _compared(
    issue: IssueData, earlier: IssueData | None, comparison: str, then: Period, framework: pl.DataFrame
) -> Compared:
    with_ = (issue.manifest.get("compares_with") or {}).get(comparison) or {}
    return Compared(
        comparison=comparison,
        now=issue.period,
        then=then,
        published=earlier is not None,
        version=str(issue.table("framework")["version"][0]),
        version_then=None if earlier is None else str(earlier.table("framework")["version"][0]),
        restated=with_.get("scores_differing") if with_.get("scores_equal") is False else None,
        nodes={row["code"]: row for row in framework.iter_rows(named=True)},
    )


def _framework(issue: IssueData, earlier: IssueData | None) -> pl.DataFrame:
    now = issue.table("framework").with_columns(in_now=True)
    if earlier is None:
        return now.with_columns(in_then=pl.lit(None, dtype=pl.Boolean))
    then = earlier.table("framework")
    left = then.filter(~pl.col("code").is_in(now["code"].implode())).with_columns(in_now=False)
    both = pl.concat([now, left], how="diagonal_relaxed")
    return both.with_columns(in_then=pl.col("code").is_in(then["code"].implode()))


def _with_values(
    effects: pl.DataFrame, now: pl.DataFrame, then: pl.DataFrame | None, framework: pl.DataFrame
) -> pl.DataFrame:
    """Effects of units with both months' values; the largest of each unit first, units in the order of their codes."""
    columns = ["unit_code", "indicator_code", "numerator", "denominator", "value", "score", "status"]
    keys = columns[:2]
    now = now.select(columns)
    names = framework.select("code", "name_zh", "name_en", "department", "unit", "scoring")
    return (
        effects.join(now, on=keys, how="left")
        .join(now.clear() if then is None else then.select(columns), on=keys, how="left", suffix="_then")
        .join(names, left_on="indicator_code", right_on="code", how="left")
        .sort("unit_code", pl.col("total").abs(), "indicator_code", descending=[False, True, False])
    )


def _by_member(rows: pl.DataFrame, units: pl.DataFrame, city: City) -> pl.DataFrame:
    """Effects of upper units by member; the largest of each unit first, units in the order of their codes.

    A member that was dissolved since the earlier month is none of this month's units: the city's folder names it.
    """
    names = units.select("unit_code", "name_zh", "name_en")
    gone = [u for u in city.units if u.code not in set(names["unit_code"])]
    names = names.vstack(pl.DataFrame([(u.code, u.name_zh, u.name_en) for u in gone], names.schema, orient="row"))
    return (
        rows.group_by("unit_code", "member_code")
        .agg(pl.col(*(f"{kind}_effect" for kind in KINDS), "total").sum())
        .join(names, left_on="member_code", right_on="unit_code", how="left")
        .sort("unit_code", pl.col("total").abs(), "member_code", descending=[False, True, False])
    )


def _earlier(issue: IssueData, then: Period, comparison: str) -> IssueData | None:
    compared = (issue.manifest.get("compares_with") or {}).get(comparison) or {}
    try:
        return read_issue_data(issue.state, then, compared.get("revision"))
    except IssueNotFoundError:
        return None


def _named(table: pl.DataFrame, key: str, words: str, what: str, what_zh: str) -> dict[str, Any]:
    """The row that a code or a name means."""
    wanted = words.strip()
    found = table.filter(
        (pl.col(key).str.to_lowercase() == wanted.lower())
        | (pl.col("name_zh") == wanted)
        | (pl.col("name_en").str.to_lowercase() == wanted.lower())
    )
    if found.height == 1:
        return found.row(0, named=True)
    names = [str(text) for column in (key, "name_zh", "name_en") for text in table[column].to_list() if text]
    if found.height > 1:
        codes = ", ".join(found[key].to_list())
        raise ExplanationError(
            f"{wanted!r} means several {what}s: write one of the codes {codes}. 名称不唯一，请写代码。"
        )
    lower = {name.lower(): name for name in names}
    close = [lower[c] for c in difflib.get_close_matches(wanted.lower(), lower, n=4, cutoff=0.5)]
    hint = f"nearest are {', '.join(close)}" if close else f"codes begin with {table[key][0]}"
    raise ExplanationError(f"no {what} is called {wanted!r}: {hint}. 没有这个{what_zh}。")


def _own_effects(part: pl.DataFrame, score: Mapping[str, Any], change: float) -> pl.DataFrame:
    """Effects on an indicator itself, in its own points: the parts that it has in its parent, brought to its change.

    Without a part in the parent (which has no comparison, or does not move with it) all is value.
    """
    # availability is that of its members, whose scores came or went: the indicator itself has a score in both months
    own = [f"{kind}_effect" for kind in ("value", "availability", "method", "population")]
    totals = {name: float(part[name].sum()) for name in own}
    moved = sum(totals.values())
    effects = {name: total / moved * change for name, total in totals.items()} if moved else {own[0]: change}
    row = {"indicator_code": score["node_code"], "unit_code": score["unit_code"], "total": change}
    return pl.DataFrame([row | {f"{kind}_effect": 0.0 for kind in KINDS} | effects])
