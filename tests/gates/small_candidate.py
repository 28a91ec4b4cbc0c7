"""A made-up city of 9 units and 9 nodes and its release candidates, small enough to reason about by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from city import City, Department, Feed, FrameworkNode, RecordSet, Unit, Version
from city.periods import add_months, month_index

DEPARTMENTS = [("D1", "police"), ("D2", "fire"), ("D3", "health"), ("D4", "traffic")]
UNITS = [
    ("9900", "", "city"),
    ("9901", "9900", "county"),
    ("9902", "9900", "county"),
    *((f"9901{i}", "9901", "township") for i in (1, 2, 3)),
    *((f"9902{i}", "9902", "township") for i in (4, 5, 6)),
]
NODES = [
    ("Z", "", 0, ""),
    ("F1", "Z", 1, ""),
    ("F2", "Z", 1, ""),
    ("S1", "F1", 2, ""),
    ("S2", "F2", 2, ""),
    ("I1", "S1", 3, "goalpost"),
    ("I2", "S1", 3, "zero_tolerance"),
    ("I3", "S2", 3, "relative_minmax"),
    ("I4", "S2", 3, "target_attainment"),
]
RULES: dict[str, Any] = {
    "colours": [
        {"key": "green", "from": 90},
        {"key": "blue", "from": 80},
        {"key": "orange", "from": 70},
        {"key": "red", "from": 0},
    ],
    "gate": {
        "coverage": 0.80,
        "largest_change": 25,
        "rank_correlation": 0.60,
        "departments_reporting": 0.75,
        "red_share": 0.50,
    },
}
FIRST = "2022-01"


def small_city(rules: dict[str, Any] | None = None) -> City:
    departments = tuple(Department(code, key, f"{key}局", key.title()) for code, key in DEPARTMENTS)
    return City(
        key="small",
        folder=Path("small"),
        settings={
            "name_zh": "小城",
            "name_en": "Smallville",
            "index_name_zh": "平安小城指数",
            "index_name_en": "Safe Smallville Index",
            "unit_levels": ["city", "county", "township"],
            "first_issue": FIRST,
            "first_month": FIRST,
            "time_zone": "Asia/Shanghai",
            "synthetic": True,
        },
        departments=departments,
        units=tuple(Unit(c, f"单位{c}", f"Unit {c}", p, lv, "", {}, (), "", "") for c, p, lv in UNITS),
        population=(),
        measures=(),
        feeds=tuple(
            Feed(d, 5, (RecordSet(d.code, d.key, "cases", "案件", "Cases", "monthly_return", "csv", "x.csv"),))
            for d in departments
        ),
        versions=(
            Version(
                from_period=FIRST,
                folder=Path("small/versions/2022-01"),
                framework=tuple(
                    FrameworkNode(
                        code,
                        parent,
                        level,
                        f"指标{code}",
                        code,
                        1.0,
                        "arithmetic",
                        "",
                        "n",
                        "",
                        1.0,
                        "month",
                        1,
                        scoring,
                        {},
                        (),
                        "",
                        "",
                        "",
                    )
                    for code, parent, level, scoring in NODES
                ),
                reference=(),
                rules=RULES if rules is None else rules,
            ),
        ),
    )


def score_of(period: str, unit: str, node: str) -> float:
    """A score between 60 and 99 that moves by at most a point between months."""
    position = [u[0] for u in UNITS].index(unit) * 4 + [n[0] for n in NODES].index(node) * 0.5
    return 62.0 + position + (month_index(period) % 3) * 0.25


def colour_of(score: float) -> str:
    return next(str(c["key"]) for c in RULES["colours"] if score >= c["from"])


def small_tables(period: str) -> dict[str, pl.DataFrame]:
    compared = period != FIRST
    before = add_months(period, -1)
    scores = pl.DataFrame(
        [
            {
                "period": period,
                "unit_code": unit,
                "unit_level": unit_level,
                "node_code": node,
                "node_level": node_level,
                "score": (score := score_of(period, unit, node)),
                "coverage": 0.95,
                "status": "measured",
                "rank": 1,
                "colour": colour_of(score),
                "change_month": score - score_of(before, unit, node) if compared else None,
                "change_month_reason": None if compared else "first_month",
                "change_year": None,
                "change_year_reason": "no_year_before",
                "rank_change_month": 0 if compared else None,
                "rank_change_year": None,
            }
            for unit, _, unit_level in sorted(UNITS)
            for node, _, node_level, _ in sorted(NODES)
        ],
        schema_overrides={
            "node_level": pl.Int32,
            "rank": pl.Int32,
            "change_month": pl.Float64,
            "change_year": pl.Float64,
            "change_month_reason": pl.String,
            "rank_change_month": pl.Int32,
            "rank_change_year": pl.Int32,
        },
    )
    values = pl.DataFrame(
        [
            {
                "period": period,
                "unit_code": unit,
                "indicator_code": node,
                "numerator": 3.0,
                "denominator": 4.0,
                "value": 0.75,
                "value_smoothed": 0.7,
                "score": score_of(period, unit, node),
                "status": "measured",
            }
            for unit, _, _ in sorted(UNITS)
            for node, _, _, scoring in sorted(NODES)
            if scoring
        ]
    )
    return {
        "scores": scores,
        "values": values,
        "measures": pl.DataFrame(
            [
                {"period": period, "unit_code": u, "measure": "n", "quantity": 3.0, "status": "measured"}
                for u, _, _ in sorted(UNITS)
            ]
        ),
        "units": pl.DataFrame(
            [
                {
                    "unit_code": code,
                    "name_zh": f"单位{code}",
                    "name_en": f"Unit {code}",
                    "parent": parent,
                    "level": level,
                    "peer_group": "",
                    "residents": 1000,
                }
                for code, parent, level in sorted(UNITS)
            ]
        ),
        "framework": pl.DataFrame(
            [
                {
                    "code": code,
                    "parent": parent,
                    "level": level,
                    "name_zh": f"指标{code}",
                    "name_en": code,
                    "weight": 1.0,
                    "effective_weight": 0.25,
                    "aggregation": "arithmetic",
                    "scoring": scoring,
                    "params": "{}",
                    "note": "=危险",
                    "version": FIRST,
                }
                for code, parent, level, scoring in sorted(NODES)
            ]
        ),
        "contributions": no_effects("node_code"),
        "member_contributions": no_effects("member_code").with_columns(denominator_part=0.0),
        "vetoes": pl.DataFrame(
            schema={
                "period": pl.String,
                "unit_code": pl.String,
                "measure": pl.String,
                "events": pl.Int64,
                "cap": pl.String,
                "from_unit": pl.String,
            }
        ),
        "feeds": pl.DataFrame(
            [
                {
                    "department": code,
                    "department_key": key,
                    "record_set": "cases",
                    "period": period,
                    "status": "accepted",
                    "reported": True,
                    "received": 1200,
                    "accepted": 1190,
                    "quarantined": 7,
                    "other_month": 2,
                    "layout": 1,
                    "landing_file": f"{key}/cases/{period}/abc.parquet",
                    "hash": "abc",
                }
                for code, key in DEPARTMENTS
            ]
        ),
        "departments": pl.DataFrame(
            [{"code": code, "key": key, "name_zh": f"{key}局", "name_en": key.title()} for code, key in DEPARTMENTS]
        ),
        **small_robustness(period),
    }


def small_robustness(period: str) -> dict[str, pl.DataFrame]:
    units = sorted(UNITS)
    return {
        "robustness": pl.DataFrame(
            [
                {
                    "period": period,
                    "unit_code": unit,
                    "unit_level": level,
                    "rank": 1,
                    "median_rank": 1.5,
                    "rank_p05": 1.0,
                    "rank_p95": 2.0,
                    "ties": 1,
                }
                for unit, _, level in units
            ]
        ),
        "robustness_colours": pl.DataFrame(
            [
                {"period": period, "unit_code": unit, "colour": str(colour["key"]), "share": 0.25}
                for unit, _, _ in units
                for colour in RULES["colours"]
            ]
        ),
        "robustness_sensitivity": pl.DataFrame(
            [
                {
                    "period": period,
                    "assumption": assumption,
                    **{f"{kind}_order{end}": 0.25 for kind in ("first", "total") for end in ("", "_p05", "_p95")},
                    "options": 2,
                    "indicators_varied": None,
                    "runs": 2400,
                    "seed": 1,
                    "weights_share": 0.25,
                    "problem": None,
                }
                for assumption in ("aggregation", "left_out", "scoring", "weights")
            ],
            schema_overrides={"indicators_varied": pl.Int32, "problem": pl.String},
        ),
    }


def no_effects(key: str) -> pl.DataFrame:
    """Contributions of a month that compares with none."""
    words = ("period", "unit_code", "comparison", key, "indicator_code")
    effects = ("value", "weight", "availability", "method", "population")
    numbers = (*(f"{name}_effect" for name in effects), "total")
    return pl.DataFrame(schema=dict.fromkeys(words, pl.String) | dict.fromkeys(numbers, pl.Float64))


def description(period: str) -> dict[str, Any]:
    compared = period != FIRST
    return {
        "city": "small",
        "period": period,
        "issue_number": month_index(period) - month_index(FIRST) + 1,
        "method_version": FIRST,
        "synthetic": True,
        "notice_zh": "模拟数据。",
        "notice_en": "Synthetic data.",
        "compares_with": {"month": add_months(period, -1) if compared else None, "year": None},
        "landing": [
            {
                "department": code,
                "record_set": "cases",
                "period": period,
                "hash": "abc",
                "landing_file": f"{key}/cases/{period}/abc.parquet",
            }
            for code, key in DEPARTMENTS
        ],
        "first_month_read": period,
        "code_version": "test",
    }


def write_candidate(folder: Path, period: str, **changed: pl.DataFrame) -> Path:
    """A good candidate, but for the tables given."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in {**small_tables(period), **changed}.items():
        table.write_parquet(folder / f"{name}.parquet", compression="zstd")
    (folder / "candidate.json").write_text(json.dumps(description(period)), encoding="utf-8")
    return folder
