"""Words and numbers as readers see them: texts of the catalogue, words for codes, months, signed changes.

Belongs here: how a value of an issue is said, in Chinese or English, the same in every rendering made with it. Does not
belong here: which values are shown, and how they look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from city.folder import City
from city.periods import Period
from gates.wording import check_title, delivery_title
from publication.catalogue import LANGUAGES, load_catalogue
from publication.numbers import MISSING, shown

_GREY = "#8796a8"


@dataclass(frozen=True)
class Wording:
    """How an issue of a city is said. `language` is `zh` or `en`."""

    city: City
    period: Period
    language: str

    def text(self, key: str, **fields: Any) -> str:
        """A text of the catalogue; CatalogueError when it is not there."""
        return load_catalogue().text(key, self.language, **fields)

    def code(self, kind: str, code: Any) -> str:
        """The word for a code of a table, or the code itself where a city uses codes of its own."""
        if code is None:
            return ""
        key = f"{kind}.{str(code).lower()}"
        return self.text(key) if key in load_catalogue().texts else str(code)

    def within(self, kind: str, code: Any) -> str:
        """The word for a code in the middle of a sentence."""
        return self.code(kind, code) if self.language == "zh" else self.code(kind, code).lower()

    def name(self, row: Mapping[str, Any]) -> str:
        """A unit's, node's or department's name, from a row with name_zh and name_en."""
        return str(row[f"name_{self.language}"] or row["name_zh"])

    def check(self, check: str) -> str:
        """What a check of a gate is called; its own name where the project or the city's folder no longer has it."""
        title = delivery_title(self.city, check) or check_title(check)
        return title[LANGUAGES.index(self.language)] if title else check

    @cached_property
    def colours(self) -> Mapping[str, Mapping[str, Any]]:
        """Colour bands of the method in force, best first, by key: `from`, `hex`, names and words."""
        return {c["key"]: c for c in self.city.version(self.period).rules["colours"]}

    def colour(self, key: str | None) -> str:
        """The official word of a colour, `优秀`; a dash for none."""
        if key is None:
            return MISSING
        return str(self.colours[key].get(f"word_{self.language}") or key)

    def colour_name(self, key: str) -> str:
        """The colour itself, `绿`."""
        return str(self.colours[key].get(f"name_{self.language}") or key)

    def colour_hex(self, key: str) -> str:
        """#rrggbb of a colour; grey where the city's rules give none (its word is always shown too)."""
        return str(self.colours[key].get("hex") or _GREY)

    @property
    def index_name(self) -> str:
        """平安天水指数."""
        return str(self.city.settings.get(f"index_name_{self.language}") or getattr(self.city, f"name_{self.language}"))

    def month(self, period: Period) -> str:
        """2023年1月, January 2023."""
        year, month = int(period[:4]), int(period[5:])
        if self.language == "zh":
            return f"{year}年{month}月"
        return f"{_MONTHS[month - 1]} {year}"

    def day(self, stamp: str) -> str:
        """The day of an ISO time stamp, as it was in its own zone."""
        day = date.fromisoformat(stamp[:10])
        if self.language == "zh":
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def moved(value: int | None) -> str:
    """A change of rank: ▲3 moved up three places, ▼2 down two, = the same."""
    if value is None:
        return MISSING
    return "=" if value == 0 else f"{'▲' if value > 0 else '▼'}{abs(value)}"


def share(value: float | None, digits: int = 1) -> str:
    """A share of 0..1 as per cent."""
    return MISSING if value is None else f"{shown(value * 100, digits)}%"


def tinted(colour: str, strength: float) -> str:
    """A colour #rrggbb on white, `strength` of 0..1 of it."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - (255 - p) * strength):02x}" for p in parts)
