"""An issue's tables in the shape in which pages ask for them: by unit and node, with the tree and the months before.

Reading and arranging only. The one number made here is the spread of peers over the months, for the trend's band.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from city.folder import City, Version
from publication.explanation import framework_compared, overall_changes
from publication.reading import IssueData
from publication.telling import Change, Compared

Row = Mapping[str, Any]
#: Marks that go with the official colours, best first: nobody has to tell colours apart.
MARKS = ("●", "◆", "▲", "■")
#: Colours for a framework that declares none, best first.
HEX = ("#1a7f4b", "#1f6fb2", "#d9801a", "#c0312b")
#: Peers' band: with fewer units than this a band would show single units.
_PEERS = 5


@dataclass(frozen=True)
class Facts:
    """One issue, arranged. `city` is the folder's view of what the issue's tables do not hold (words, record sets)."""

    data: IssueData
    city: City

    @cached_property
    def version(self) -> Version:
        """The method the issue was computed by."""
        return self.city.version(self.data.manifest.get("method_version") or self.data.period)

    @cached_property
    def units(self) -> Sequence[Row]:
        """Units in the issue's order: from the top down, each county before its townships."""
        return self.data.table("units").to_dicts()

    @cached_property
    def unit(self) -> Mapping[str, Row]:
        """Units by code."""
        return {u["unit_code"]: u for u in self.units}

    @cached_property
    def levels(self) -> list[str]:
        """Levels that have units, from the top down."""
        there = {u["level"] for u in self.units}
        return [level for level in self.city.levels if level in there]

    @cached_property
    def members(self) -> Mapping[str, Sequence[Row]]:
        """Units directly under each unit."""
        members: dict[str, list[Row]] = {u["unit_code"]: [] for u in self.units}
        for unit in self.units:
            if unit["parent"] in members:
                members[unit["parent"]].append(unit)
        return members

    def of_level(self, level: str) -> list[Row]:
        """Units of a level."""
        return [u for u in self.units if u["level"] == level]

    def above(self, code: str) -> list[Row]:
        """The units above one, nearest first."""
        found = []
        parent = self.unit[code]["parent"]
        while parent in self.unit:
            found.append(self.unit[parent])
            parent = self.unit[parent]["parent"]
        return found

    @cached_property
    def top(self) -> Row | None:
        """The one unit above all others; None for a city whose units stand side by side."""
        tops = [u for u in self.units if u["parent"] not in self.unit]
        return tops[0] if len(tops) == 1 else None

    @cached_property
    def nodes(self) -> Sequence[Row]:
        """The framework's nodes in its order."""
        return self.data.table("framework").to_dicts()

    @cached_property
    def node(self) -> Mapping[str, Row]:
        """Nodes by code."""
        return {n["code"]: n for n in self.nodes}

    @cached_property
    def children(self) -> Mapping[str, Sequence[Row]]:
        """Nodes directly under each node."""
        children: dict[str, list[Row]] = {n["code"]: [] for n in self.nodes}
        for node in self.nodes:
            if node["parent"] in children:
                children[node["parent"]].append(node)
        return children

    @cached_property
    def strip_groups(self) -> list[tuple[str, int]]:
        """Units above the lowest level with how many they have, in order; one nameless group where there are none."""
        lowest = self.of_level(self.levels[-1])
        above = [u["unit_code"] for u in self.units if any(m in lowest for m in self.members[u["unit_code"]])]
        return [(code, len(self.members[code])) for code in above] or [("", len(lowest))]

    @cached_property
    def strip_units(self) -> list[str]:
        """Codes of the lowest level's units in the order of `strip_groups`."""
        groups = [self.members[code] if code else self.of_level(self.levels[-1]) for code, _ in self.strip_groups]
        return [u["unit_code"] for group in groups for u in group]

    @cached_property
    def first_level(self) -> Sequence[Row]:
        """The nodes right under the overall index."""
        return self.children[self.data.root]

    @cached_property
    def indicators(self) -> list[Row]:
        """The leaves."""
        return [n for n in self.nodes if n["scoring"]]

    @cached_property
    def score(self) -> Mapping[tuple[str, str], Row]:
        """Rows of `scores` by unit and node."""
        return {(r["unit_code"], r["node_code"]): r for r in self.data.table("scores").iter_rows(named=True)}

    @cached_property
    def value(self) -> Mapping[tuple[str, str], Row]:
        """Rows of `values` by unit and indicator."""
        return {(r["unit_code"], r["indicator_code"]): r for r in self.data.table("values").iter_rows(named=True)}

    @cached_property
    def _values_of(self) -> Mapping[str, list[float]]:
        found: dict[str, list[float]] = {n["code"]: [] for n in self.nodes}
        for (_, indicator), row in self.value.items():
            if row["value"] is not None:
                found[indicator].append(row["value"])
        return found

    def values_of(self, indicator: str) -> list[float]:
        """All values of an indicator that are there."""
        return self._values_of[indicator]

    @cached_property
    def overall(self) -> list[Row]:
        """Overall scores of all units, best rank first, units without a score last."""
        rows = [self.score[u["unit_code"], self.data.root] for u in self.units]
        return sorted(rows, key=lambda r: (r["rank"] is None, r["rank"] or 0, r["unit_code"]))

    @cached_property
    def vetoes(self) -> Mapping[str, Sequence[Row]]:
        """Rows of `vetoes` by unit: events that cap its colour."""
        found: dict[str, list[Row]] = {}
        for row in self.data.table("vetoes").iter_rows(named=True):
            found.setdefault(row["unit_code"], []).append(row)
        return found

    @cached_property
    def measure(self) -> Mapping[str, Any]:
        """Measures of the city's folder by name."""
        return {m.name: m for m in self.city.measures}

    @cached_property
    def departments(self) -> Sequence[Row]:
        """Departments in the issue's order."""
        return self.data.table("departments").to_dicts()

    @cached_property
    def feeds(self) -> Sequence[Row]:
        """What each record set of the month delivered."""
        return self.data.table("feeds").to_dicts()

    @cached_property
    def colours(self) -> list[dict[str, Any]]:
        """The official colours, best first: key, hex, words, `from`, `to` (None for the best), mark."""
        colours = []
        to = None
        for place, colour in enumerate(self.version.rules["colours"]):
            word_zh = str(colour.get("word_zh") or colour["key"])
            colours.append(
                {
                    "key": colour["key"],
                    "hex": str(colour.get("hex") or HEX[min(place, len(HEX) - 1)]),
                    "from": float(colour["from"]),
                    "to": to,
                    "zh": word_zh,
                    "en": str(colour.get("word_en") or word_zh),
                    "mark": MARKS[min(place, len(MARKS) - 1)],
                }
            )
            to = float(colour["from"])
        return colours

    @cached_property
    def cuts(self) -> list[dict[str, Any]]:
        """Colours as a trend chart asks for them."""
        return [{"key": c["key"], "from": c["from"], "to": 100.0 if c["to"] is None else c["to"]} for c in self.colours]

    @cached_property
    def chart_frame(self) -> dict[str, Any]:
        """What every trend chart has in common."""
        return {"months": self.months, "cuts": self.cuts, "hard": self.hard_limits}

    @cached_property
    def months(self) -> list[str]:
        """Months of the latest revisions up to and with this issue."""
        return [issue.period for issue in self.data.earlier]

    @cached_property
    def history(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Scores as months × units × nodes in the order of `months`, `units`, `nodes`; NaN where there is none."""
        place = {
            "period": {m: i for i, m in enumerate(self.months)},
            "unit_code": {u["unit_code"]: i for i, u in enumerate(self.units)},
            "node_code": {n["code"]: i for i, n in enumerate(self.nodes)},
        }
        table = self.data.history("scores", ["period", "unit_code", "node_code", "score"])
        where = table.select(
            "score", *(pl.col(c).replace_strict(p, default=None, return_dtype=pl.Int32) for c, p in place.items())
        ).drop_nulls(["period", "unit_code", "node_code"])
        scores = np.full((len(self.months), len(self.units), len(self.nodes)), np.nan)
        scores[tuple(where[c].to_numpy() for c in place)] = where["score"].to_numpy()
        return scores

    @cached_property
    def unit_place(self) -> Mapping[str, int]:
        """Place of a unit in `history`."""
        return {u["unit_code"]: i for i, u in enumerate(self.units)}

    @cached_property
    def node_place(self) -> Mapping[str, int]:
        """Place of a node in `history`."""
        return {n["code"]: i for i, n in enumerate(self.nodes)}

    def past(self, unit: str, node: str) -> list[float | None]:
        """A unit's scores of a node over the months."""
        return known(self.history[:, self.unit_place[unit], self.node_place[node]])

    @cached_property
    def _spreads(self) -> dict[tuple[str, str], dict[str, list[float | None]] | None]:
        return {}

    def peers(self, level: str, node: str) -> dict[str, list[float | None]] | None:
        """5th and 95th percentile of a level's scores over the months; None where there are too few units."""
        if (level, node) not in self._spreads:
            self._spreads[level, node] = self._spread(level, node)
        return self._spreads[level, node]

    def _spread(self, level: str, node: str) -> dict[str, list[float | None]] | None:
        places = [self.unit_place[u["unit_code"]] for u in self.of_level(level)]
        if len(places) < _PEERS:
            return None
        scores = self.history[:, places, self.node_place[node]]
        spread = np.full((2, len(self.months)), np.nan)
        for month, own in enumerate(scores):
            own = own[~np.isnan(own)]
            if len(own) >= _PEERS:
                spread[:, month] = np.percentile(own, (5, 95))
        return {"low": known(spread[0], 4), "high": known(spread[1], 4)}

    @cached_property
    def hard_limits(self) -> list[float] | None:
        """0 and 100 where no score lies beyond, for the axes of charts; None where a scoring kind is unbounded."""
        scores = self.history[~np.isnan(self.history)]
        return [0.0, 100.0] if scores.size == 0 or (scores.min() >= 0 and scores.max() <= 100) else None

    @cached_property
    def contributions(self) -> Mapping[tuple[str, str], list[Row]]:
        """Parts of the overall index's change by unit and comparison; empty in an issue without the table."""
        table = self.optional("contributions")
        found: dict[tuple[str, str], list[Row]] = {}
        if table is not None:
            for row in table.filter(pl.col("node_code") == self.data.root).iter_rows(named=True):
                found.setdefault((row["unit_code"], row["comparison"]), []).append(row)
        return found

    @cached_property
    def dropped(self) -> Mapping[str, Row]:
        """Nodes that the months compared with had and this month's method no longer has, by code."""
        return {n["code"]: n for n in framework_compared(self.city, self.data).to_dicts() if n["code"] not in self.node}

    @cached_property
    def changes(self) -> Mapping[str, tuple[Compared, Mapping[str, Change]]]:
        """By comparison: each unit's overall change, ready to be told; empty in an issue without contributions."""
        if not self.data.has("contributions"):
            return {}
        return {span: overall_changes(self.city, self.data, span) for span in ("month", "year")}

    @cached_property
    def member_effects(self) -> Mapping[tuple[str, str], Mapping[str, float]]:
        """Points of a unit's overall change by the units directly under it, by unit and comparison.

        The issue has them by unit of the lowest level; "" is what belongs to no single one of today's.
        """
        table = self.optional("member_contributions")
        found: dict[tuple[str, str], dict[str, float]] = {}
        if table is None:
            return found
        rows = table.group_by("unit_code", "comparison", "member_code").agg(pl.col("total").sum())
        # the city's folder knows a member that was dissolved since the earlier month
        parents = {u.code: u.parent for u in self.city.units} | {c: row["parent"] for c, row in self.unit.items()}
        for unit, comparison, member, total in rows.sort("unit_code", "comparison", "member_code").iter_rows():
            while member and parents[member] != unit:
                member = parents[member]
            member = member if member in self.unit else ""
            own = found.setdefault((unit, comparison), {})
            own[member] = own.get(member, 0.0) + total
        return found

    @cached_property
    def _feeds_history(self) -> pl.DataFrame:
        columns = ["period", "department", "reported", "received", "accepted", "quarantined"]
        return self.data.history("feeds", columns)

    def deliveries(self, department: str) -> Sequence[Row]:
        """Rows of `feeds` of a department, of all months up to this one."""
        return self._feeds_history.filter(pl.col("department") == department).to_dicts()

    @cached_property
    def robustness(self) -> Mapping[str, Row]:
        """Intervals of ranks by unit; empty in an issue without the table."""
        table = self.optional("robustness")
        return {} if table is None else {r["unit_code"]: r for r in table.iter_rows(named=True)}

    @cached_property
    def colour_shares(self) -> Mapping[str, Mapping[str, float]]:
        """Shares of the study's runs by unit and official colour; empty in an issue without the table."""
        table = self.optional("robustness_colours")
        found: dict[str, dict[str, float]] = {}
        for row in () if table is None else table.iter_rows(named=True):
            found.setdefault(row["unit_code"], {})[row["colour"]] = row["share"]
        return found

    @cached_property
    def sensitivity(self) -> Sequence[Row]:
        """What decides the ranks: a row for each assumption; empty in an issue without the table."""
        table = self.optional("robustness_sensitivity")
        return [] if table is None else table.to_dicts()

    @property
    def runs(self) -> int:
        """How many runs the issue's study of robustness made."""
        return int(self.sensitivity[0]["runs"])

    @cached_property
    def timeliness(self) -> Mapping[str, Any]:
        """The issue's account of who delivered when (timeliness.json); empty in an issue without one."""
        path = self.data.folder / "timeliness.json"
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}

    def optional(self, table: str) -> pl.DataFrame | None:
        """A table that this issue may not have."""
        return self.data.table(table) if self.data.has(table) else None


def known(values: Sequence[float] | np.ndarray[Any, np.dtype[np.float64]], digits: int = 9) -> list[float | None]:
    """Values as plain numbers, rounded as scores are (METHODS.md, section 1); None for NaN."""
    return [None if np.isnan(v) else round(float(v), digits) for v in values]
