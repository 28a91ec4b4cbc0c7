"""Why an index moved, from the files of an issue: sentences and tables, in Chinese or English.

Belongs here: what `pingan explain`, the site and the bulletin say of a change. Every sentence says what a number of the
issue says; none names a cause. The records behind the numbers are in `publication.records`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from city.folder import City
from city.periods import Period, add_months
from publication.numbers import shown
from publication.reading import IssueData, IssueNotFoundError, read_issue_data
from publication.wording import Wording

KINDS = ("value", "weight", "availability", "method", "population")
MONTHS_BEFORE = {"month": 1, "year": 12}
#: An effect smaller than this is not told: it would be shown as 0.00.
TOLD = 0.005


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
        code = self.unit["unit_code"]
        columns = ["indicator_code", "numerator", "denominator", "value", "score", "status"]
        now = self.issue.table("values").filter(unit_code=code).select(columns)
        then = self._values_then(columns)
        names = self.framework.select("code", "name_zh", "name_en", "department", "unit", "scoring")
        return (
            self.effects.join(now, on="indicator_code", how="left")
            .join(then, on="indicator_code", how="left", suffix="_then")
            .join(names, left_on="indicator_code", right_on="code", how="left")
            .sort(pl.col("total").abs(), "indicator_code", descending=[True, False])
        )

    @cached_property
    def framework(self) -> pl.DataFrame:
        """Nodes of the month's method, and those of the earlier month's that it no longer has."""
        now = self.issue.table("framework").with_columns(in_now=True)
        if self.earlier is None:
            return now.with_columns(in_then=pl.lit(None, dtype=pl.Boolean))
        then = self.earlier.table("framework")
        left = then.filter(~pl.col("code").is_in(now["code"].implode())).with_columns(in_now=False)
        both = pl.concat([now, left], how="diagonal_relaxed")
        return both.with_columns(in_then=pl.col("code").is_in(then["code"].implode()))

    @cached_property
    def members(self) -> pl.DataFrame:
        """Points by member of an upper unit's overall index, the largest first; no rows for any other node."""
        rows = self.issue.table("member_contributions").filter(
            unit_code=self.unit["unit_code"], comparison=self.comparison
        )
        if self.node["level"] != 0:
            rows = rows.clear()
        names = self.issue.table("units").select("unit_code", "name_zh", "name_en")
        return (
            rows.group_by("member_code")
            .agg(pl.col(*(f"{kind}_effect" for kind in KINDS), "total").sum())
            .join(names, left_on="member_code", right_on="unit_code", how="left")
            .sort(pl.col("total").abs(), "member_code", descending=[True, False])
        )

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

    def sentences(self, language: str, top: int = 3) -> list[str]:
        """What the numbers say: the change, its kinds, the indicators and members that moved it most."""
        say = Wording(self.city, self.issue.period, language)
        now, then = say.month(self.issue.period), say.month(self.then)
        names = {"unit": say.name(self.unit), "node": say.name(self.node), "then": then}
        if self.change is None:
            reason = say.text(f"explain.reason.{self.reason}")
            return [say.text("explain.no_change", **names, reason=reason)]
        before = float(self.score["score"]) - self.change
        direction = "same" if abs(self.change) < TOLD else "up" if self.change > 0 else "down"
        told = [
            say.text(
                "explain.change",
                **names,
                now=now,
                score=shown(self.score["score"]),
                score_then=shown(before),
                direction=say.text(f"explain.{direction}"),
                change=shown(abs(self.change)),
            )
        ]
        gained = self.score[f"rank_change_{self.comparison}"]
        if gained is not None:
            rank = int(self.score["rank"])
            told.append(say.text("explain.rank", now=now, then=then, rank=rank, rank_then=rank + int(gained)))
        told += self._remarks(say, then)
        totals = {kind: float(self.effects[f"{kind}_effect"].sum()) for kind in KINDS}
        effects = [
            f"{say.text(f'explain.effect.{kind}')} {shown(total, signed=True)}"
            for kind, total in totals.items()
            if abs(total) >= TOLD
        ]
        if effects:
            comma = "、" if language == "zh" else ", "
            told.append(say.text("explain.effects", effects=comma.join(effects), total=shown(self.change, signed=True)))
        most = self.indicators.filter(pl.col("total").abs() >= TOLD).head(top)
        if most.is_empty():
            told.append(say.text("explain.nothing"))
        else:
            told.append(say.text("explain.most"))
            told += [self._of_indicator(say, row) for row in most.iter_rows(named=True)]
        members = self.members.filter(pl.col("total").abs() >= TOLD).head(top)
        if not members.is_empty():
            parts = [
                (say.name(row) if row["member_code"] else say.text("explain.nobody"))
                + f" {shown(row['total'], signed=True)}"
                for row in members.iter_rows(named=True)
            ]
            told.append(say.text("explain.members", members=("；" if language == "zh" else "; ").join(parts)))
        return told

    def _remarks(self, say: Wording, then: str) -> list[str]:
        """What a reader must know of the comparison."""
        told = []
        if self.earlier is None:
            told.append(say.text("explain.earlier_unpublished", then=then))
        else:
            old, new = (i.table("framework")["version"][0] for i in (self.earlier, self.issue))
            if old != new:
                now = say.month(self.issue.period)
                told.append(say.text("explain.version", then=then, now=now, old=old, new=new))
        compared = (self.issue.manifest.get("compares_with") or {}).get(self.comparison) or {}
        if compared.get("scores_equal") is False:
            told.append(say.text("explain.restated", then=then, count=compared.get("scores_differing")))
        return told

    def _of_indicator(self, say: Wording, row: Mapping[str, Any]) -> str:
        known = row["status_then"] is not None
        pairs = {name: (shown(row[f"{name}_then"]), shown(row[name])) for name in ("score", "value")}
        counts = {name: (_count(row[f"{name}_then"]), _count(row[name])) for name in ("numerator", "denominator")}
        months = {"then": say.month(self.then), "now": say.month(self.issue.period)}
        if not known:
            pairs = {name: ("…", now) for name, (_, now) in pairs.items()}
            counts = {name: ("…", now) for name, (_, now) in counts.items()}
        score = say.text("explain.indicator.score", then=pairs["score"][0], now=pairs["score"][1])
        value = ""
        (then, now), (below_then, below) = counts["numerator"], counts["denominator"]
        if row["scoring"] == "zero_tolerance":
            numbers = say.text("explain.indicator.points", then=then, now=now)
        else:
            old, new = pairs["value"]
            value = say.text("explain.indicator.value", then=old, now=new, unit=row["unit"] or "")
            if row["denominator"] is None and row["denominator_then"] is None:
                numbers = say.text("explain.indicator.numerator", then=then, now=now)
            else:
                numbers = say.text("explain.indicator.both", then=then, now=now, below_then=below_then, below=below)
        return say.text(
            "explain.indicator",
            code=row["indicator_code"],
            name=say.name(row),
            total=shown(row["total"], signed=True),
            score=score,
            value=value.rstrip(),
            counts=numbers,
            new=self._appearance(say, row, months),
        )

    def _appearance(self, say: Wording, row: Mapping[str, Any], months: Mapping[str, str]) -> str:
        """Whether its score or the indicator itself came or went, and what is carried forward."""
        node = self.framework.row(by_predicate=pl.col("code") == row["indicator_code"], named=True)
        if node["in_then"] is False:
            return say.text("explain.indicator.joined")
        if not node["in_now"]:
            return say.text("explain.indicator.left")
        told = ""
        if self.earlier is not None and (row["score"] is None) != (row["score_then"] is None):
            told = say.text(f"explain.indicator.{'vanished' if row['score'] is None else 'appeared'}", **months)
        for month, status in ((months["then"], row["status_then"]), (months["now"], row["status"])):
            if status == "carried_forward":
                told += say.text("explain.indicator.carried", month=month)
        return told

    def _values_then(self, columns: Sequence[str]) -> pl.DataFrame:
        if self.earlier is None:
            return self.issue.table("values").select(columns).clear()
        return self.earlier.table("values").filter(unit_code=self.unit["unit_code"]).select(columns)

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
    own = [f"{kind}_effect" for kind in ("value", "method", "population")]
    totals = {name: float(part[name].sum()) for name in own}
    moved = sum(totals.values())
    effects = {name: total / moved * change for name, total in totals.items()} if moved else {own[0]: change}
    row = {"indicator_code": score["node_code"], "unit_code": score["unit_code"], "total": change}
    return pl.DataFrame([row | {f"{kind}_effect": 0.0 for kind in KINDS} | effects])


def _count(value: float | None) -> str:
    """A numerator or denominator: whole numbers without decimals."""
    return shown(value, 0 if value is not None and float(value).is_integer() else 2)
