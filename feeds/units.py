"""The territorial unit of a record: from a code of the declared list, a name with or without county, or both.

42 nine-digit codes name different townships in the two published lists, so a code means nothing without its
list; where code and name are both given they must agree. What cannot be resolved is said, never guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import polars as pl

from city.folder import City, Unit
from city.periods import Period

_OFFICE = re.compile(r"(人民政府|政府|街道办事处|街道办|办事处)$")
#: The list whose codes are the units' own, unless city.yaml names another.
_OWN_LIST = "nbs"


@dataclass(frozen=True)
class Resolution:
    """The unit's code, or why there is none."""

    unit_code: str | None
    reason: str = ""
    column: str = ""
    expected: str = ""
    detail: str = ""


@dataclass
class UnitIndex:
    """Codes and names of one code list in one month."""

    code_list: str
    labels: dict[str, str] = field(default_factory=dict)
    by_code: dict[str, str] = field(default_factory=dict)
    by_name: dict[str, set[str]] = field(default_factory=dict)

    def resolve(self, code: str | None, name: str | None) -> Resolution:
        """The unit of a code, a name or both; blank counts as not given."""
        if not code and not name:
            return Resolution(None, "unit_missing", "unit", "a unit code or name")
        of_code = self._unit_of_code(code) if code else None
        if code and of_code is None:
            what = f"a code of the list {self.code_list}" if self.code_list else "a code of units.csv"
            return Resolution(None, "unit_code_unknown", "unit_code", what)
        if not name:
            return Resolution(of_code)
        candidates = self._units_of_name(name)
        if not candidates:
            return Resolution(None, "unit_name_unknown", "unit_name", "a unit's name or one of its aliases")
        if of_code is not None:
            if of_code in candidates:
                return Resolution(of_code)
            label = self.labels[of_code]
            return Resolution(
                None,
                "unit_code_and_name_disagree",
                "unit_name",
                f"the name of the unit that has the code in the list {self.code_list or 'of units.csv'}",
                f"the code is {label}",
            )
        if len(candidates) > 1:
            listed = " or ".join(f"{self.labels[c]} ({c})" for c in sorted(candidates))
            return Resolution(
                None,
                "unit_name_ambiguous",
                "unit_name",
                "a name that only one unit has: add its county",
                listed,
            )
        return Resolution(next(iter(candidates)))

    def _unit_of_code(self, code: str) -> str | None:
        text = code_text(code)
        if text in self.by_code:
            return self.by_code[text]
        if not text.isdecimal() or len(text) not in (9, 12):
            return None
        # Twelve digits end in the village (000: the township itself), nine in the township (000: the county).
        township = text[:9]
        if township in self.by_code:
            return self.by_code[township]
        return self.by_code.get(text[:6]) if text[6:].strip("0") == "" else None

    def _units_of_name(self, name: str) -> set[str]:
        key = name_key(name)
        found = self.by_name.get(key)
        if found:
            return found
        office = _OFFICE.search(key)
        if not office:
            return set()
        stem = key[: office.start()]
        return self.by_name.get(stem) or self.by_name.get(f"{stem}街道") or set()


def code_text(code: str) -> str:
    """A code as text; a spreadsheet's `620502001.0` is 620502001."""
    return re.sub(r"\.0+$", "", unicodedata.normalize("NFKC", code).strip())


@lru_cache(maxsize=1 << 16)  # the same few thousand names for each of 109 record sets: 0.6 s of 6 s a month
def name_key(name: str) -> str:
    """A name without spaces, full-width forms and case: how names are compared."""
    return re.sub(r"[\s·・,,]+", "", unicodedata.normalize("NFKC", name)).casefold()


@lru_cache(maxsize=64)  # made anew for each of 109 record sets it was 6 % of the landing
def unit_index(city: City, code_list: str, period: Period) -> UnitIndex:
    """The units in force in a month. A list that no unit has aliases of is the units' own codes."""
    units = [u for u in city.units if _in_force(u, period)]
    by_code = {u.code: u for u in units}
    own_list = str(city.settings.get("code_list", _OWN_LIST))
    own = code_list in ("", own_list) or not any(code_list in u.code_aliases for u in city.units)
    index = UnitIndex(code_list)
    for unit in units:
        index.labels[unit.code] = _label(unit, by_code)
        codes = list(unit.code_aliases.get(code_list, ()))
        for code in [unit.code, *codes] if own else codes:
            # A unit's own code stands before another unit's alias.
            if code not in index.by_code or code == unit.code:
                index.by_code[code] = unit.code
        for name in _names(unit, by_code):
            index.by_name.setdefault(name_key(name), set()).add(unit.code)
    return index


def _in_force(unit: Unit, period: Period) -> bool:
    return (not unit.valid_from or unit.valid_from[:7] <= period) and (not unit.valid_to or period <= unit.valid_to[:7])


def _ancestors(unit: Unit, by_code: dict[str, Unit]) -> list[Unit]:
    found: list[Unit] = []
    while unit.parent in by_code and len(found) < 10:
        unit = by_code[unit.parent]
        found.append(unit)
    return found


def _label(unit: Unit, by_code: dict[str, Unit]) -> str:
    ancestors = _ancestors(unit, by_code)
    # The county, not the city, tells two townships of one name apart.
    return f"{ancestors[0].name_zh}{unit.name_zh}" if len(ancestors) > 1 else unit.name_zh


def _names(unit: Unit, by_code: dict[str, Unit]) -> Iterable[str]:
    own = [unit.name_zh, unit.name_en, *unit.name_aliases]
    ancestors = _ancestors(unit, by_code)
    yield from own
    for above in ancestors:
        for name in own:
            yield f"{above.name_zh}{name}"
            yield f"{name} {above.name_en}"
    if len(ancestors) > 1:
        whole = "".join(a.name_zh for a in reversed(ancestors))
        for name in own:
            yield f"{whole}{name}"


def resolve_units(rows: pl.DataFrame, index: UnitIndex) -> pl.DataFrame:
    """What `resolve` says of each row's `unit_code` and `unit_name` (text; either may be blank).

    Columns: unit (code or null), unit_reason, unit_column, unit_expected, unit_detail. Each distinct pair
    is resolved once: a month's 36,000 calls come from 131 units.
    """
    pairs = rows.select("unit_code", "unit_name").unique()
    resolved = [index.resolve(code, name) for code, name in pairs.iter_rows()]
    answers = pairs.with_columns(
        pl.Series("unit", [r.unit_code for r in resolved], dtype=pl.String),
        pl.Series("unit_reason", [r.reason for r in resolved], dtype=pl.String),
        pl.Series("unit_column", [r.column for r in resolved], dtype=pl.String),
        pl.Series("unit_expected", [r.expected for r in resolved], dtype=pl.String),
        pl.Series("unit_detail", [r.detail for r in resolved], dtype=pl.String),
    )
    return (
        rows.select("unit_code", "unit_name")
        .join(answers, on=["unit_code", "unit_name"], how="left", nulls_equal=True, maintain_order="left")
        .select("unit", "unit_reason", "unit_column", "unit_expected", "unit_detail")
    )
