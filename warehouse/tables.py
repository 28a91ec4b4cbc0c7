"""A city's folder as the tables that the SQL core joins: units, framework, parameters, colours, vetoes.

Only shapes change here; the one calculation is the parameters of upper units: the members' peer groups' posts or
bounds, averaged with reference-year residents as weights (METHODS.md, section 2).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from city import City, FrameworkNode, Period, Unit, Version
from city.folder import RESIDENTS, CityFolderError
from city.periods import add_months, month_index
from methods.tree import tree_of
from warehouse.window import LONGEST_WINDOW, RunWindow

WINDOW_MONTHS = {"month": 1, "stock": 1, "rolling_3m": 3, "rolling_12m": LONGEST_WINDOW}
#: Reported months without which a windowed value is missing (METHODS.md, section 1).
MONTHS_REQUIRED = {"month": 1, "stock": 1, "rolling_3m": 2, "rolling_12m": 9}
#: Columns of city.scoring_parameters and the name that each bears in framework.csv's params.
PARAMETERS = {
    "p0": "p0",
    "p60": "p60",
    "p100": "p100",
    "target": "T",
    "lo": "lo",
    "hi": "hi",
    "range_low": "L",
    "range_high": "U",
    "mean": "mean",
    "sd": "sd",
    "centre": "m",
    "spread": "s",
    "factor": "factor",
}
DEFAULTS = {"L": 0.0, "U": 100.0, "m": 0.0, "s": 1.0, "factor": 100.0}
FROZEN = ("lo", "hi", "mean", "sd")
ALWAYS_VALID = ("0000-01", "9999-12")


def city_tables(city: City, window: RunWindow) -> dict[str, pl.DataFrame]:
    """Tables of the schema `city` but for those read from landing, by name."""
    versions = versions_in_force(city, window)
    tables: dict[str, pl.DataFrame] = {
        "run_window": pl.DataFrame([asdict(window)]),
        "months": _months(city, window),
        "units": _units(city),
        "unit_months": _unit_months(city, window),
        "unit_members": unit_members(city),
        "residents": residents(city, window.feed_months),
        "departments": pl.DataFrame([asdict(d) for d in city.departments]),
        "measures": _measures(city),
        "framework": pl.concat([framework(city, v) for v in versions]),
        "numerator_terms": pl.concat([_numerator_terms(v) for v in versions]),
        "scoring_parameters": pl.concat([scoring_parameters(city, v) for v in versions]),
        "reference_rates": pl.concat([_reference_rates(v) for v in versions]),
        "colours": pl.concat([_colours(v) for v in versions]),
        "vetoes": pl.concat([_vetoes(v) for v in versions]),
    }
    return tables


def versions_in_force(city: City, window: RunWindow) -> list[Version]:
    """The versions of the method that some month of the window uses, in order."""
    used = {city.version(period).from_period for period in window.feed_months}
    return [version for version in city.versions if version.from_period in used]


def _months(city: City, window: RunWindow) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "period": period,
                "month_index": month_index(period),
                "version": city.version(period).from_period,
                "month_before": add_months(period, -1),
                "year_before": add_months(period, -12),
            }
            for period in window.feed_months
        ]
    )


def parameter_group(city: City, unit: Unit) -> str:
    """Lowest units share their peer group's parameters; upper units have their own."""
    return f"peer group {unit.peer_group}" if unit.level == city.levels[-1] else f"unit {unit.code}"


def _units(city: City) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "position": position,
                "unit_code": unit.code,
                "name_zh": unit.name_zh,
                "name_en": unit.name_en,
                "parent": unit.parent,
                "level": unit.level,
                "is_leaf": unit.level == city.levels[-1],
                "peer_group": unit.peer_group,
                "parameter_group": parameter_group(city, unit),
            }
            for position, unit in enumerate(city.units)
        ]
    )


def _unit_months(city: City, window: RunWindow) -> pl.DataFrame:
    rows = [{"period": p, "unit_code": u.code} for u in city.units for p in window.feed_months if exists(u, p)]
    return pl.DataFrame(rows, schema={"period": pl.String, "unit_code": pl.String})


def exists(unit: Unit, period: Period) -> bool:
    """Whether the unit is in force in the month."""
    first, last = unit.valid_from or ALWAYS_VALID[0], unit.valid_to or ALWAYS_VALID[1]
    return first[:7] <= period <= last[:7]


def members_of(city: City) -> dict[str, list[Unit]]:
    """Each unit with itself and all units below it, by code."""
    members: dict[str, list[Unit]] = {unit.code: [] for unit in city.units}
    for unit in city.units:
        above: Unit | None = unit
        while above is not None:
            members[above.code].append(unit)
            above = city.unit_by_code.get(above.parent) if above.parent else None
    return members


def unit_members(city: City) -> pl.DataFrame:
    """One row per unit and member: itself and every unit below it."""
    return pl.DataFrame(
        [
            {"unit_code": code, "member_code": member.code, "member_is_leaf": member.level == city.levels[-1]}
            for code, members in members_of(city).items()
            for member in members
        ]
    )


def residents(city: City, periods: Sequence[Period]) -> pl.DataFrame:
    """Residents of the lowest units by month: the year's own figure, else that of the latest earlier year.

    Only of units in force in the month: in the year of a merger the old and the new unit both have a figure, and a
    county would count their people twice.
    """
    rows = [
        {"unit_code": code, "period": period, "residents": people}
        for period in periods
        for code, people in _residents_of_year(city, int(period[:4])).items()
        if exists(city.unit_by_code[code], period)
    ]
    schema = {"unit_code": pl.String, "period": pl.String, "residents": pl.Int64}
    return pl.DataFrame(rows, schema=schema).sort("unit_code", "period")


def _residents_of_year(city: City, year: int) -> dict[str, int]:
    leaves = {unit.code for unit in city.units if unit.level == city.levels[-1]}
    latest: dict[str, tuple[int, int]] = {}
    for row in city.population:
        code, given = row["unit"], int(row["year"])
        if code in leaves and given <= year and given >= latest.get(code, (given, 0))[0]:
            latest[code] = (given, int(row["residents"]))
    return {code: people for code, (_, people) in latest.items()}


def _measures(city: City) -> pl.DataFrame:
    rows = [asdict(m) | {"measure": m.name} for m in city.measures]
    if all(row["measure"] != RESIDENTS for row in rows):
        rows.append(
            {"measure": RESIDENTS, "kind": "stock", "department": "", "unit": "人"}
            | {"name_zh": "常住人口", "name_en": "Resident population"}
        )
    returning = {r.department for r in city.record_sets if r.is_monthly_return}
    for row in rows:
        row["may_be_returned"] = row["department"] in returning or row["measure"] == RESIDENTS
    columns = ["measure", "kind", "department", "unit", "name_zh", "name_en", "may_be_returned"]
    return pl.DataFrame(rows).select(columns)


def framework(city: City, version: Version) -> pl.DataFrame:
    """framework.csv with what follows from it: shares among siblings, effective weights, windows in months."""
    kinds = {m.name: m.kind for m in city.measures} | {RESIDENTS: "stock"}
    levels = {node.code: node.level for node in version.framework}
    tree = tree_of(version.framework, version.rules)
    carry = version.rules["carry_forward"]
    rows = []
    for position, node in enumerate(version.framework):
        smoothing = dict(part.partition("=")[::2] for part in node.smoothing.split(";") if "=" in part)
        rows.append(
            {
                "version": version.from_period,
                "position": position,
                "code": node.code,
                "parent": node.parent,
                "level": node.level,
                "parent_level": levels.get(node.parent),
                "name_zh": node.name_zh,
                "name_en": node.name_en,
                "weight": node.weight,
                "effective_weight": float(tree.effective_weight[position]),
                "aggregation": node.aggregation,
                "department": node.department,
                "numerator": node.numerator,
                "denominator": node.denominator,
                "numerator_kind": kinds.get(node.measures[0]) if node.is_indicator else None,
                "denominator_kind": kinds.get(node.denominator),
                "scale": node.scale,
                "window": node.window if node.is_indicator else "",
                "window_months": WINDOW_MONTHS[node.window],
                "months_required": MONTHS_REQUIRED[node.window],
                "direction": node.direction,
                "scoring": node.scoring,
                "params": json.dumps(node.params, ensure_ascii=False, sort_keys=True),
                "value_cap": _number(node.params.get("cap")),
                "applies_to": ";".join(node.applies_to),
                "smoothing": node.smoothing,
                "shrinkage": _number(smoothing.get("k")),
                "unit": node.unit,
                "note": node.note,
                "minimum_coverage": float(tree.minimum_coverage[position]),
                "floor": float(tree.floor[position]),
                "carry_months": 0 if node.department in carry.get("except", []) else int(carry["months"]),
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(
        pl.col("value_cap", "shrinkage").cast(pl.Float64), pl.col("parent_level").cast(pl.Int64)
    )


def _numerator_terms(version: Version) -> pl.DataFrame:
    """What is added up to a numerator: one measure, or a deduction for each class of events."""
    rows = []
    for node in version.indicators:
        terms = [(c["measure"], float(c["deduct"])) for c in node.params.get("classes", ())]
        for measure, factor in terms or [(node.numerator, 1.0)]:
            rows.append(
                {
                    "version": version.from_period,
                    "indicator_code": node.code,
                    "measure": measure,
                    "factor": factor,
                    "terms": max(len(terms), 1),
                }
            )
    return pl.DataFrame(rows)


def scoring_parameters(city: City, version: Version) -> pl.DataFrame:
    """One row per indicator and parameter group, complete for its scoring kind.

    Raises CityFolderError where an upper unit needs an average over peer groups and residents are not given.
    """
    frozen = {(row["indicator"], row["group"]): row for row in version.reference if not row.get("rate")}
    references = reference_values(version)
    weights = _group_weights(city, version)
    peer_groups = sorted({unit.peer_group for unit in city.units if unit.level == city.levels[-1]})
    rows: list[dict[str, Any]] = []
    for node in version.indicators:
        by_group = {
            group: _group_parameters(node, group, frozen.get((node.code, group)) or frozen.get((node.code, "")) or {})
            for group in peer_groups
        }
        common = {
            "version": version.from_period,
            "indicator_code": node.code,
            "direction": node.direction,
            "clip": bool(node.params.get("clip", False)),
        }
        levels = [word for word in node.applies_to if word in city.levels]
        groups = [word for word in node.applies_to if word not in city.levels]
        # `county;city` scores only the upper levels, whose numbers still come from the lowest units
        lowest = not node.applies_to or city.levels[-1] in levels
        for group in peer_groups:
            rows.append(
                common
                | {"parameter_group": f"peer group {group}", "applies": lowest or group in groups}
                | {"contributes": not groups or group in groups}
                | {"reference_values": references.get((node.code, group)) or references.get((node.code, ""))}
                | by_group[group]
            )
        for unit in city.units:
            if unit.level != city.levels[-1]:
                rows.append(
                    common
                    | {"parameter_group": f"unit {unit.code}", "applies": not levels or unit.level in levels}
                    | {"contributes": True}
                    | {"reference_values": references.get((node.code, unit.code))}
                    | _average(by_group, {g: w for g, w in weights[unit.code].items() if not groups or g in groups})
                )
    schema: dict[str, Any] = {
        "version": pl.String,
        "indicator_code": pl.String,
        "parameter_group": pl.String,
        "applies": pl.Boolean,
        "contributes": pl.Boolean,
        "direction": pl.Int64,
        "clip": pl.Boolean,
        "reference_values": pl.List(pl.Float64),
    } | dict.fromkeys(PARAMETERS, pl.Float64)
    return pl.DataFrame(rows, schema=schema)


def _group_parameters(node: FrameworkNode, group: str, frozen: Mapping[str, str]) -> dict[str, float | None]:
    params = node.params.get(group, node.params)
    values: dict[str, float | None] = {}
    for column, name in PARAMETERS.items():
        value = params.get(name, node.params.get(name))
        if value is None and name in FROZEN:
            value = frozen.get(name) or None
        values[column] = _number(DEFAULTS.get(name) if value is None else value)
    return values


def _average(
    by_group: Mapping[str, Mapping[str, float | None]], weights: Mapping[str, float]
) -> dict[str, float | None]:
    """Each parameter averaged over peer groups; the same value everywhere is taken as it is."""
    averaged: dict[str, float | None] = {}
    for column in PARAMETERS:
        values = {group: by_group[group][column] for group in weights}
        distinct = set(values.values())
        if len(distinct) <= 1:
            averaged[column] = next(iter(distinct), None)
        elif None in distinct or not sum(weights.values()):
            averaged[column] = None
        else:
            total = sum(weights.values())
            averaged[column] = sum((v or 0.0) * weights[g] for g, v in sorted(values.items())) / total
    return averaged


def _group_weights(city: City, version: Version) -> dict[str, dict[str, float]]:
    """Reference-year residents of each upper unit by peer group; counts of units where no residents are known."""
    last_periods = [row["last_period"] for row in version.reference if row.get("last_period")]
    year = max(last_periods)[:4] if last_periods else version.from_period[:4]
    known = _residents_of_year(city, int(year))
    weights: dict[str, dict[str, float]] = {}
    for code, members in members_of(city).items():
        by_group = weights.setdefault(code, {})
        leaves = [member for member in members if member.level == city.levels[-1]]
        # those in force at the end of the reference year; a county that is younger has only the others
        for member in [leaf for leaf in leaves if exists(leaf, f"{year}-12")] or leaves:
            if known and member.code not in known and exists(member, f"{year}-12"):
                raise CityFolderError(
                    f"{city.folder / 'population.csv'}: no residents of {member.code} {member.name_zh} for {year} "
                    "or an earlier year; parameters of upper units are averaged with them"
                )
            by_group[member.peer_group] = by_group.get(member.peer_group, 0.0) + known.get(member.code, 1)
    return weights


def _reference_rates(version: Version) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "version": version.from_period,
                "indicator_code": row["indicator"],
                "unit_code": row["group"],
                "rate": float(row["rate"]),
            }
            for row in version.reference
            if row.get("rate")
        ],
        schema={
            "version": pl.String,
            "indicator_code": pl.String,
            "unit_code": pl.String,
            "rate": pl.Float64,
        },
    )


def reference_values(version: Version) -> dict[tuple[str, str], list[float]]:
    """The frozen sets of percentile ranks by indicator and group, rising; from reference_values.csv."""
    from city.folder import read_table

    path = version.folder / "reference_values.csv"
    sets: dict[tuple[str, str], list[float]] = {}
    for row in read_table(path) if path.exists() else ():
        sets.setdefault((row["indicator"], row["group"]), []).append(float(row["value"]))
    return {key: sorted(values) for key, values in sets.items()}


def _colours(version: Version) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "version": version.from_period,
                "position": position,
                "colour": colour["key"],
                "cut_from": float(colour["from"]) if position < len(version.rules["colours"]) else float("-inf"),
            }
            for position, colour in enumerate(version.rules["colours"], start=1)
        ]
    )


def _vetoes(version: Version) -> pl.DataFrame:
    positions = {c["key"]: i for i, c in enumerate(version.rules["colours"], start=1)}
    return pl.DataFrame(
        [
            {
                "version": version.from_period,
                "veto": number,
                "measure": veto["measure"],
                "window_months": WINDOW_MONTHS[veto["window"]],
                "at_least": float(veto["at_least"]),
                "cap": veto["cap"],
                "cap_position": positions[veto["cap"]],
                "rises_to": list(veto.get("rises_to", [])),
            }
            for number, veto in enumerate(version.rules.get("veto", ()))
        ],
        schema={
            "version": pl.String,
            "veto": pl.Int64,
            "measure": pl.String,
            "window_months": pl.Int64,
            "at_least": pl.Float64,
            "cap": pl.String,
            "cap_position": pl.Int64,
            "rises_to": pl.List(pl.String),
        },
    )


def _number(value: Any) -> float | None:
    return None if value in (None, "") else float(value)
