"""A city's folder as typed objects: no arithmetic, no check of sense beyond what reading needs.

`city.check` says what is wrong with a folder, all at once; this module assumes a folder that passes and stops at the
first thing it cannot read, naming file and row.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from city.periods import Period, month_index

CITIES = Path(__file__).resolve().parent.parent / "data"
#: The measure that population.csv supplies; no department delivers it.
RESIDENTS = "residents"
#: The contract of finished numbers: period, unit_code, measure, value.
MONTHLY_RETURN = "monthly_return"


class CityFolderError(ValueError):
    """A city's folder cannot be read; the message names the file and what to do."""


@dataclass(frozen=True)
class Department:
    """A department that delivers."""

    code: str
    key: str
    name_zh: str
    name_en: str


@dataclass(frozen=True)
class Unit:
    """A territorial unit: township or street, county, city. `aliases` maps a code list to this unit's codes in it."""

    code: str
    name_zh: str
    name_en: str
    parent: str
    level: str
    peer_group: str
    code_aliases: Mapping[str, tuple[str, ...]]
    name_aliases: tuple[str, ...]
    valid_from: Period
    valid_to: Period


@dataclass(frozen=True)
class Measure:
    """An additive monthly number: a flow (sum of the month) or a stock (state at month end)."""

    name: str
    kind: str
    department: str
    unit: str
    name_zh: str
    name_en: str
    #: What a public set may say of it: "" a count, "open", or "sensitive".
    disclosure: str = ""


@dataclass(frozen=True)
class RecordSet:
    """One kind of record that a department delivers; docs/city-folder.md explains each field."""

    department: str
    department_key: str
    name: str
    title_zh: str
    title_en: str
    contract: str
    reader: str
    location: str
    encoding: str = "utf-8"
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    unit: Mapping[str, str] = field(default_factory=dict)
    code_list: str = ""
    month_by: str = ""
    date_formats: tuple[str, ...] = ()
    late_months: int = 1
    complete_through: str = ""
    required: bool = True
    max_quarantined_share: float = 0.05
    root: str = ""
    token: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """`police__criminal_case`: the name of the landing table and of the dbt source."""
        return f"{self.department_key}__{self.name}"

    @property
    def is_monthly_return(self) -> bool:
        """Whether the department delivers finished numbers."""
        return self.contract == MONTHLY_RETURN


@dataclass(frozen=True)
class Feed:
    """All that one department delivers."""

    department: Department
    due_day: int
    record_sets: tuple[RecordSet, ...]


@dataclass(frozen=True)
class FrameworkNode:
    """A row of framework.csv."""

    code: str
    parent: str
    level: int
    name_zh: str
    name_en: str
    weight: float
    aggregation: str
    department: str
    numerator: str
    denominator: str
    scale: float
    window: str
    direction: int
    scoring: str
    params: Mapping[str, Any]
    applies_to: tuple[str, ...]
    smoothing: str
    unit: str
    note: str

    @property
    def is_indicator(self) -> bool:
        """Whether the node is scored from measures (a leaf) rather than from its children."""
        return bool(self.scoring)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of every measure that the indicator reads."""
        if not self.is_indicator:
            return ()
        if self.scoring == "zero_tolerance":
            return tuple(c["measure"] for c in self.params["classes"])
        return (self.numerator, *((self.denominator,) if self.denominator else ()))


@dataclass(frozen=True, eq=False)  # as a city, the key of caches
class Version:
    """A version of the method, in force from a month on."""

    from_period: Period
    folder: Path
    framework: tuple[FrameworkNode, ...]
    reference: tuple[Mapping[str, str], ...]
    rules: Mapping[str, Any]

    @cached_property
    def indicators(self) -> tuple[FrameworkNode, ...]:
        """The leaves, in the framework's order."""
        return tuple(node for node in self.framework if node.is_indicator)


@dataclass(frozen=True, eq=False)  # one that was read is itself: it can be the key of a cache
class City:
    """Everything a city's folder says. `key` is the folder's name."""

    key: str
    folder: Path
    settings: Mapping[str, Any]
    departments: tuple[Department, ...]
    units: tuple[Unit, ...]
    population: tuple[Mapping[str, str], ...]
    measures: tuple[Measure, ...]
    feeds: tuple[Feed, ...]
    versions: tuple[Version, ...]

    @property
    def name_zh(self) -> str:
        """The city's Chinese name."""
        return str(self.settings["name_zh"])

    @property
    def name_en(self) -> str:
        """The city's English name."""
        return str(self.settings["name_en"])

    @property
    def time_zone(self) -> str:
        """IANA name."""
        return str(self.settings["time_zone"])

    @property
    def first_month(self) -> Period:
        """The first month of which deliveries exist."""
        return str(self.settings["first_month"])

    @property
    def first_issue(self) -> Period:
        """The month of issue number 1."""
        return str(self.settings["first_issue"])

    @property
    def levels(self) -> tuple[str, ...]:
        """Unit levels from the top down; the last is where records land."""
        return tuple(self.settings["unit_levels"])

    @property
    def synthetic(self) -> bool:
        """Whether every number is computed from simulated deliveries, which every output must say."""
        return bool(self.settings.get("synthetic", False))

    @cached_property
    def unit_by_code(self) -> Mapping[str, Unit]:
        """Units by their code."""
        return {unit.code: unit for unit in self.units}

    @cached_property
    def department_by_code(self) -> Mapping[str, Department]:
        """Departments by their code."""
        return {department.code: department for department in self.departments}

    @property
    def record_sets(self) -> Iterator[RecordSet]:
        """Record sets of all departments, in the order of feeds.yaml."""
        for feed in self.feeds:
            yield from feed.record_sets

    def feed(self, department_key: str) -> Feed:
        """The feed of one department; KeyError names the departments there are."""
        for feed in self.feeds:
            if feed.department.key == department_key:
                return feed
        known = ", ".join(feed.department.key for feed in self.feeds)
        raise KeyError(f"{self.key} has no feed {department_key!r}; it has {known}")

    def version(self, period: Period) -> Version:
        """The method in force in a month; months before the first version use the first."""
        in_force = [v for v in self.versions if month_index(v.from_period) <= month_index(period)]
        return in_force[-1] if in_force else self.versions[0]

    def issue_number(self, period: Period) -> int:
        """第n期: months since the first issue, whatever the order of publication."""
        return month_index(period) - month_index(self.first_issue) + 1


def city_folder(name_or_path: str | Path) -> Path:
    """`tianshui` means data/tianshui; anything with a slash, or a folder that exists, is a path."""
    text = str(name_or_path)
    if "/" not in text and (CITIES / text).is_dir():
        return CITIES / text
    folder = Path(text).expanduser().resolve()
    if not (folder / "city.yaml").is_file():
        known = ", ".join(sorted(p.parent.name for p in CITIES.glob("*/city.yaml")))
        raise CityFolderError(f"{text!r} is neither a city ({known}) nor a folder with a city.yaml")
    return folder


def city_key(folder: Path) -> str:
    """The city's key in asset names, tables and the state folder: the folder's name, other signs as underscores.

    A name without any Latin letter or digit (a Chinese one) is known by a hash of it.
    """
    plain = re.sub(r"[^A-Za-z0-9]+", "_", folder.name).strip("_")[:60]
    return plain or f"city_{hashlib.sha256(folder.name.encode()).hexdigest()[:8]}"


def load_city(name_or_path: str | Path) -> City:
    """Read a city's folder whole; CityFolderError names the file and row that cannot be read."""
    folder = city_folder(name_or_path)
    settings = _with_defaults(_yaml(folder / "city.yaml"))
    departments = tuple(
        Department(r["code"], r.get("key") or r["code"].lower(), r["name_zh"], r.get("name_en") or r["name_zh"])
        for r in read_table(folder / "departments.csv")
    )
    by_code = {d.code: d for d in departments}
    return City(
        key=city_key(folder),
        folder=folder,
        settings=settings,
        departments=departments,
        units=tuple(_unit(r) for r in read_table(folder / "units.csv")),
        population=tuple(read_table(folder / "population.csv")) if (folder / "population.csv").exists() else (),
        measures=tuple(_measure(r) for r in read_table(folder / "measures.csv")),
        feeds=tuple(_feed(f, by_code, folder) for f in _yaml(folder / "feeds.yaml")["feeds"]),
        versions=tuple(load_version(p) for p in sorted((folder / "versions").iterdir()) if p.is_dir()),
    )


def load_version(folder: Path) -> Version:
    """Read one method version: framework.csv, reference.csv (may be absent), rules.yaml."""
    reference = folder / "reference.csv"
    return Version(
        from_period=folder.name,
        folder=folder,
        framework=tuple(
            _node(r, folder / "framework.csv", line)
            for line, r in enumerate(read_table(folder / "framework.csv"), start=2)
        ),
        reference=tuple(read_table(reference)) if reference.exists() else (),
        rules=_yaml(folder / "rules.yaml"),
    )


def read_table(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file of a city's folder as text, blanks stripped; UTF-8, with or without BOM."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return [{k: (v or "").strip() for k, v in row.items() if k} for row in csv.DictReader(stream)]
    except FileNotFoundError as error:
        raise CityFolderError(f"{path} is missing: see docs/city-folder.md for what it holds") from error
    except UnicodeDecodeError as error:
        raise CityFolderError(f"{path} is not UTF-8 ({error}): save it as UTF-8") from error


def _yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=TextDates)  # nosec B506 # a SafeLoader
    except FileNotFoundError as error:
        raise CityFolderError(f"{path} is missing: see docs/city-folder.md for what it holds") from error
    except yaml.YAMLError as error:
        raise CityFolderError(f"{path} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise CityFolderError(f"{path} must hold named fields")
    return content


class TextDates(yaml.CSafeLoader):
    """YAML that leaves dates as text: a period or a date is written as it is read."""


TextDates.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _with_defaults(settings: Mapping[str, Any]) -> dict[str, Any]:
    """city.yaml with what may be left out of it filled in, so that no reader needs a default of its own."""
    name_zh = settings.get("name_zh", "")
    name_en = settings.get("name_en") or name_zh
    return {
        "name_en": name_en,
        "index_name_zh": f"{name_zh}指数",
        "index_name_en": f"{name_en} Index",
        "publication": {"day": 10, "hour": 9},
        **settings,
    }


def _measure(row: Mapping[str, str]) -> Measure:
    name_zh = row.get("name_zh") or row["measure"]
    return Measure(
        name=row["measure"],
        kind=row["kind"],
        department=row["department"],
        unit=row.get("unit", ""),
        name_zh=name_zh,
        name_en=row.get("name_en") or name_zh,
        disclosure=row.get("disclosure", ""),
    )


def _unit(row: Mapping[str, str]) -> Unit:
    codes: dict[str, list[str]] = {}
    names: list[str] = []
    for alias in filter(None, (part.strip() for part in row.get("aliases", "").split(";"))):
        code_list, colon, code = alias.partition(":")
        if colon:
            codes.setdefault(code_list, []).append(code)
        else:
            names.append(alias)
    return Unit(
        code=row["code"],
        name_zh=row["name_zh"],
        name_en=row.get("name_en") or row["name_zh"],
        parent=row.get("parent", ""),
        level=row["level"],
        peer_group=row.get("peer_group", ""),
        code_aliases={k: tuple(v) for k, v in codes.items()},
        name_aliases=tuple(names),
        valid_from=row.get("valid_from", ""),
        valid_to=row.get("valid_to", ""),
    )


def _feed(content: Mapping[str, Any], departments: Mapping[str, Department], folder: Path) -> Feed:
    code = content["department"]
    if code not in departments:
        raise CityFolderError(f"{folder / 'feeds.yaml'}: department {code!r} is not in departments.csv")
    department = departments[code]
    return Feed(
        department=department,
        due_day=int(content.get("due_day", 5)),
        record_sets=tuple(_record_set(r, department, folder) for r in content["record_sets"]),
    )


def _record_set(content: Mapping[str, Any], department: Department, folder: Path) -> RecordSet:
    fields = dict(content)
    name = fields.get("name", "?")
    fields.setdefault("title_zh", name)
    fields.setdefault("title_en", fields["title_zh"])
    fields["date_formats"] = tuple(fields.get("date_formats", ()))
    try:
        return RecordSet(department=department.code, department_key=department.key, **fields)
    except TypeError as error:
        raise CityFolderError(f"{folder / 'feeds.yaml'}: record set {department.key}/{name}: {error}") from error


def _node(row: Mapping[str, str], path: Path, line: int) -> FrameworkNode:
    try:
        return FrameworkNode(
            code=row["code"],
            parent=row["parent"],
            level=int(row["level"]),
            name_zh=row["name_zh"],
            name_en=row.get("name_en") or row["name_zh"],
            weight=float(row.get("weight") or 1),
            aggregation=row.get("aggregation") or "arithmetic",
            department=row.get("department", ""),
            numerator=row.get("numerator", ""),
            denominator=row.get("denominator", ""),
            scale=float(row.get("scale") or 1),
            window=row.get("window") or "month",
            direction=int(row.get("direction") or 1),
            scoring=row.get("scoring", ""),
            params=json.loads(row.get("params") or "{}"),
            applies_to=tuple(filter(None, (p.strip() for p in row.get("applies_to", "").split(";")))),
            smoothing=row.get("smoothing", ""),
            unit=row.get("unit", ""),
            note=row.get("note", ""),
        )
    except (KeyError, ValueError) as error:
        raise CityFolderError(f"{path}, row {line} ({row.get('code', '?')}): {error}") from error
