"""Which checks gate C makes on a month: each a Great Expectations expectation on one table, with its
threshold.

Thresholds are the version's `gate` in rules.yaml: `coverage` (overall index of every unit above the
lowest level; of all units where a city has one level), `largest_change` (points), `rank_correlation`,
`departments_reporting` (a department reports when all its required record sets did), `red_share`,
`scored_share`. A key that is not there makes no check, except `scored_share`, which is 0.90 unless told
otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from city.folder import City
from gates import tables
from gates.candidate import Candidate

#: Nine of ten lowest-level units have an overall score: below that, ranks among them mislead.
DEFAULT_SCORED_SHARE = 0.90
#: Scores are compared after rounding to 1e-9 (METHODS.md section 1).
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Check:
    """A check: an expectation on a table, or the reason why it is not made.

    `value` names the column shown for failing rows, `worst_first` the column they are sorted by (else: as
    in the table). `detail` (unit, node, value) replaces the failing rows where the expectation is on a
    single figure.
    """

    name: str
    table: str = ""
    expectation: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    expected: str = ""
    observed: str = ""
    value: str = "value"
    detail: pl.DataFrame | None = None
    worst_first: str = ""
    descending: bool = True
    not_applicable: tuple[str, str] | None = None

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the expectation reads."""
        return frozenset({self.arguments["column"]} if "column" in self.arguments else self.arguments["column_list"])


@dataclass(frozen=True)
class CheckPlan:
    """The checks of a month in the order in which readers see them, and the tables they are made on."""

    checks: tuple[Check, ...]
    tables: Mapping[str, pl.DataFrame]


def plan_checks(candidate: Candidate, city: City, previous: pl.DataFrame | None) -> CheckPlan:
    """Everything that is asked of a candidate; `previous` is last month's scores table."""
    before = None if previous is None else tables.overall_before(previous, candidate.root)
    every = tables.overall(candidate, before)
    leaves = every.filter(pl.col("unit_level") == city.levels[-1])
    colours = [str(c["key"]) for c in city.version(candidate.period).rules.get("colours") or ()]
    varied = tables.indicators(candidate, city.levels[-1])
    figures, judged = _judgements(candidate, city, every, leaves, before is not None)
    return CheckPlan(
        checks=(*_structure(candidate, colours), *judged, _constant(varied)),
        tables={
            "levels": tables.levels(candidate),
            "spine": tables.spine(candidate),
            "scores": tables.scores(candidate),
            "values": tables.keyed(candidate.tables["values"], "indicator_code"),
            "measures": tables.keyed(candidate.tables["measures"], "measure"),
            "overall_above": every.filter(pl.col("unit_level") != city.levels[-1]) if len(city.levels) > 1 else every,
            "overall": every,
            "indicators": varied,
            "figures": pl.DataFrame([{"unit": "", "node": "", **figures}]),
        },
    )


def _structure(candidate: Candidate, colours: list[str]) -> list[Check]:
    spine = candidate.tables["units"].height * candidate.tables["framework"].height
    vocabulary = " | ".join(tables.STATUSES)
    return [
        _among("one_month", "scores", "period", [candidate.period]),
        _between(
            "rows_per_level",
            "levels",
            "difference",
            0,
            0,
            expected=f"单位数 × 指标数 units × nodes = {spine:,}",
        ),
        _between("complete", "spine", "rows", 1, None, value="rows", expected="每单位每指标一行 a row for each"),
        _among("keys_known", "scores", "known", [True], expected="units × framework"),
        _unique("scores_unique", "scores"),
        _unique("values_unique", "values"),
        _unique("measures_unique", "measures"),
        _between(
            "scores_in_range",
            "scores",
            "beyond",
            None,
            TOLERANCE,
            value="score",
            worst_first="beyond",
            expected="0–100，或另行规定的范围 or the range declared",
        ),
        _between("coverage_in_range", "scores", "covered", -TOLERANCE, 1 + TOLERANCE, expected="0–1"),
        _among("scores_status", "scores", "stated", list(tables.STATUSES), expected=vocabulary),
        _among("values_status", "values", "stated", list(tables.STATUSES), expected=vocabulary),
        _among(
            "score_as_status_says",
            "scores",
            "agrees",
            [True],
            value="value",
            expected=f"score ⇔ {' | '.join(tables.SCORED)}",
        ),
        _among("colours_known", "scores", "coloured", colours)
        if colours
        else _without("colours_known", "本办法未设等级颜色。", "rules.yaml declares no colours."),
    ]


def _judgements(
    candidate: Candidate, city: City, every: pl.DataFrame, leaves: pl.DataFrame, compared: bool
) -> tuple[dict[str, float | None], list[Check]]:
    """The checks against thresholds, and the single figures that some are made on."""
    rules = city.version(candidate.period).rules
    gate: Mapping[str, Any] = rules.get("gate") or {}
    checks: list[Check] = []
    figures: dict[str, float | None] = {}

    def figure(name: str, value: float, detail: pl.DataFrame, threshold: float, at_most: bool = False) -> None:
        figures[name] = value
        low, high = (None, threshold + TOLERANCE) if at_most else (threshold - TOLERANCE, None)
        sign = "≤" if at_most else "≥"
        checks.append(
            _between(
                name,
                "figures",
                name,
                low,
                high,
                expected=f"{sign} {_percent(threshold)}",
                observed=_percent(value),
                detail=detail,
            )
        )

    if "coverage" in gate:
        lowest = every.filter(pl.col("unit_level") != city.levels[-1]) if len(city.levels) > 1 else every
        least = lowest["coverage"].min()
        checks.append(
            _between(
                "coverage",
                "overall_above",
                "coverage",
                float(gate["coverage"]) - TOLERANCE,
                None,
                expected=f"≥ {_percent(float(gate['coverage']))}",
                value="percent",
                worst_first="coverage",
                descending=False,
                observed=f"最低 lowest {_percent(least)}" if isinstance(least, float) else "no unit",
            )
        )
    else:
        checks.append(_unset("coverage"))

    scored = leaves.filter(pl.col("score").is_finite().fill_null(False))
    unscored = leaves.join(scored.select("unit"), on="unit", how="anti").select(
        "unit", "node", pl.format("coverage {}", "percent").alias("value")
    )
    share = scored.height / leaves.height if leaves.height else 0.0
    figure("scored_share", share, unscored, float(gate.get("scored_share", DEFAULT_SCORED_SHARE)))

    checks.extend(_against_last_month(gate, every, leaves, compared, figures))

    if "departments_reporting" not in gate:
        checks.append(_unset("departments_reporting"))
    else:
        deliveries = tables.required_deliveries(candidate, city)
        departments = deliveries.group_by("unit").agg(pl.col("reported").all())
        if departments.is_empty():
            checks.append(_without("departments_reporting", "没有必报的记录集。", "No record set is required."))
        else:
            reporting = float(departments["reported"].sum()) / departments.height
            absent = deliveries.filter(~pl.col("reported")).select("unit", "node", "value")
            figure("departments_reporting", reporting, absent, float(gate["departments_reporting"]))

    colours = rules.get("colours") or ()
    if "red_share" not in gate or not colours:
        checks.append(_unset("red_share"))
    else:
        red = str(min(colours, key=lambda c: float(c["from"]))["key"])
        warned = scored.filter(pl.col("colour") == red)
        ratio = warned.height / scored.height if scored.height else 0.0
        rows = warned.sort("score").select("unit", "node", pl.col("score").alias("value"))
        figure("red_share", ratio, rows, float(gate["red_share"]), at_most=True)
    return figures, checks


def _against_last_month(
    gate: Mapping[str, Any],
    every: pl.DataFrame,
    leaves: pl.DataFrame,
    compared: bool,
    figures: dict[str, float | None],
) -> list[Check]:
    first = ("没有可比的上月（首期或上月未计算）。", "There is no month before to compare with.")
    checks: list[Check] = []
    if "largest_change" not in gate:
        checks.append(_unset("largest_change"))
    elif not compared:
        checks.append(_without("largest_change", *first))
    else:
        largest = every["size"].max()
        checks.append(
            _between(
                "largest_change",
                "overall",
                "size",
                None,
                float(gate["largest_change"]) + TOLERANCE,
                expected=f"≤ {gate['largest_change']:g}",
                value="change",
                worst_first="size",
                observed=f"{largest:.2f}" if isinstance(largest, float) else "no unit has both months",
            )
        )
    if "rank_correlation" not in gate:
        checks.append(_unset("rank_correlation"))
    elif not compared:
        checks.append(_without("rank_correlation", *first))
    else:
        correlation, moves = tables.rank_moves(leaves)
        if correlation is None:
            checks.append(
                _without(
                    "rank_correlation",
                    "两月均有总分的单位不足 3 个，或得分全部相同。",
                    "Fewer than 3 units have both months, or all units share one score.",
                )
            )
        else:
            figures["rank_correlation"] = correlation
            detail = moves.filter(pl.col("moved") > 0).select(
                "unit", "node", pl.format("第 {} → 第 {} 名", "before_place", "now_place").alias("value")
            )
            checks.append(
                _between(
                    "rank_correlation",
                    "figures",
                    "rank_correlation",
                    float(gate["rank_correlation"]) - TOLERANCE,
                    None,
                    expected=f"≥ {gate['rank_correlation']:g}",
                    observed=f"{correlation:.3f}",
                    detail=detail,
                )
            )
    return checks


def _constant(varied: pl.DataFrame) -> Check:
    """Indicators that are the same for every unit give no information in this month (METHODS.md, section 3)."""
    if varied.is_empty():
        return _without(
            "indicators_vary",
            "没有在两个以上单位有得分的指标。",
            "No indicator has a score in two units or more.",
        )
    constant = varied.filter(pl.col("different") < 2)["node"].to_list()
    told = f": {', '.join(constant)}" if constant else ""
    return _between(
        "indicators_vary",
        "indicators",
        "different",
        2,
        None,
        expected="每项指标至少两种得分 at least two scores in each indicator",
        observed=f"{len(constant)} / {varied.height} 项各单位相同 the same everywhere{told}",
        value="value",
    )


def _between(
    name: str,
    table: str,
    column: str,
    low: float | None,
    high: float | None,
    *,
    expected: str,
    observed: str = "",
    value: str = "",
    detail: pl.DataFrame | None = None,
    worst_first: str = "",
    descending: bool = True,
) -> Check:
    shown = value or ("value" if table in {"levels", "figures"} else column)
    arguments = {"column": column, "min_value": low, "max_value": high}
    return Check(
        name,
        table,
        "ExpectColumnValuesToBeBetween",
        arguments,
        expected,
        observed,
        value=shown,
        detail=detail,
        worst_first=worst_first,
        descending=descending,
    )


def _among(name: str, table: str, column: str, allowed: list[Any], *, expected: str = "", value: str = "") -> Check:
    arguments = {"column": column, "value_set": allowed}
    text = expected or " | ".join(map(str, allowed))
    return Check(name, table, "ExpectColumnValuesToBeInSet", arguments, text, value=value or column)


def _unique(name: str, table: str) -> Check:
    arguments = {"column_list": ["unit", "node", "period"]}
    text = "每键一行 one row per key"
    return Check(name, table, "ExpectCompoundColumnsToBeUnique", arguments, text, value="period")


def _without(name: str, reason_zh: str, reason_en: str) -> Check:
    return Check(name, not_applicable=(reason_zh, reason_en))


def _unset(name: str) -> Check:
    return _without(name, f"rules.yaml 的 gate 未规定 {name}。", f"rules.yaml sets no gate.{name}.")


def _percent(share: float) -> str:
    return f"{share * 100:.4g}%"
