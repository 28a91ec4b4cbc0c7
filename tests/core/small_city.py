"""A small city for tests of the core: its folder, and departments that deliver finished numbers.

Everything is plain data (dictionaries of text and numbers), so that the independent recomputation can read it without
the product's loaders. What is delivered, and what is missing, is drawn from a seed.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from city.periods import months_between

Row = dict[str, Any]
#: (unit, measure) -> number, as one department delivered it for one month.
Return = dict[tuple[str, str], float]

MONTHS = months_between("2021-01", "2022-12")
FIRST_ISSUE = "2021-12"
LEVELS = ("city", "county", "township")
CITY = "900000"

#: code, parent, level, peer group, first and last month in force
UNITS = [
    (CITY, "", "city", "", "", ""),
    ("900101", CITY, "county", "", "", ""),
    ("900102", CITY, "county", "", "", ""),
    ("900103", CITY, "county", "", "", ""),
    ("900101001", "900101", "township", "street", "", ""),
    ("900101002", "900101", "township", "town", "", ""),
    ("900101003", "900101", "township", "town", "", ""),
    ("900102001", "900102", "township", "street", "", ""),
    ("900102002", "900102", "township", "street", "", ""),
    ("900102003", "900102", "township", "town", "", ""),
    ("900103001", "900103", "township", "town", "", ""),
    ("900103002", "900103", "township", "town", "", "2022-02"),
    ("900103003", "900103", "township", "town", "2022-03", ""),
]
RESIDENTS = {
    2021: [52_311, 18_204, 9_875, 61_020, 40_117, 22_050, 15_003, 12_400],
    2022: [53_002, 17_990, 9_640, 62_844, 40_958, 21_730, 14_880, 12_251, 12_263],
}
#: measure -> kind, department, usual number a month, whether it may have decimals
MEASURES = {
    "cases_due": ("flow", "D1", 14, False),
    "cases_on_time": ("flow", "D1", 12, False),
    "crimes": ("flow", "D1", 6, False),
    "accidents": ("flow", "D1", 0.35, False),
    "deaths": ("flow", "D1", 0.12, False),
    "response_seconds": ("flow", "D1", 9_000, True),
    "calls": ("flow", "D1", 20, False),
    "cameras": ("stock", "D2", 80, False),
    "cameras_working": ("stock", "D2", 74, False),
    "cases_open": ("stock", "D2", 11, False),
    "cases_filed": ("flow", "D2", 16, False),
    "satisfaction": ("stock", "D2", 71, True),
    "patrols": ("flow", "D3", 40, False),
    "wells": ("stock", "D3", 9, False),
    "wells_checked": ("stock", "D3", 7, False),
    "incidents": ("flow", "D3", 0.5, False),
    "losses": ("flow", "D3", 310, True),
    "rural_fires": ("flow", "D3", 1.2, False),
    "plans": ("flow", "D3", 5, False),
    "plans_done": ("flow", "D3", 4, False),
}
DEPARTMENTS = {"D1": "alpha", "D2": "beta", "D3": "gamma"}
#: Returns that never come, whatever the seed: two months running (the second has nothing to carry), the month in which
#: the method changes, and a month of each department that one of the versions never carries.
NEVER_DELIVERED = {("2022-04", "D1"), ("2022-05", "D1"), ("2022-08", "D1"), ("2022-02", "D2"), ("2022-10", "D3")}
#: So that two rules of one measure hold at once, in a township and in a county.
MANY_DEATHS = {("2022-06", "900101002"): 3.0, ("2022-07", "900102"): 2.0}
#: Events that a county may know without knowing the township.
KNOWN_TO_COUNTIES = ("crimes", "accidents", "deaths", "incidents", "rural_fires", "losses", "calls", "response_seconds")

COLUMNS = (
    *("code", "parent", "level", "name_zh", "weight", "aggregation", "department", "numerator", "denominator"),
    *("scale", "window", "direction", "scoring", "params", "applies_to", "smoothing"),
)


def _node(code: str, parent: str, level: int, weight: float, aggregation: str = "arithmetic") -> Row:
    return {"code": code, "parent": parent, "level": level, "weight": weight, "aggregation": aggregation}


def _leaf(code: str, parent: str, weight: float, department: str, level: int = 3, **fields: Any) -> Row:
    usual: Row = {"numerator": "", "denominator": "", "scale": 1, "window": "month", "direction": 1, "params": {}}
    usual |= {"applies_to": "", "smoothing": ""}
    return _node(code, parent, level, weight, "") | {"department": department} | usual | fields


FRAMEWORK: list[Row] = [
    _node("I", "", 0, 100),
    _node("A", "I", 1, 40, "geometric"),
    _node("B", "I", 1, 25, "harmonic"),
    _node("C", "I", 1, 30),
    _leaf("Z", "I", 5, "D2", level=1, numerator="satisfaction", window="rolling_3m", scoring="minmax",
          params={"lo": 20, "hi": 95, "L": 10, "U": 90, "clip": True}),
    _node("A1", "A", 2, 3, "geometric"),
    _node("A2", "A", 2, 2, "geometric"),
    _leaf("A101", "A1", 2, "D1", numerator="cases_on_time", denominator="cases_due", scale=100, scoring="goalpost",
          params={"cap": 100, "street": {"p0": 40, "p60": 80, "p100": 100}, "town": {"p0": 30, "p60": 70, "p100": 95}}),
    _leaf("A102", "A1", 3, "D1", numerator="crimes", denominator="residents", scale=10_000, window="rolling_12m",
          direction=-1, scoring="relative_minmax", smoothing="county_reference;k=10000"),
    _leaf("A103", "A1", 2.5, "D1", window="rolling_12m", direction=-1, scoring="zero_tolerance",
          params={"classes": [{"measure": "accidents", "deduct": 7}, {"measure": "deaths", "deduct": 20}]}),
    _leaf("A201", "A2", 1, "D1", numerator="response_seconds", denominator="calls", scale=1 / 60, window="rolling_3m",
          direction=-1, scoring="target_attainment", params={"T": 7}),
    _leaf("A202", "A2", 1, "D2", numerator="cameras_working", denominator="cameras", scale=100, window="stock",
          scoring="target_attainment", params={"T": 98, "cap": 100}),
    _node("B1", "B", 2, 1, "harmonic"),
    _leaf("B101", "B1", 1, "D3", numerator="wells_checked", denominator="residents", scale=10_000, window="rolling_3m",
          scoring="minmax", params={"lo": 0.4, "hi": 9, "clip": True}),
    _leaf("B102", "B1", 1, "D3", numerator="losses", window="rolling_3m", direction=-1, scoring="zscore",
          params={"m": 60, "s": 15, "mean": 900, "sd": 260}),
    _leaf("B103", "B1", 1, "D3", numerator="patrols", scoring="percentile_rank", params={"factor": 100}),
    _leaf("B104", "B", 2, "D2", numerator="cases_open", denominator="cases_filed", scale=100, window="rolling_12m",
          direction=-1, scoring="minmax", params={"L": 0, "U": 100}),
    _node("C1", "C", 2, 60),
    _node("C2", "C", 2, 20),
    _leaf("C101", "C1", 1, "D3", numerator="rural_fires", denominator="residents", scale=10_000, window="rolling_3m",
          direction=-1, scoring="goalpost", params={"p0": 9, "p60": 3, "p100": 0}, applies_to="town"),
    _leaf("C102", "C1", 1, "D3", numerator="plans_done", denominator="plans", scale=100, scoring="goalpost",
          params={"p0": 20, "p60": 70, "p100": 100}, applies_to="county;city"),
    _leaf("C103", "C1", 2, "D3", direction=-1, scoring="zero_tolerance",
          params={"classes": [{"measure": "incidents", "deduct": 12}]}),
    _leaf("C201", "C2", 1, "D2", numerator="satisfaction", window="stock", scoring="relative_minmax"),
    _leaf("C202", "C2", 1, "D3", numerator="wells_checked", denominator="wells", scale=100, window="rolling_3m",
          scoring="percentile_rank", params={"cap": 100, "factor": 90}, direction=-1),
]  # fmt: skip

REFERENCE: list[Row] = [
    {"indicator": "A102", "group": "street", "lo": 8.5, "hi": 19.25},
    {"indicator": "A102", "group": "town", "lo": 19.5, "hi": 58.75},
    {"indicator": "A102", "group": "900101", "rate": 0.0027},
    {"indicator": "A102", "group": "900102", "rate": 0.0016},
    {"indicator": "A102", "group": "900103", "rate": 0.0052},
    # of no use: counties and the city are not shrunk
    {"indicator": "A102", "group": CITY, "rate": 0.0024},
    {"indicator": "B104", "group": "", "lo": 2, "hi": 9.5},
    {"indicator": "C201", "group": "street", "lo": 62, "hi": 83},
    {"indicator": "C201", "group": "", "lo": 58, "hi": 80},
]
REFERENCE_YEAR = 2021
#: (indicator, group) -> the frozen set. The city has no set for B103: it has no score there.
REFERENCE_VALUES: dict[tuple[str, str], list[float]] = {
    ("B103", "street"): [22, 30, 33, 36, 36, 40, 41, 45, 52],
    ("B103", "town"): [18, 25, 31, 36, 38, 39, 44, 60],
    ("B103", "900101"): [60, 90, 105, 118, 133, 150],
    ("B103", "900102"): [70, 95, 110, 120, 131, 160],
    ("B103", "900103"): [40, 61, 75, 80, 92, 110],
    ("C202", ""): [50, 61.5, 66, 70, 75, 80, 80, 88, 97],
    ("C202", "900101"): [60, 70, 75, 77.5, 80, 90],
    ("C202", "900102"): [60, 70, 75, 77.5, 80, 90],
    ("C202", CITY): [65, 70, 74, 78, 80, 86],
}
COLOURS = [("green", 85.0), ("blue", 72.0), ("orange", 60.0), ("red", 40.0)]
RULES: Row = {
    "minimum_coverage": 0.65,
    "carry_forward": {"months": 1, "except": ["D2"]},
    "colours": [
        {"key": key, "name_zh": key, "name_en": key, "word_zh": key, "word_en": key, "from": cut, "hex": "#000000"}
        for key, cut in COLOURS
    ],
    "veto": [
        {"measure": "deaths", "window": "month", "at_least": 1, "cap": "orange", "rises_to": ["county"]},
        {"measure": "accidents", "window": "rolling_3m", "at_least": 3, "cap": "red", "rises_to": []},
        {"measure": "deaths", "window": "month", "at_least": 2, "cap": "red", "rises_to": ["county", "city"]},
    ],
}
#: The second version of the method: other weights, posts and rules, one indicator gone and one new.
NEW_VERSION_FROM = "2022-08"


def _second_framework() -> list[Row]:
    changed = [dict(node) for node in FRAMEWORK if node["code"] != "C101"]
    for node in changed:
        if node["code"] == "A":
            node["aggregation"], node["weight"] = "arithmetic", 50
        if node["code"] == "A101":
            node["params"] = {"cap": 100, "p0": 35, "p60": 75, "p100": 98}
        if node["code"] == "A102":
            node["smoothing"] = "county_reference;k=20000"
        if node["code"] == "A103":
            node["params"] = {"classes": [{"measure": "accidents", "deduct": 9}, {"measure": "deaths", "deduct": 20}]}
    return [
        *changed,
        _leaf("C104", "C1", 1.5, "D3", numerator="rural_fires", scoring="minmax", direction=-1, window="rolling_3m",
              params={"lo": 0, "hi": 9, "clip": True}, applies_to="town;township"),
    ]  # fmt: skip


@dataclass(frozen=True)
class Method:
    """A version of the method as plain data."""

    framework: list[Row]
    rules: Row


METHODS = {
    "2021-06": Method(FRAMEWORK, RULES),
    NEW_VERSION_FROM: Method(
        _second_framework(),
        RULES | {"minimum_coverage": 0.5, "floor": 5, "carry_forward": {"months": 1, "except": ["D3"]}},
    ),
}


def in_force(unit: tuple[str, str, str, str, str, str], period: str) -> bool:
    """Whether a unit exists in a month."""
    return (unit[4] or "0000-00") <= period <= (unit[5] or "9999-99")


def population() -> list[Row]:
    """population.csv: the two units of the split have both figures in 2022."""
    leaves = [u[0] for u in UNITS if u[2] == "township"]
    return [
        {"unit": code, "year": year, "residents": people, "status": "synthetic"}
        for year, counts in RESIDENTS.items()
        for code, people in zip(leaves, counts, strict=False)
    ]


def draw_returns(
    seed: int, missing_returns: float, missing_rows: float, county_rows: float
) -> dict[tuple[str, str], Return]:
    """(period, department) -> what it delivered; a return that was not delivered is absent."""
    draw = random.Random(seed)
    returns: dict[tuple[str, str], Return] = {}
    safety = {u[0]: draw.uniform(0.5, 1.6) for u in UNITS}
    for period in MONTHS:
        for department in DEPARTMENTS:
            absent = draw.random() < missing_returns or (period, department) in NEVER_DELIVERED
            numbers: Return = {}
            for unit in (u for u in UNITS if u[2] == "township" and in_force(u, period)):
                for measure, (_, own, usual, decimals) in MEASURES.items():
                    if own == department:
                        number = max(0.0, draw.gauss(usual, 0.25 * usual) * safety[unit[0]])
                        number = number if decimals else float(int(number + draw.random()))
                        if draw.random() >= missing_rows:
                            numbers[unit[0], measure] = number
            for unit in (u for u in UNITS if u[2] != "township"):
                for measure, (_, own, usual, decimals) in MEASURES.items():
                    if own == department and measure in KNOWN_TO_COUNTIES and draw.random() < county_rows:
                        numbers[unit[0], measure] = usual * draw.random() if decimals else float(draw.randint(0, 2))
            if draw.random() < 0.08:
                _known_to_one_county_only(numbers, "900102", draw)
            if draw.random() < 0.08:
                # nothing was due anywhere: the denominator is zero and the indicator does not apply
                numbers |= {key: 0.0 for key in numbers if key[1] in ("cases_due", "cases_on_time", "cases_filed")}
            if department == "D1":
                numbers |= {(unit, "deaths"): n for (month, unit), n in MANY_DEATHS.items() if month == period}
            if not absent and numbers:
                returns[period, department] = numbers
    return returns


def _known_to_one_county_only(numbers: Return, county: str, draw: random.Random) -> None:
    """The county's own office answered for its townships."""
    for measure in sorted({m for _, m in numbers}):
        below = [key for key in numbers if key[0].startswith(county) and len(key[0]) == 9 and key[1] == measure]
        if below and draw.random() < 0.9:
            numbers[county, measure] = float(round(sum(numbers.pop(key) for key in below)))


def write_city(folder: Path) -> Path:
    """Write the city's folder."""
    _write_table(
        folder / "departments.csv",
        [{"code": code, "key": key, "name_zh": key, "name_en": key} for code, key in DEPARTMENTS.items()],
    )
    _write_table(
        folder / "units.csv",
        [
            dict(zip(("code", "parent", "level", "peer_group", "valid_from", "valid_to"), unit, strict=True))
            | {"name_zh": f"单位{unit[0]}", "name_en": f"Unit {unit[0]}"}
            for unit in UNITS
        ],
    )
    _write_table(folder / "population.csv", population())
    _write_table(
        folder / "measures.csv",
        [
            {"measure": name, "kind": kind, "department": department, "unit": "", "name_zh": name}
            for name, (kind, department, _, _) in MEASURES.items()
        ],
    )
    _write_yaml(
        folder / "city.yaml",
        {"name_zh": "小城", "name_en": "Small City", "time_zone": "Asia/Shanghai", "first_month": MONTHS[0]}
        | {"first_issue": FIRST_ISSUE, "unit_levels": list(LEVELS)},
    )
    record_set = {"name": "monthly", "contract": "monthly_return", "reader": "csv", "month_by": "period"} | {
        "columns": {"月份": "period", "指标": "measure", "数值": "value"},
        "unit": {"code": "单位代码"},
    }
    _write_yaml(
        folder / "feeds.yaml",
        {
            "feeds": [
                {"department": code, "record_sets": [record_set | {"location": f"{key}/{{period}}*.csv"}]}
                for code, key in DEPARTMENTS.items()
            ]
        },
    )
    for name, method in METHODS.items():
        version = folder / "versions" / name
        rows = [
            {column: node.get(column, "") for column in COLUMNS}
            | {"name_zh": node["code"], "params": json.dumps(node["params"]) if "params" in node else ""}
            for node in method.framework
        ]
        _write_table(version / "framework.csv", rows)
        columns = ("indicator", "group", "lo", "hi", "rate", "first_period", "last_period", "declared")
        span = {"first_period": "2021-01", "last_period": f"{REFERENCE_YEAR}-12", "declared": "true"}
        _write_table(version / "reference.csv", [{c: (r | span).get(c, "") for c in columns} for r in REFERENCE])
        _write_table(
            version / "reference_values.csv",
            [
                {"indicator": indicator, "group": group, "value": value}
                for (indicator, group), values in REFERENCE_VALUES.items()
                for value in values
            ],
        )
        _write_yaml(version / "rules.yaml", method.rules)
    return folder


def write_returns(sources: Path, returns: Mapping[tuple[str, str], Return], shuffled_by: int | None = None) -> Path:
    """Write every department's months as CSV; with `shuffled_by`, rows in another order and over two files."""
    for (period, department), numbers in returns.items():
        rows = [
            {"月份": period, "单位代码": unit, "指标": measure, "数值": repr(number)}
            for (unit, measure), number in numbers.items()
        ]
        parts = {f"{period}.csv": rows}
        if shuffled_by is not None:
            random.Random(f"{shuffled_by} {period} {department}").shuffle(rows)
            middle = len(rows) // 3
            parts = {f"{period}-a.csv": rows[:middle], f"{period}-b.csv": rows[middle:]}
        for name, part in parts.items():
            if part:
                _write_table(sources / DEPARTMENTS[department] / name, part)
    return sources


def _write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(content), allow_unicode=True, sort_keys=False), encoding="utf-8")
