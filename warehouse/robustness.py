"""The tables of an issue that say how far its ranks and colours can be relied on, made from its other tables.

Belongs here: tables to arrays and back. The arithmetic is `methods.robustness`; which numbers are published (runs,
seed, share of the weights) is declared here, because the same candidate must give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from city import City, Version
from methods.robustness import (
    ASSUMPTIONS,
    DECIMALS,
    RobustnessError,
    Study,
    colour_shares,
    indistinguishable,
    rank_intervals,
    rank_units,
    study,
)
from methods.tree import Floats
from warehouse.alternative_scores import MonthScores, month_scores

#: Rows of the design of a published month: 400 × (4 assumptions + 2) = 2,400 runs, 800 of them independent.
BASE = 400
SEED = 20220101
WEIGHTS_SHARE = 0.25
RESAMPLES = 200

#: Tables of the candidate that a study reads.
MADE_FROM = ("scores", "values", "units", "vetoes")
TABLES = ("robustness", "robustness_colours", "robustness_sensitivity")
ORDERS = {
    "robustness": "unit_code",
    "robustness_colours": "unit_code, colour",
    "robustness_sensitivity": "assumption",
}
_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "robustness": {
        "period": pl.String,
        "unit_code": pl.String,
        "unit_level": pl.String,
        "rank": pl.Int32,
        **dict.fromkeys(("median_rank", "rank_p05", "rank_p95"), pl.Float64),
        "ties": pl.Int32,
    },
    "robustness_colours": {"period": pl.String, "unit_code": pl.String, "colour": pl.String, "share": pl.Float64},
    "robustness_sensitivity": {
        "period": pl.String,
        "assumption": pl.String,
        **dict.fromkeys(("first_order", "first_order_p05", "first_order_p95"), pl.Float64),
        **dict.fromkeys(("total_order", "total_order_p05", "total_order_p95"), pl.Float64),
        "options": pl.Int32,
        "indicators_varied": pl.Int32,
        "reference_months": pl.String,
        "indicators_by_own_month": pl.Int32,
        "runs": pl.Int32,
        "seed": pl.Int64,
        "weights_share": pl.Float64,
        "problem": pl.String,
    },
}


def robustness_tables(
    city: City,
    tables: Mapping[str, pl.DataFrame],
    period: str,
    *,
    base: int = BASE,
    seed: int = SEED,
    weights_share: float = WEIGHTS_SHARE,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, pl.DataFrame]:
    """robustness, robustness_colours and robustness_sensitivity of a month from its values, scores, units and vetoes.

    An assumption that cannot be varied has no indices and says why in `problem`. Raises RobustnessError when the
    overall scores computed here are not those of the tables.
    """
    version = city.version(period)
    month = month_scores(city, version, tables, weights_share)
    published = _published(month, tables["scores"])
    problems = month.uncertainty.problems()
    able = [name for name in ASSUMPTIONS if name not in problems]
    ranked = ~np.isnan(published)
    ranked[np.setdiff1d(np.arange(len(ranked)), month.territory.lowest)] = False
    if ranked.sum() < 2:
        problems |= dict.fromkeys(able, f"{ranked.sum()} of the lowest units have a score, so nothing is ranked")
        able = []
    found = None
    if able:
        found = study(month.uncertainty, ranked, base, seed, resamples=RESAMPLES, assumptions=able, progress=progress)
        _require_same(month, found, published)
        if found.sensitivity is None:
            problems |= dict.fromkeys(able, found.problem)
    rows = {
        "robustness": _ranks(period, month, published, found),
        "robustness_colours": _colours(version, period, month, tables["vetoes"], found),
        "robustness_sensitivity": _sensitivity(period, month, found, problems, base, seed, weights_share),
    }
    return {name: pl.DataFrame(list(rows[name]), schema=_SCHEMAS[name], orient="row") for name in TABLES}


def _published(month: MonthScores, scores: pl.DataFrame) -> Floats:
    """The overall scores of the tables, in the order of units."""
    tree = month.uncertainty.tree
    rows = scores.filter(pl.col("node_code") == tree.codes[tree.root]).select("unit_code", "score")
    return month.units.select("unit_code").join(rows, on="unit_code", how="left")["score"].cast(pl.Float64).to_numpy()


def _require_same(month: MonthScores, found: Study, published: Floats) -> None:
    here = np.nan_to_num(found.nominal, nan=-1.0)
    apart = np.flatnonzero(np.abs(here - np.nan_to_num(published, nan=-1.0)) > 10.0**-DECIMALS)
    if len(apart):
        code = month.units["unit_code"][int(apart[0])]
        raise RobustnessError(
            f"{code}: the overall score is {published[apart[0]]} in the tables and {found.nominal[apart[0]]} from "
            "their values and the method in force; the method version was changed after the month was computed: "
            "materialize the month again"
        )


def _ranks(period: str, month: MonthScores, published: Floats, found: Study | None) -> Iterator[tuple[Any, ...]]:
    """Rows of robustness: ranks within the level, for every unit; null without a score or a study."""
    levels = month.units["level"].to_numpy()
    columns = {name: np.full(len(levels), np.nan) for name in ("rank", "median", "p05", "p95", "ties")}
    for level in set(levels):
        own = np.flatnonzero((levels == level) & ~np.isnan(published))
        if not len(own):
            continue
        columns["rank"][own] = rank_units(published[own])
        if found is not None:
            runs = found.runs[:, own]
            columns["median"][own], columns["p05"][own], columns["p95"][own] = rank_intervals(runs)
            columns["ties"][own] = indistinguishable(published[own], runs)
    for i, (code, level) in enumerate(zip(month.units["unit_code"], levels, strict=True)):
        rank, median, p05, p95, ties = (_number(columns[name][i]) for name in columns)
        yield period, code, level, _whole(rank), median, p05, p95, _whole(ties)


def _colours(
    version: Version, period: str, month: MonthScores, vetoes: pl.DataFrame, found: Study | None
) -> Iterator[tuple[Any, ...]]:
    """Rows of robustness_colours: every unit with a score × every colour, vetoes capping as they do in the issue."""
    if found is None:
        return
    colours = version.rules["colours"]
    keys = [colour["key"] for colour in colours]
    caps = dict(
        vetoes.group_by("unit_code").agg(pl.col("cap").replace_strict(keys, range(len(keys))).max()).iter_rows()
    )
    codes = month.units["unit_code"].to_list()
    shares = colour_shares(
        found.runs,
        [float(colour["from"]) for colour in colours],
        np.array([caps.get(code, 0) for code in codes], dtype=np.intp),
    )
    for i, code in enumerate(codes):
        if not np.isnan(found.nominal[i]):
            yield from ((period, code, key, _number(shares[i, place])) for place, key in enumerate(keys))


def _sensitivity(
    period: str,
    month: MonthScores,
    found: Study | None,
    problems: Mapping[str, str],
    base: int,
    seed: int,
    weights_share: float,
) -> Iterator[tuple[Any, ...]]:
    """Rows of robustness_sensitivity: one for each assumption, with its indices or the reason why it has none."""
    options = {
        "weights": base,
        "scoring": len(month.uncertainty.scores),
        "aggregation": len(month.uncertainty.aggregations),
        "left_out": len(month.uncertainty.tree.leaves) + 1,
    }
    runs = base * (len(found.assumptions) + 2) if found is not None else 0
    for assumption in ASSUMPTIONS:
        indices: list[float | None] = [None] * 6
        if found is not None and found.sensitivity is not None and assumption in found.assumptions:
            i = found.assumptions.index(assumption)
            s = found.sensitivity
            indices = [_number(n) for n in (s.first[i], *s.first_interval[:, i], s.total[i], *s.total_interval[:, i])]
        scoring = assumption == "scoring"
        told = (month.varied, month.reference_months, month.by_own_month) if scoring else (None, None, None)
        yield (
            *(period, assumption, *indices, options[assumption], *told, runs, seed),
            weights_share,
            problems.get(assumption),
        )


def _number(value: float) -> float | None:
    """Rounded to 1e-9, so that no machine's last bit is published; None for NaN."""
    return None if np.isnan(value) else round(float(value), DECIMALS)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
