"""The folder of a province (or a country) made from the folders of its cities: same tree, same indicators, more units.

The province's deliveries are the cities' published issues, read by the reader `issue`; its method is the cities'
common one. Cities whose methods differ cannot be added up: that is said, file by file. Computes nothing.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from city.folder import City, CityFolderError, load_city, read_table

#: The one department of a province: the offices that publish the cities' indices.
_DEPARTMENT = {"code": "CITIES", "key": "cities", "name_zh": "各市指数办公室", "name_en": "Cities' index offices"}
_UNITS = ("code", "name_zh", "name_en", "parent", "level", "peer_group", "aliases", "valid_from", "valid_to")
_MEASURES = ("measure", "kind", "department", "unit", "name_zh", "name_en")


@dataclass(frozen=True)
class Province:
    """What the cities' folders do not know: the province's own unit, its level and its names."""

    code: str
    level: str
    name_zh: str
    name_en: str


def write_province(target: Path, province: Province, folders: Sequence[Path]) -> Path:
    """Write the province's folder (its name is the key); answers it. CityFolderError when the cities do not fit.

    Units are those of all cities below the province's own, population.csv and the rows of reference.csv that name a
    unit are those of all cities; framework, bounds and rules are the cities' own, which must be the same.
    """
    if target.exists() and any(target.iterdir()):
        raise CityFolderError(f"{target} is not empty: name a new folder; an existing one is edited by hand")
    cities = [load_city(folder) for folder in folders]
    _require_alike(cities)
    first = cities[0]
    target.mkdir(parents=True, exist_ok=True)
    _write_yaml(target / "city.yaml", _settings(province, cities))
    _write_table(target / "departments.csv", tuple(_DEPARTMENT), [_DEPARTMENT])
    _write_table(target / "units.csv", _UNITS, _units(province, cities))
    population = [row for city in cities for row in city.population]
    if population:
        _write_table(target / "population.csv", ("unit", "year", "residents", "status"), population)
    measures = [{**row, "department": _DEPARTMENT["code"]} for row in read_table(first.folder / "measures.csv")]
    _write_table(target / "measures.csv", _MEASURES, measures)
    _write_yaml(target / "feeds.yaml", {"feeds": [_feed(cities)]})
    for version in first.versions:
        _write_version(target / "versions" / version.from_period, version.from_period, cities)
    return target


def _require_alike(cities: Sequence[City]) -> None:
    """Same levels, measures and method everywhere, and no unit twice."""
    first = cities[0]
    owner: dict[str, str] = {}
    for city in cities:
        for unit in city.units:
            if owner.setdefault(unit.code, city.key) != city.key:
                raise CityFolderError(f"unit {unit.code} is in {owner[unit.code]} and in {city.key}: codes must differ")
        if city.levels != first.levels:
            raise CityFolderError(
                f"{city.key} has the levels {city.levels}, {first.key} {first.levels}: must be the same"
            )
        if [(m.name, m.kind) for m in city.measures] != [(m.name, m.kind) for m in first.measures]:
            raise CityFolderError(f"measures.csv of {city.key} and {first.key} name other measures: must be the same")
        if [v.from_period for v in city.versions] != [v.from_period for v in first.versions]:
            raise CityFolderError(f"versions/ of {city.key} and {first.key} begin in other months: must be the same")
        for own, common in zip(city.versions, first.versions, strict=True):
            for part in ("framework", "rules"):
                if getattr(own, part) != getattr(common, part):
                    raise CityFolderError(f"{part} of {own.folder} is not that of {common.folder}: must be the same")
            if _bounds(city, own.folder) != _bounds(first, common.folder):
                raise CityFolderError(
                    f"reference.csv or reference_values.csv of {own.folder} has other bounds than {common.folder}: "
                    "scores of two cities are comparable only against the same"
                )


def _bounds(city: City, version: Path) -> list[Mapping[str, str]]:
    """Rows of the reference tables that are of no unit of the city: bounds of peer groups."""
    return [row for row in _reference(version) if row["group"] not in city.unit_by_code]


def _reference(version: Path) -> list[dict[str, str]]:
    names = ("reference.csv", "reference_values.csv")
    return [row for name in names if (version / name).exists() for row in read_table(version / name)]


def _settings(province: Province, cities: Sequence[City]) -> dict[str, Any]:
    first, synthetic = cities[0], [city for city in cities if city.synthetic]
    begin = max(city.first_issue for city in cities)
    settings: dict[str, Any] = {
        "name_zh": province.name_zh,
        "name_en": province.name_en,
        "time_zone": first.time_zone,
        # What a city has published begins with its first issue.
        "first_month": begin,
        "first_issue": begin,
        "unit_levels": [province.level, *first.levels],
    }
    if "code_list" in first.settings:
        settings["code_list"] = first.settings["code_list"]
    if synthetic:
        notices = {name: synthetic[0].settings.get(name, "") for name in ("notice_zh", "notice_en")}
        settings |= {"synthetic": True, **notices}
    return settings


def _units(province: Province, cities: Sequence[City]) -> list[Mapping[str, str]]:
    own = {"code": province.code, "level": province.level, "name_zh": province.name_zh, "name_en": province.name_en}
    rows: list[Mapping[str, str]] = [own]
    for city in cities:
        for row in read_table(city.folder / "units.csv"):
            rows.append({**row, "parent": row.get("parent") or province.code})
    return rows


def _feed(cities: Sequence[City]) -> dict[str, Any]:
    return {
        "department": _DEPARTMENT["code"],
        "due_day": 12,
        "record_sets": [
            {
                "name": city.key.lower().replace("-", "_"),
                "title_zh": f"{city.name_zh}各期指数",
                "title_en": f"Issues of {city.name_en}",
                "contract": "monthly_return",
                "reader": "issue",
                "location": f"{city.key}/issues",
                "columns": {"period": "period", "measure": "measure", "quantity": "value"},
                "unit": {"code": "unit_code"},
                "month_by": "period",
                "options": {"level": city.levels[-1]},
            }
            for city in cities
        ],
    }


def _write_version(target: Path, period: str, cities: Sequence[City]) -> None:
    source = cities[0].folder / "versions" / period
    target.mkdir(parents=True)
    framework = read_table(source / "framework.csv")
    for row in framework:
        row["department"] = _DEPARTMENT["code"] if row.get("department") else ""
    _write_table(target / "framework.csv", tuple(framework[0]), framework)
    shutil.copyfile(source / "rules.yaml", target / "rules.yaml")
    rules = yaml.safe_load((source / "rules.yaml").read_text(encoding="utf-8"))
    if rules["carry_forward"].get("except"):
        # Departments do not deliver here: whether a city that is late is carried is one rule for all.
        rules["carry_forward"]["except"] = []
        _write_yaml(target / "rules.yaml", rules)
    for name in ("reference.csv", "reference_values.csv"):
        tables = [(city, city.folder / "versions" / period / name) for city in cities]
        rows = [
            row
            for city, path in tables
            if path.exists()
            for row in read_table(path)
            if city is cities[0] or row["group"] in city.unit_by_code
        ]
        if rows:
            _write_table(target / name, tuple(rows[0]), rows)


def _write_table(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore", restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(content), allow_unicode=True, sort_keys=False), encoding="utf-8")
