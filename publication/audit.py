"""The framework's statistics over published issues: tables and findings of `pingan audit`.

Belongs here: which scores and values are compared, and what is worth saying of the result. The statistics are
`methods.audit` and `methods.treatment`; the page is `publication.audit_page`. Nothing is published: an audit is a
study of issues and lies beside them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from city import Period
from city.state import StateFolder
from methods.alternative_scoring import score_range
from methods.audit import (
    BUNCHED,
    UNDISCRIMINATING,
    Array,
    correlation,
    correlations,
    cronbach_alpha,
    describe,
    importance,
    share_at,
    shares_of,
    spread_within,
    variance_shares,
)
from methods.treatment import Treatment, treat
from publication.reading import IssueData, read_issue_data

#: Indicators of which less is measured are named.
LOW_AVAILABILITY = 0.9
#: Shares of importance below or above nominal weight by this factor are named.
FAR_FROM_NOMINAL = 3.0
#: r at or beyond which two siblings say the same (COINr's default for flags is 0.75 over data; 0.9 says collinear).
COLLINEAR = 0.9


_POINTS: dict[str, Any] = {
    **dict.fromkeys(("indicator_code", "period", "unit_code"), pl.String),
    "before": pl.Float64,
    "after": pl.Float64,
    "by": pl.String,
}


class AuditError(ValueError):
    """The months cannot be compared; the message says why and what to ask for."""


@dataclass(frozen=True)
class Finding:
    """A sentence of the catalogue (`audit.finding.<key>`) with its fields and the nodes it is about."""

    key: str
    fields: dict[str, Any]
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Audit:
    """An audit: tables by name (indicators, nodes, correlations, treatment) and findings, the weightiest first."""

    months: tuple[Period, ...]
    units: int
    issue: IssueData
    tables: dict[str, pl.DataFrame]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class _Sample:
    """Unit-months of the lowest units as rows: scores by node, values and statuses by indicator."""

    keys: pl.DataFrame
    scores: dict[str, Array]
    values: dict[str, Array]
    statuses: dict[str, Any]


def audit(state: StateFolder, months: Sequence[Period], progress: Callable[[str], None] | None = None) -> Audit:
    """Audit the framework over published months, lowest units; AuditError when they follow different methods.

    Raises IssueNotFoundError for a month that is not published.
    """
    issues = [read_issue_data(state, month) for month in months]
    last = issues[-1]
    framework = last.table("framework").sort("code")
    compared = ("code", "parent", "weight", "aggregation", "scoring", "params", "direction")
    for issue in issues:
        if not issue.table("framework").sort("code").select(compared).equals(framework.select(compared)):
            raise AuditError(
                f"{issue.period} and {last.period} were computed by different methods; audit the months of one method "
                "version at a time. 两期使用的方法版本不同，请分开审计。"
            )
    sample = _sample(issues, framework, progress)
    tables, treatments = _indicators(sample, framework, progress)
    nodes = _nodes(sample, framework)
    pairs = _sibling_correlations(sample, framework)
    units = sample.keys["unit_code"].n_unique()
    return Audit(
        months=tuple(months),
        units=units,
        issue=last,
        tables={"indicators": tables, "nodes": nodes, "correlations": pairs, "treatment": treatments},
        findings=tuple(_findings(sample, framework, tables, nodes, pairs)),
    )


def _sample(issues: Sequence[IssueData], framework: pl.DataFrame, progress: Callable[[str], None] | None) -> _Sample:
    scores, values, keys = [], [], []
    for issue in issues:
        if progress is not None:
            progress(f"{issue.period}: reading")
        units = issue.table("units")
        upper = units["parent"].drop_nulls().unique()
        lowest = units.filter(~pl.col("unit_code").is_in(upper.implode())).select("unit_code")
        keys.append(lowest.with_columns(period=pl.lit(issue.period)))
        scores.append(issue.table("scores").select("period", "unit_code", "node_code", "score"))
        values.append(issue.table("values").select("period", "unit_code", "indicator_code", "value", "status"))
    rows = pl.concat(keys).sort("period", "unit_code")
    order = ["period", "unit_code"]

    def columns(table: pl.DataFrame, name: str, value: str) -> dict[str, pl.Series]:
        wide = rows.join(table.pivot(on=name, index=order, values=value), on=order, how="left").sort(order)
        return {column: wide[column] for column in wide.columns if column not in order}

    numbers = {
        code: series.cast(pl.Float64).to_numpy()
        for code, series in columns(pl.concat(scores), "node_code", "score").items()
    }
    every = pl.concat(values)
    return _Sample(
        keys=rows,
        scores={code: numbers[code] for code in framework["code"]},
        values={c: s.cast(pl.Float64).to_numpy() for c, s in columns(every, "indicator_code", "value").items()},
        statuses={c: s.to_numpy() for c, s in columns(every, "indicator_code", "status").items()},
    )


def _children(framework: pl.DataFrame, parent: str) -> pl.DataFrame:
    return framework.filter(pl.col("parent") == parent).sort("code")


def _root(framework: pl.DataFrame) -> str:
    return str(framework.filter(pl.col("level") == 0)["code"].item())


def _shares_by_node(sample: _Sample, framework: pl.DataFrame) -> dict[str, dict[str, float]]:
    """Of every node but the root its nominal weight among siblings, r with the parent, and what it really decides."""
    found: dict[str, dict[str, float]] = {}
    for parent in framework["parent"].drop_nulls().unique().sort():
        own = _children(framework, parent)
        if parent == "" or not own.height:
            continue
        codes = own["code"].to_list()
        weights = own["weight"].to_numpy() / own["weight"].sum()
        columns = np.column_stack([sample.scores[code] for code in codes])
        total = sample.scores[parent]
        decided = shares_of(importance(columns, total))
        variance = variance_shares(columns, weights, total)
        for i, code in enumerate(codes):
            found[code] = {
                "nominal_weight": float(weights[i]),
                "importance": float(decided[i]),
                "variance_share": float(variance[i]),
                "r_parent": correlation(columns[:, i], total),
                "r_overall": correlation(columns[:, i], sample.scores[_root(framework)]),
            }
    return found


def _indicators(
    sample: _Sample, framework: pl.DataFrame, progress: Callable[[str], None] | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of indicators, and of every point that a treatment would move."""
    shares = _shares_by_node(sample, framework)
    rows, points = [], []
    leaves = framework.filter(pl.col("scoring").fill_null("") != "").sort("code")
    for done, leaf in enumerate(leaves.iter_rows(named=True)):
        if progress is not None and done % 20 == 0:
            progress(f"{done} of {leaves.height} indicators")
        code = leaf["code"]
        values, scores, statuses = sample.values[code], sample.scores[code], sample.statuses[code]
        applicable = statuses != "not_applicable"
        lowest, highest = score_range(leaf["scoring"], json.loads(leaf["params"] or "{}"))
        treated = treat(values)
        points += _points(sample, code, treated)
        distribution = describe(values)
        ceiling, floor, alike = share_at(scores, highest), share_at(scores, lowest), describe(scores).most_common
        rows.append(
            {
                "code": code,
                "name_zh": leaf["name_zh"],
                "name_en": leaf["name_en"],
                "parent": leaf["parent"],
                "scoring": leaf["scoring"],
                "unit_months": int(applicable.sum()),
                "availability": _share(np.isin(statuses[applicable], ["measured", "partial"])),
                "carried_forward": _share(statuses[applicable] == "carried_forward"),
                **{k: v for k, v in asdict(distribution).items() if k not in ("available", "mean")},
                "mean": distribution.mean,
                "at_ceiling": ceiling,
                "at_floor": floor,
                "constant": distribution.constant or alike == 1,
                "discriminates": not max(ceiling, floor, alike) >= UNDISCRIMINATING,
                "effective_weight": leaf["effective_weight"],
                **shares[code],
                "treatment": treated.kind,
                "drawn_in": treated.drawn_in,
                "skewness_treated": treated.skewness,
                "kurtosis_treated": treated.kurtosis,
                "treatment_passed": treated.passed,
            }
        )
    moved = pl.DataFrame(points, schema=_POINTS, orient="row")
    return pl.DataFrame(rows, infer_schema_length=None).fill_nan(None), moved


def _points(sample: _Sample, code: str, treated: Treatment) -> list[tuple[Any, ...]]:
    periods, units = sample.keys["period"], sample.keys["unit_code"]
    return [(code, periods[p.position], units[p.position], p.before, p.after, p.by) for p in treated.points]


def _share(flags: Any) -> float:
    return float(flags.mean()) if len(flags) else float("nan")


def _nodes(sample: _Sample, framework: pl.DataFrame) -> pl.DataFrame:
    """Rows of the nodes with children: Cronbach's alpha over them, spread of the scores, weight and importance."""
    shares = _shares_by_node(sample, framework)
    rows = []
    for node in framework.filter(pl.col("scoring").fill_null("") == "").sort("code").iter_rows(named=True):
        code = node["code"]
        codes = _children(framework, code)["code"].to_list()
        columns = np.column_stack([sample.scores[child] for child in codes])
        scores = sample.scores[code]
        low, high, sd = spread_within(scores)
        rows.append(
            {
                "code": code,
                "name_zh": node["name_zh"],
                "name_en": node["name_en"],
                "parent": node["parent"],
                "children": len(codes),
                "complete_rows": int((~np.isnan(columns).any(axis=1)).sum()),
                "cronbach_alpha": cronbach_alpha(columns),
                "median": float(np.nanmedian(scores)),
                "p25": low,
                "p75": high,
                "sd": sd,
                "at_ceiling": share_at(scores, 100.0),
                **shares.get(code, dict.fromkeys(next(iter(shares.values())), float("nan"))),
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None).fill_nan(None)


def _sibling_correlations(sample: _Sample, framework: pl.DataFrame) -> pl.DataFrame:
    """Every pair of siblings with its r, null where one of the two is constant."""
    rows = []
    for parent in framework["parent"].drop_nulls().unique().sort():
        codes = _children(framework, parent)["code"].to_list() if parent else []
        if len(codes) > 1:
            table = correlations(np.column_stack([sample.scores[code] for code in codes]))
            rows += [
                (parent, codes[i], codes[j], table[i, j]) for i in range(len(codes)) for j in range(i + 1, len(codes))
            ]
    schema = {"parent": pl.String, "one": pl.String, "other": pl.String, "r": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row").fill_nan(None)


def _findings(
    sample: _Sample, framework: pl.DataFrame, indicators: pl.DataFrame, nodes: pl.DataFrame, pairs: pl.DataFrame
) -> list[Finding]:
    """What the tables say, in sentences of the catalogue."""
    root = nodes.filter(pl.col("code") == _root(framework)).row(0, named=True)
    blunt = indicators.filter(~pl.col("discriminates"))
    weight = float(np.sum(blunt["effective_weight"].to_numpy()) / np.sum(indicators["effective_weight"].to_numpy()))
    bunched = root["p75"] - root["p25"] < BUNCHED
    spread = {name: f"{root[name]:.1f}" for name in ("median", "p25", "p75", "sd")}
    found = [
        Finding(
            "bunched" if bunched else "spread",
            {**spread, "blunt": blunt.height, "indicators": indicators.height, "weight": f"{100 * weight:.0f}"},
        )
    ]

    def name(key: str, condition: pl.Expr, table: pl.DataFrame = indicators, **fields: Any) -> None:
        rows = table.filter(condition)
        if rows.height:
            found.append(Finding(key, {"count": rows.height, **fields}, tuple(rows["code"])))

    limit = f"{100 * UNDISCRIMINATING:.0f}"
    name("ceiling", pl.col("at_ceiling") >= UNDISCRIMINATING, limit=limit)
    name("floor", pl.col("at_floor") >= UNDISCRIMINATING, limit=limit)
    name("constant", pl.col("constant"))
    name("against_parent", pl.col("r_parent") < 0)
    name("against_overall", pl.col("r_overall") < 0)
    name("weak", pl.col("importance") * FAR_FROM_NOMINAL < pl.col("nominal_weight"), factor=f"{FAR_FROM_NOMINAL:g}")
    name("strong", pl.col("importance") > FAR_FROM_NOMINAL * pl.col("nominal_weight"), factor=f"{FAR_FROM_NOMINAL:g}")
    name("unavailable", pl.col("availability") < LOW_AVAILABILITY, limit=f"{100 * LOW_AVAILABILITY:.0f}")
    name("treatment", pl.col("treatment") != "none")
    name("alpha", pl.col("cronbach_alpha") < 0, nodes)
    alike = pairs.filter(pl.col("r").abs() >= COLLINEAR)
    if alike.height:
        codes = tuple(f"{row['one']}–{row['other']}" for row in alike.iter_rows(named=True))
        found.append(Finding("collinear", {"count": alike.height, "limit": f"{COLLINEAR:g}"}, codes))
    return found
