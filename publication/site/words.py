"""What pages call things in one language: texts of the catalogue, names of units, nodes and departments, months.

Belongs here: naming. Does not belong here: choosing what a page shows.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from publication.catalogue import LANGUAGES, Catalogue, load_catalogue
from publication.numbers import shown
from publication.site.facts import Facts, Row
from publication.wording import Wording

#: The `lang` attribute of pages.
HTML_LANGUAGES = {"zh": "zh-CN", "en": "en"}


@dataclass(frozen=True)
class Words:
    """Names and texts of an issue in one language (`zh` or `en`)."""

    facts: Facts
    language: str

    @cached_property
    def catalogue(self) -> Catalogue:
        """The project's texts."""
        return load_catalogue()

    @cached_property
    def wording(self) -> Wording:
        """The wording of sentences that all renderings share."""
        return Wording(self.facts.city, self.facts.data.period, self.language)

    @property
    def other(self) -> str:
        """The other language."""
        return LANGUAGES[1 - LANGUAGES.index(self.language)]

    def t(self, key: str, **fields: Any) -> str:
        """A text of the catalogue."""
        return self.catalogue.text(key, self.language, **fields)

    def name(self, row: Any, language: str = "") -> str:
        """`name_zh` or `name_en` of a row, or of an object of the city's folder."""
        field = f"name_{language or self.language}"
        return str(row[field] if isinstance(row, Mapping) else getattr(row, field))

    @cached_property
    def unit_name(self) -> Mapping[str, str]:
        """Units by code."""
        return {u["unit_code"]: self.name(u) for u in self.facts.units}

    @cached_property
    def unit_above(self) -> Mapping[str, str]:
        """Name of the unit above, where that is not the top one (which would stand behind every name)."""
        facts = self.facts
        top = facts.top["unit_code"] if facts.top else ""
        return {
            u["unit_code"]: self.unit_name[u["parent"]] if u["parent"] in facts.unit and u["parent"] != top else ""
            for u in facts.units
        }

    @cached_property
    def node_name(self) -> Mapping[str, str]:
        """Nodes by code."""
        return {n["code"]: self.name(n) for n in self.facts.nodes}

    @cached_property
    def department_name(self) -> Mapping[str, str]:
        """Departments by code."""
        return {d["code"]: self.name(d) for d in self.facts.departments}

    @cached_property
    def colour_word(self) -> Mapping[str, str]:
        """The official words by colour."""
        return {c["key"]: c[self.language] for c in self.facts.colours}

    @cached_property
    def heat_class(self) -> Mapping[str | None, str]:
        """CSS classes of tinted cells by colour: h0 is the best."""
        return {None: "", "": "", **{c["key"]: f"h{place}" for place, c in enumerate(self.facts.colours)}}

    def other_name(self, row: Row) -> str:
        """The name in the other language, where it differs."""
        other = self.name(row, self.other)
        return "" if other == self.name(row) else other

    def level(self, level: str) -> str:
        """A level of units; cities name their own, and one that the catalogue does not know shows its own name."""
        return self._known(f"level.{level}", level)

    def node_level(self, node: Row) -> str:
        """第n级指标."""
        return self._known(f"node_level.{node['level']}", str(node["level"]))

    def status(self, status: str) -> str:
        """A value's status."""
        return self.t(f"status.{status}")

    def reason(self, reason: str | None) -> str:
        """Why a change is null; empty when it is not."""
        return self._known(f"reason.{reason}", reason) if reason else ""

    def feed_status(self, row: Row) -> str:
        """Whether a record set was delivered."""
        return self._known(f"delivery.{row['status']}", str(row["status"]))

    def table(self, name: str) -> str:
        """What a data file holds; nothing for one that the catalogue does not know."""
        return self._known(f"table.{name}.note", "") or self._known(f"table.{name}", "")

    def month(self, period: str) -> str:
        """2023年1月, January 2023."""
        year, month = period.split("-")
        return f"{year}年{int(month)}月" if self.language == "zh" else f"{calendar.month_name[int(month)]} {year}"

    def measure(self, name: str) -> str:
        """A measure's name."""
        measure = self.facts.measure.get(name)
        if measure is not None:
            return self.name(measure)
        return self.t("col.residents") if name == "residents" else name

    def colour_range(self, colour: Mapping[str, Any]) -> str:
        """From which score to which a colour goes."""
        low, high = colour["from"], colour["to"]
        if high is None:
            return self.t("range.from", low=f"{low:g}")
        if colour is self.facts.colours[-1]:
            return self.t("range.below", high=f"{high:g}")
        return self.t("range.between", low=f"{low:g}", high=f"{high:g}")

    def value(self, indicator: Row, value: float | None) -> str:
        """An indicator's value: two decimals, none for whole counts."""
        if value is not None and not indicator["denominator"] and float(value).is_integer():
            return shown(value, 0)
        return shown(value)

    def value_unit(self, indicator: Row) -> str:
        """What a value is measured in; zero tolerance publishes points to deduct, not events."""
        if indicator["scoring"] == "zero_tolerance":
            return self.t("node.points")
        return self._known(f"measure_unit.{indicator['unit']}", str(indicator["unit"] or ""))

    def _known(self, key: str, otherwise: str) -> str:
        return self.t(key) if key in self.catalogue.texts else otherwise
