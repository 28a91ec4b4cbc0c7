"""Deliveries and measures: can what feeds.yaml says be read, and is every measure supplied and used?

Belongs here: measures.csv, feeds.yaml, corrections/, and their ties to contracts (schemas/) and measures
models (dbt_project/). Does not belong here: deliveries themselves, which feeds reads month by month.
"""

from __future__ import annotations

import codecs
import datetime
import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from city.check_reading import Document, Report, Row, Table, quoted, read_document, spelled
from city.check_shapes import DocumentPath
from city.check_territory import Territory
from city.folder import MONTHLY_RETURN, RESIDENTS

#: Columns of the contract of finished numbers, and those of them that a delivery must hold.
_RETURN_COLUMNS = ("period", "measure", "value")
#: A list's name that units.csv's own codes bear unless city.yaml names another (as in feeds).
_OWN_LIST = "nbs"
_MODEL_KEYS = ("unit_code", "period")
_SQL_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Project:
    """Where contracts and measures models are, and what the city is called in them."""

    root: Path
    city_key: str
    is_own_city: bool

    def model(self, department_key: str, suffix: str) -> Path:
        """A department's measures model, or what describes it."""
        return self.root / "dbt_project" / "models" / "measures" / self.city_key / f"{department_key}{suffix}"


@dataclass(frozen=True)
class _Contract:
    """Columns of a contract: all, those a delivery must hold, those that are dates. None: not known."""

    columns: frozenset[str]
    needed: frozenset[str]
    dates: frozenset[str]


class _Deliveries:
    """feeds.yaml gone through record set by record set."""

    def __init__(self, feeds: Document, territory: Territory, project: Project, report: Report) -> None:
        self.feeds, self.territory, self.project, self.report = feeds, territory, project, report
        self.kinds: dict[str, set[bool]] = {}  # department code: {True: sends returns, False: sends records}
        self.record_sets: dict[str, frozenset[str]] = {}  # key, columns of a correction
        self.departments_known = feeds.readable  # whether every entry names a department that there is
        self.names_known = feeds.readable  # whether every record set has a sound name
        self.returned: list[tuple[DocumentPath, str, str]] = []  # path, department, measure named in `values`

    def fault(self, path: DocumentPath, found: object, expected: str, remedy: str) -> None:
        self.report.add(self.feeds.file, self.feeds.line(path), spelled(path), found, expected, remedy)

    def check(self) -> None:
        seen: dict[str, int] = {}
        for position, feed in enumerate(_items(self.feeds, "feeds")):
            path: DocumentPath = ("feeds", position)
            code = feed.get("department")
            self.departments_known &= code in self.territory.department_keys
            if self.feeds.sound(*path, "department"):
                if self.territory.departments.readable and code not in self.territory.department_keys:
                    remedy = "add it to departments.csv, or mend the code"
                    self.fault((*path, "department"), code, "a code of departments.csv", remedy)
                elif code in seen:
                    remedy = "put all its record sets under one entry"
                    self.fault((*path, "department"), code, "each department once", remedy)
                seen.setdefault(str(code), position)
            names: set[str] = set()
            for number, record_set in enumerate(_items(self.feeds, *path, "record_sets")):
                here: DocumentPath = (*path, "record_sets", number)
                if isinstance(record_set, dict):
                    name = record_set.get("name")
                    self.names_known &= self.feeds.sound(*here, "name")
                    if name in names and self.feeds.sound(*here, "name"):
                        remedy = "give it a name of its own: names of landing tables come from it"
                        self.fault((*here, "name"), name, "each name once in a department", remedy)
                    names.add(str(name))
                    self._record_set(here, record_set, str(code))

    def _record_set(self, path: DocumentPath, record_set: Mapping[str, Any], department: str) -> None:
        sound = {name for name in record_set if self.feeds.sound(*path, name)}
        name, contract = record_set.get("contract"), None
        if "contract" in sound:
            self.kinds.setdefault(department, set()).add(name == MONTHLY_RETURN)
            contract = self._contract(path, str(name))
        if "location" in sound:
            self._location(path, record_set)
        self._scalars(path, record_set, sound)
        columns = record_set.get("columns", {}) if "columns" in sound or "columns" not in record_set else None
        key = f"{self.territory.department_keys.get(department, '')}/{record_set.get('name')}"
        mapped = {*(columns or {}).values()}
        whole = bool(mapped) and contract is not None and mapped <= contract.columns
        self.record_sets[key] = frozenset({*mapped, "unit_code", "unit_name"} if whole else ())
        if contract is not None:
            self._mapping(path, record_set, contract, sound, columns)
        if name == MONTHLY_RETURN and "values" in sound:
            named = record_set["values"].get("measure", {}).values()
            self.returned += [((*path, "values", "measure"), department, str(measure)) for measure in named]

    def _location(self, path: DocumentPath, record_set: Mapping[str, Any]) -> None:
        location, here = record_set["location"], (*path, "location")
        parts = re.split(r"[/\\]", location)
        if location.startswith(("/", "~")) or ".." in parts or "\\" in location or ":" in location:
            remedy = "write a path below the sources folder, without .. and addresses (those go into root)"
            self.fault(here, location, "a path inside the sources folder", remedy)
        elif set("{}") & set(location.replace("{period}", "")):
            self.fault(here, location, "no placeholder but {period}", "write {period} for the month")

    def _scalars(self, path: DocumentPath, record_set: Mapping[str, Any], sound: set[str]) -> None:
        if "encoding" in sound:
            try:
                codecs.lookup(record_set["encoding"])
            except (LookupError, ValueError):
                self.fault((*path, "encoding"), record_set["encoding"], "a known encoding", "write utf-8 or gb18030")
        if "complete_through" in sound and record_set["complete_through"]:
            try:
                datetime.date.fromisoformat(record_set["complete_through"])
            except ValueError:
                found = record_set["complete_through"]
                self.fault((*path, "complete_through"), found, "a day of the calendar", "write it as 2013-04-20")
        if "code_list" in sound and self.territory.units.readable:
            known = _code_lists(self.territory)
            if record_set["code_list"] not in known:
                remedy = "name a list of the aliases in units.csv; empty is units.csv's own codes"
                self.fault((*path, "code_list"), record_set["code_list"], quoted(known - {""}), remedy)

    def _contract(self, path: DocumentPath, name: str) -> _Contract | None:
        if name == MONTHLY_RETURN:
            return _Contract(frozenset(_RETURN_COLUMNS), frozenset(_RETURN_COLUMNS), frozenset({"period"}))
        module, _, class_name = name.partition(".")
        here = (*path, "contract")
        file = f"schemas/{self.project.city_key}/{module}.py"
        if not (self.project.root / file).is_file():
            remedy = "write the contract there, or let the department deliver monthly_return"
            self.fault(here, name, f"a class of {file}", remedy)
            return None
        if not self.project.is_own_city:
            return None
        try:
            imported = importlib.import_module(f"schemas.{self.project.city_key}.{module}")
            contract: Any = getattr(imported, class_name, None)
            columns = contract.to_schema().columns if hasattr(contract, "to_schema") else None
        except Exception as error:  # a contract is a program: it may fail in any way, and that is the fault
            found = f"{type(error).__name__}: {error}"
            self.fault(here, found, f"{file} that can be imported", "mend the module")
            return None
        if columns is None:
            self.fault(here, name, f"a contract of {file}", "mend the name of the class")
            return None
        return _Contract(
            frozenset(columns),
            frozenset(column for column, rule in columns.items() if not rule.nullable),
            frozenset(column for column, rule in columns.items() if "date" in str(rule.dtype).lower()),
        )

    def _mapping(
        self,
        path: DocumentPath,
        record_set: Mapping[str, Any],
        contract: _Contract,
        sound: set[str],
        columns: Mapping[str, str] | None,
    ) -> None:
        known = quoted(contract.columns, 12)
        if columns is not None:
            for header, column in columns.items():
                if column not in contract.columns:
                    remedy = "name a column of the contract, or leave the header out"
                    self.fault((*path, "columns", header), column, f"one of {known}", remedy)
            doubled = sorted(c for c in set(columns.values()) if list(columns.values()).count(c) > 1)
            for column in doubled:
                remedy = "one delivered header for each column of the contract"
                self.fault((*path, "columns"), f"{column} twice", "each column once", remedy)
            missing = contract.needed - set(columns.values())
            if missing and all(column in contract.columns for column in columns.values()):
                remedy = "write delivered header: column"
                self.fault((*path, "columns"), quoted(columns.values()), f"a header for {quoted(missing)}", remedy)
        for column in record_set["values"] if "values" in sound else ():
            if column not in contract.columns:
                self.fault((*path, "values", column), column, f"one of {known}", "name a column of the contract")
        month_by = record_set.get("month_by", "")
        if "month_by" not in sound and "month_by" in record_set:
            return
        if month_by not in contract.dates:
            remedy = "write the column whose date decides in which month a row counts"
            self.fault((*path, "month_by"), month_by, f"one of {quoted(contract.dates)}", remedy)


def check_feeds(
    folder: Path,
    feeds: Document,
    territory: Territory,
    measures: Table,
    used: set[str] | None,
    project: Project,
    report: Report,
) -> None:
    """All faults of deliveries, measures and corrections.

    `used` are the measures that the method reads; None when that is not known.
    """
    deliveries = _Deliveries(feeds, territory, project, report)
    if feeds.readable:
        deliveries.check()
    _check_measures(measures, territory, used, report)
    if feeds.readable and measures.readable:
        _check_supply(deliveries, measures, report)
    _check_corrections(folder, deliveries, report)


def _check_measures(measures: Table, territory: Territory, used: set[str] | None, report: Report) -> None:
    seen: dict[str, int] = {}
    for row in measures.rows:
        if not (measure := row.get("measure")):
            continue
        first = seen.setdefault(measure.casefold(), row.number)
        if first != row.number:
            report.add(
                measures.file,
                row.number,
                "measure",
                measure,
                "each measure once",
                f"row {first} has it; rename",
            )
            continue
        if measure == RESIDENTS:
            if row.get("kind") == "flow":
                report.add(measures.file, row.number, "kind", "flow", "stock", "residents are a state, not an event")
            continue
        department = row.get("department")
        if territory.departments.readable and department and department not in territory.department_keys:
            remedy = "add it to departments.csv, or mend the code"
            report.add(measures.file, row.number, "department", department, "a code of departments.csv", remedy)
        if used is not None and measure not in used:
            remedy = "use it in framework.csv or a veto, or remove it"
            report.add(measures.file, row.number, "measure", measure, "a measure that an indicator reads", remedy)


def _check_supply(deliveries: _Deliveries, measures: Table, report: Report) -> None:
    """Every measure comes out of its department's measures model or may come in its monthly returns."""
    declared = {row.get("measure"): row for row in measures.rows if row.get("measure")}
    all_sound = all(row.sound("measure", "department") for row in measures.rows)
    for path, department, measure in deliveries.returned:
        owner = declared[measure].get("department") if measure in declared else ""
        known = deliveries.territory.department_keys
        if all_sound and owner != department and owner in {"", *known} and department in known:
            remedy = "name a measure of this department in measures.csv"
            deliveries.fault(path, measure, f"a measure of {department}", remedy)
    for department, key in deliveries.territory.department_keys.items():
        kinds = deliveries.kinds.get(department, set())
        offered: set[str] | None = set()
        if False in kinds:
            offered = _modelled(deliveries, key, department, declared, report)
        for row in declared.values():
            measure = row.get("measure")
            if row.get("department") != department or measure == RESIDENTS:
                continue
            if offered is not None and measure in offered and not _SQL_NAME.fullmatch(measure):
                remedy = "measures that SQL makes are lower case with underscores"
                report.add(measures.file, row.number, "measure", measure, "like criminal_cases", remedy)
            if offered is None or measure in offered or True in kinds or not deliveries.departments_known:
                continue
            where = f"{key}.yml lists no such column" if kinds else f"{department} has no feed"
            remedy = "add it to the department's measures model, or deliver it as a monthly_return"
            report.add(measures.file, row.number, "measure", measure, f"something that supplies it: {where}", remedy)


def _modelled(
    deliveries: _Deliveries, key: str, department: str, declared: Mapping[str, Row], report: Report
) -> set[str] | None:
    """Measures that a department's model offers; None when it cannot be read (said once)."""
    path = deliveries.project.model(key, ".yml")
    file = path.relative_to(deliveries.project.root).as_posix()
    if not path.is_file() or not deliveries.project.model(key, ".sql").is_file():
        absent = file if not path.is_file() else f"{file[:-4]}.sql"
        remedy = f"write the model that turns the records of {department} into measures, and its description"
        report.add(absent, 0, "", "no such file", f"a measures model for {key}", remedy)
        return None
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        columns = [
            str(column["name"])
            for model in content["models"]
            for column in model["columns"]
            if column["name"] not in _MODEL_KEYS
        ]
    except (yaml.YAMLError, OSError, ValueError, TypeError, LookupError, RecursionError) as error:
        report.add(file, 0, "", str(error), "models with columns", "write it as dbt's model description")
        return None
    for column in columns:
        owner = declared[column].get("department") if column in declared else None
        if owner is None or (owner and owner != department):
            found = column if owner is None else f"{column} of {owner}"
            remedy = "add it to measures.csv, or remove it: a model offers nothing that nothing uses"
            report.add(file, 0, column, found, f"a measure of {department} in measures.csv", remedy)
    return set(columns)


def _check_corrections(folder: Path, deliveries: _Deliveries, report: Report) -> None:
    place = folder / "corrections"
    if not place.is_dir():
        return
    for path in sorted(place.glob("*.yaml")):
        document = read_document(folder, f"corrections/{path.name}", "corrections", report)
        for number, entry in enumerate(_entries(document.content)):
            if not deliveries.names_known or not document.sound(number, "record_set"):
                continue
            name = entry.get("record_set")
            line = document.line((number, "record_set"))
            if name not in deliveries.record_sets:
                remedy = "write department key / record set, as in police/criminal_case"
                report.add(document.file, line, "record_set", name, "a record set of feeds.yaml", remedy)
                continue
            columns = deliveries.record_sets[name]
            for part in ("match", "value"):
                named = entry.get(part, {}) if document.sound(number, part) else {}
                if columns and (unknown := set(named) - columns):
                    remedy = "name columns that the record set maps"
                    line = document.line((number, part))
                    report.add(document.file, line, part, quoted(unknown), quoted(columns), remedy)


def _code_lists(territory: Territory) -> set[str]:
    aliases = (part for row in territory.units.rows for part in str(row.get("aliases")).split(";"))
    lists = {part.partition(":")[0].strip() for part in aliases if ":" in part}
    own = territory.settings.content.get("code_list", _OWN_LIST)
    return lists | {"", str(own)}


def _items(document: Document, *path: str | int) -> list[Any]:
    """The list at a path; empty when it is not there or is not one."""
    content: Any = document.content
    for step in path:
        try:
            content = content[step]
        except (LookupError, TypeError):
            return []
    return _entries(content)


def _entries(content: object) -> list[Any]:
    """The entries of a list, what is not named fields as none; [] when it is no list."""
    return [item if isinstance(item, dict) else {} for item in content] if isinstance(content, list) else []
