"""What a city's folder says of itself, its departments, its units and their residents: does it make sense?

Belongs here: city.yaml, departments.csv, units.csv, population.csv and what other checks need to know.
Does not belong here: the method (check_framework) and deliveries (check_feeds).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from city.check_reading import Document, Report, Row, Table, month, quoted, read_document, read_table

_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Territory:
    """City, departments, units and residents as far as they could be read."""

    settings: Document
    departments: Table
    units: Table
    population: Table

    @cached_property
    def levels(self) -> tuple[str, ...]:
        """Unit levels from the top down; empty when city.yaml does not say them soundly."""
        if not self.settings.readable or not self.settings.sound("unit_levels"):
            return ()
        return tuple(self.settings.content.get("unit_levels", ()))

    @cached_property
    def department_keys(self) -> Mapping[str, str]:
        """Department codes and their keys."""
        return {
            row.get("code"): row.get("key") or str(row.get("code")).lower()
            for row in self.departments.rows
            if row.get("code")
        }

    @cached_property
    def by_code(self) -> Mapping[str, Row]:
        """Units by code."""
        return {row.get("code"): row for row in self.units.rows if row.get("code")}

    @cached_property
    def leaves(self) -> tuple[Row, ...]:
        """Units of the lowest level: where records land and peer groups are compared."""
        if not self.levels:
            return ()
        return tuple(row for row in self.units.rows if row.get("code") and row.get("level") == self.levels[-1])

    @cached_property
    def upper_units(self) -> frozenset[str]:
        """Codes of the units above that have lowest units below them."""
        found: set[str] = set()
        for leaf in self.leaves:
            code = leaf.get("parent")
            while code in self.by_code and code not in found and self.by_code[code].get("level") in self.levels[:-1]:
                found.add(code)
                code = self.by_code[code].get("parent")
        return frozenset(found)

    @cached_property
    def peer_groups(self) -> frozenset[str]:
        """Peer groups that have units; empty text is the group of those without one."""
        return frozenset(row.get("peer_group") for row in self.leaves if row.sound("peer_group"))

    def period(self, name: str) -> int | None:
        """first_month or first_issue as an index; None when it is not soundly given."""
        return month(self.settings.content.get(name)) if self.settings.sound(name) else None


def read_territory(folder: Path, report: Report) -> Territory:
    """Read the four files with their JSON Schemas."""
    return Territory(
        settings=read_document(folder, "city.yaml", "city", report),
        departments=read_table(folder, "departments.csv", "departments", report),
        units=read_table(folder, "units.csv", "units", report),
        population=read_table(folder, "population.csv", "population", report, required=False),
    )


def check_territory(territory: Territory, report: Report) -> None:
    """All faults of sense but those of residents, which depend on the method."""
    _check_settings(territory.settings, report)
    _check_departments(territory.departments, report)
    if territory.units.readable:
        _check_units(territory, report)
        _check_aliases(territory.units, report)


def _check_settings(settings: Document, report: Report) -> None:
    content = settings.content

    def fault(name: str, expected: str, remedy: str) -> None:
        report.add(settings.file, settings.line((name,)), name, content.get(name), expected, remedy)

    if "time_zone" in content and settings.sound("time_zone"):
        try:
            ZoneInfo(content["time_zone"])
        except (KeyError, ValueError, OSError):
            fault("time_zone", "an IANA time zone", "write it as Asia/Shanghai")
    if "first_month" in content and "first_issue" in content and settings.sound("first_month"):
        first, issue = month(content["first_month"]), month(content["first_issue"])
        if first is not None and issue is not None and issue < first:
            fault(
                "first_issue",
                f"{content['first_month']} or later",
                "the first issue cannot precede the first month",
            )
    if content.get("synthetic") is True:
        for name in ("notice_zh", "notice_en"):
            if name not in content:
                fault(name, "a notice", "synthetic numbers must say so on every output")


def _check_departments(departments: Table, report: Report) -> None:
    codes: dict[str, int] = {}
    keys: dict[str, int] = {}
    for row in departments.rows:
        if code := row.get("code"):
            _once(departments.file, row, "code", code, codes, report)
            key = row.get("key") or (code.lower() if row.sound("key") else "")
            if key and not _KEY.fullmatch(key):
                remedy = "write a key: lower case letters, digits, underscores"
                report.add(departments.file, row.number, "key", row.text.get("key", ""), "like police", remedy)
            elif key:
                _once(departments.file, row, "key", key, keys, report)


def _once(file: str, row: Row, column: str, value: str, seen: dict[str, int], report: Report) -> None:
    first = seen.setdefault(value.casefold(), row.number)
    if first != row.number:
        # DuckDB and some file systems do not tell A from a
        report.add(file, row.number, column, value, "not used before", f"row {first} has it already; change one")


def _check_units(territory: Territory, report: Report) -> None:
    file, levels = territory.units.file, territory.levels
    codes: dict[str, int] = {}
    parents = set()
    complete = True
    for row in territory.units.rows:
        if code := row.get("code"):
            _once(file, row, "code", code, codes, report)
        _check_validity(file, row, report)
        parents.add(row.get("parent"))
        if not levels or not row.sound("level", "parent"):
            complete = False
            continue
        complete = _check_place(territory, row, report) and complete
    if not levels or not complete:
        return
    if not territory.leaves:
        report.add(file, 0, "level", "no unit", f"units of the lowest level, {levels[-1]}", "add them")
        return
    for row in territory.units.rows:
        if row.get("level") != levels[-1] and row.get("code") and row.get("code") not in parents:
            remedy = "it will never have a score: add its units or remove it"
            report.add(file, row.number, "code", row.get("code"), "units below it", remedy, "warning")


def _check_place(territory: Territory, row: Row, report: Report) -> bool:
    """Whether the unit's level is known and its parent stands one level above it."""
    file, levels = territory.units.file, territory.levels
    level, parent = row.get("level"), row.get("parent")
    if level not in levels:
        report.add(file, row.number, "level", level, f"one of {', '.join(levels)}", "see unit_levels of city.yaml")
    elif level == levels[0]:
        if not parent:
            return True
        report.add(file, row.number, "parent", parent, "nothing 留空", f"{level} is the top level: it has no parent")
    else:
        above = levels[levels.index(level) - 1]
        if parent in territory.by_code:
            standing = territory.by_code[parent].get("level")
            if standing == above or standing not in levels:
                return True
            parent = f"{parent} ({standing})"
        report.add(file, row.number, "parent", parent, f"the code of a {above}", f"a {level} lies in a {above}")
    return False


def _check_validity(file: str, row: Row, report: Report) -> None:
    first, last = month(row.get("valid_from")), month(row.get("valid_to"))
    if first is not None and last is not None and last < first:
        found, expected = row.get("valid_to"), f"{row.get('valid_from')} or later"
        report.add(file, row.number, "valid_to", found, expected, "write the last month that the unit exists")


def _check_aliases(units: Table, report: Report) -> None:
    owner: dict[tuple[str, str], Row] = {}
    for row in units.rows:
        for alias in filter(None, (part.strip() for part in row.get("aliases").split(";"))):
            code_list, colon, code = alias.partition(":")
            if not colon:
                continue
            if not code.strip() or not code_list.strip():
                remedy = "write list:code, or a name without a colon"
                report.add(units.file, row.number, "aliases", alias, "like areacity:620502002", remedy)
                continue
            first = owner.setdefault((code_list, code), row)
            if first is not row:
                remedy = f"row {first.number} has it already: a delivered code must mean one unit"
                report.add(units.file, row.number, "aliases", alias, "not used before", remedy)


def check_population(territory: Territory, reasons: list[str], first_year: int | None, report: Report) -> None:
    """Residents of every lowest unit for the first year or an earlier one, when something needs them.

    `reasons` name what needs them; with none, an absent file is right, but one that is there must be whole,
    because parameters of upper units are averaged with it.
    """
    population = territory.population
    codes_sound = territory.units.readable and all(row.sound("code") for row in territory.units.rows)
    seen: dict[tuple[str, int], int] = {}
    earliest: dict[str, int] = {}
    for row in population.rows:
        unit, year = row.get("unit"), row.get("year", None)
        if unit and codes_sound and unit not in territory.by_code:
            report.add(population.file, row.number, "unit", unit, "a code of units.csv", "mend the code or remove it")
        if unit and year is not None:
            first = seen.setdefault((unit, year), row.number)
            if first != row.number:
                remedy = f"row {first} has this unit and year already: remove one"
                report.add(population.file, row.number, "year", f"{unit} {year}", "each unit and year once", remedy)
            earliest[unit] = min(year, earliest.get(unit, year))
        elif unit:
            earliest[unit] = 0  # its fault is listed; say nothing more of it
    if first_year is None or (population.present and not population.readable):
        return
    if not population.present:
        if reasons and territory.leaves:
            report.add(population.file, 0, "", "no such file", "residents of every unit", _why(reasons))
        return
    if not reasons and not set(earliest) & {row.get("code") for row in territory.leaves}:
        return
    for row in territory.leaves:
        begin = month(row.get("valid_from"))
        year = max(first_year, begin // 12) if begin is not None else first_year
        if earliest.get(row.get("code"), year + 1) > year:
            found = f"none for {row.get('code')} in {year} or earlier"
            report.add(population.file, 0, "residents", found, f"residents in {year}", _why(reasons))


def _why(reasons: list[str]) -> str:
    needed = f" (needed by {quoted(reasons, 3)})" if reasons else ""
    return f"add unit,year,residents for every lowest unit{needed}"
