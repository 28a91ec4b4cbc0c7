"""The records behind an indicator of an issue: which months, units and measures count in its numerator and denominator.

Belongs here: from a row of the table `values` to the records of `publication.records`, by the rules that the SQL core
has for whose numbers count (docs/architecture.md, "What the SQL core is given"). A test holds that what is found here
adds up to the published numerator and denominator.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from city.folder import City
from city.periods import Period
from publication.corrected_records import ACCEPTED
from publication.reading import IssueData
from publication.records import LandingFiles, Provenance
from warehouse.tables import exists, members_of

NUMERATOR, DENOMINATOR = "numerator", "denominator"


@dataclass(frozen=True)
class IndicatorRecords:
    """Records of one issue's indicators. One reader of landing serves all: departments' SQL is run once."""

    city: City
    issue: IssueData

    @cached_property
    def provenance(self) -> Provenance:
        """From the landing files that the issue's manifest names."""
        return Provenance(self.city, LandingFiles.of_manifest(self.city, self.issue.state, self.issue.manifest))

    def months(self, unit: str, indicator: str) -> list[Period]:
        """Months that count in the unit's value; earlier ones where it is carried forward, none where it is missing."""
        row = self.issue.table("values").filter(unit_code=unit, indicator_code=indicator).row(0, named=True)
        return str(row["months_counted"] or "").split()

    def records(self, unit: str, indicator: str) -> pl.DataFrame:
        """Every record that counts, with `part` (numerator or denominator), `measure` and `counts` (what it adds).

        Records that a correction dropped, or changed so that they add nothing, are there too: their `status` says so.
        """
        months = self.months(unit, indicator)
        node = self.issue.table("framework").row(by_predicate=pl.col("code") == indicator, named=True)
        counted = _Counted(self.city, self.provenance, node, unit, months)
        frames = []
        for measure, factor in counted.terms.items():
            frames.append(self._of(unit, measure, NUMERATOR, factor, counted.numerator_units, months))
        if node["denominator"]:
            frames.append(self._of(unit, node["denominator"], DENOMINATOR, 1.0, counted.denominator_units, months))
        return pl.concat(frames)

    def _of(
        self,
        unit: str,
        measure: str,
        part: str,
        factor: float,
        places: Sequence[tuple[str, Period]],
        months: Sequence[Period],
    ) -> pl.DataFrame:
        # a dropped record may have taken its unit's month out of what counts: it is asked for among all members
        units = [member.code for member in members_of(self.city)[unit]]
        wanted = pl.DataFrame(places, schema={"unit_code": pl.String, "period": pl.String}, orient="row")
        found = self.provenance.records(measure, units, months)
        return (
            found.join(
                wanted.with_columns(in_count=True), on=["unit_code", "period"], how="left", maintain_order="left"
            )
            .filter(pl.col("in_count") | ((pl.col("status") != ACCEPTED) & (pl.col("quantity") == 0)))
            .drop("in_count")
            .with_columns(part=pl.lit(part), measure=pl.lit(measure), counts=pl.col("quantity") * factor)
        )


class _Counted:
    """Whose months count in a unit's numerator and denominator, as (unit, month)."""

    def __init__(
        self, city: City, provenance: Provenance, node: Mapping[str, Any], unit: str, months: Sequence[Period]
    ) -> None:
        self.terms = _terms(node)
        self.numerator_units: list[tuple[str, Period]] = []
        self.denominator_units: list[tuple[str, Period]] = []
        self._below = str(node["denominator"] or "")
        self._deducts = node["scoring"] == "zero_tolerance"
        groups = [w for w in str(node["applies_to"] or "").split(";") if w and w not in city.levels]
        self._members = members_of(city)
        lowest = city.levels[-1]
        everyone = [member.code for member in self._members[unit]]
        self._known = {
            (measure, row["unit_code"], row["period"])
            for measure in (*self.terms, *([self._below] if self._below else ()))
            for row in provenance.quantities(measure, everyone, months).iter_rows(named=True)
        }
        for month in months:
            leaves = {
                m.code
                for m in self._members[unit]
                if m.level == lowest and exists(m, month) and (not groups or m.peer_group in groups)
            }
            uppers = [m.code for m in self._members[unit] if m.level != lowest]
            self._count(month, leaves, uppers)

    def _count(self, month: Period, leaves: set[str], uppers: Sequence[str]) -> None:
        complete = {code for code in leaves if self._told(code, month) == len(self.terms) and self._has(code, month)}
        stood_for: set[str] = set()
        counted = []
        for upper in uppers:
            told = self._told(upper, month)
            own = {m.code for m in self._members[upper]} & leaves
            known = [
                c for c in (*own, *(m.code for m in self._members[upper] if m.code in uppers)) if self._has(c, month)
            ]
            alone = not own & complete and told == len(self.terms) and bool(known)
            if told and (alone or own & complete or self._deducts):
                counted.append(upper)
            if alone:
                stood_for |= own
        self.numerator_units += [(code, month) for code in sorted(complete) + counted]
        if self._below:
            with_denominator = sorted(complete | stood_for) + counted
            self.denominator_units += [(code, month) for code in with_denominator if self._has(code, month)]

    def _told(self, unit: str, month: Period) -> int:
        return sum((measure, unit, month) in self._known for measure in self.terms)

    def _has(self, unit: str, month: Period) -> bool:
        return not self._below or (self._below, unit, month) in self._known


def _terms(node: Mapping[str, Any]) -> dict[str, float]:
    """What is added up to a numerator: one measure, or a deduction for each class of events."""
    classes = json.loads(node["params"] or "{}").get("classes", ())
    return {c["measure"]: float(c["deduct"]) for c in classes} or {str(node["numerator"]): 1.0}
