"""Reference bounds and rates frozen from a reference period (METHODS.md, section 2).

Proposes reference.csv and reference_values.csv from the windows of the reference period; writing them is the command
line's decision. Rows declared by hand are kept as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from city import City, FrameworkNode, Version
from city.reference_quantiles import QUANTILE_COLUMNS
from methods.alternative_scoring import LEVELS
from methods.tree import Floats
from warehouse.tables import WINDOW_MONTHS, reference_values

COLUMNS = (
    *("indicator", "group", "lo", "hi", "mean", "sd", "rate", "n", "p05", "p50", "p95"),
    *("first_period", "last_period", "declared", "note"),
)
#: Kinds whose bounds come from a reference period, unless params give those named.
_FROZEN_KINDS = {
    "relative_minmax": ("lo", "hi"),
    "minmax": ("lo", "hi"),
    "zscore": ("mean", "sd"),
    "percentile_rank": ("set",),
}
VALUE_COLUMNS = ("indicator", "group", "value")
#: Words of `declared` that say no; any other says that somebody set the bounds by hand.
_NO = ("", "false", "no", "0")


@dataclass(frozen=True)
class Proposal:
    """Rows of reference.csv and of reference_values.csv, in the framework's order."""

    reference: tuple[Mapping[str, str], ...]
    values: tuple[Mapping[str, str], ...]


class CalibrationError(ValueError):
    """The reference period cannot give bounds; the message lists the indicators and what to do."""


def propose_reference(city: City, version: Version, windows: pl.DataFrame, first: str, last: str) -> Proposal:
    """What reference.csv and reference_values.csv would hold, from the windows of the reference months.

    `windows` is the warehouse's indicator_windows for them: unit_code, indicator_code, status, months_reported,
    numerator, denominator. Only complete windows count. Rows declared by hand are kept, with their sets of values.
    Raises CalibrationError for every indicator that is constant (5th and 95th percentile coincide, for z-scores no
    spread, a set of one value), and whose bounds are not declared by hand.
    """
    kept = {(r["indicator"], r["group"]): r for r in version.reference if r.get("declared", "").lower() not in _NO}
    old_sets = reference_values(version)
    span = {"first_period": first, "last_period": last}
    rows: list[dict[str, str]] = []
    sets: list[dict[str, str]] = []
    constant: list[str] = []
    for node in version.indicators:
        complete = windows.filter(
            (pl.col("indicator_code") == node.code)
            & (pl.col("status") == "measured")
            & (pl.col("months_reported") == WINDOW_MONTHS[node.window])
        )
        rates = dict(_rates(city, node, complete))
        for county, rate in sorted(rates.items()):
            rows.append(_row(node.code, county, span, rate=rate))
        if node.scoring not in _FROZEN_KINDS or all(p in node.params for p in _FROZEN_KINDS[node.scoring]):
            continue
        ranked = node.scoring == "percentile_rank"
        for group, values in _scored_values(city, node, complete, rates):
            if (node.code, group) in kept:
                rows.append({c: kept[node.code, group].get(c, "") for c in COLUMNS})
                sets += _set(node.code, group, old_sets.get((node.code, group), ())) if ranked else []
                continue
            row = _bounds(node, group, values, span)
            if row is None:
                constant.append(f"{node.code} {node.name_zh}, peer group {group or '(all)'}: {_told(values)}")
            else:
                rows.append(row)
                sets += _set(node.code, group, values) if ranked else []
        for unit, values in _upper_values(city, node, complete) if ranked else ():
            sets += _set(node.code, unit, values)
    if constant:
        raise CalibrationError(
            "The reference period gives no usable bounds for\n  "
            + "\n  ".join(constant)
            + f"\nWrite bounds by hand into {version.folder / 'reference.csv'} with declared = true (lo and hi; "
            "mean and sd; for percentile_rank a set of values that differ), or take a longer reference period or "
            "another scoring kind."
        )
    return Proposal(tuple(rows), tuple(sets))


def _set(indicator: str, group: str, values: Iterable[float]) -> list[dict[str, str]]:
    # every digit: a value that is ranked in its own set must find itself there
    return [{"indicator": indicator, "group": group, "value": repr(float(v))} for v in sorted(values)]


def _told(values: Floats) -> str:
    """How many values there are, and whether they are all the same."""
    if len(values) and float(values.min()) == float(values.max()):
        return f"n = {len(values)}, all {values[0]:.10g}"
    return f"n = {len(values)}"


def _upper_values(city: City, node: FrameworkNode, complete: pl.DataFrame) -> Iterator[tuple[str, Floats]]:
    """The set of each upper unit: the values of all units of its level, as its members' values are its members' set.

    Sets cannot be averaged over peer groups as posts are. A level whose values are all the same ranks nothing: no set.
    """
    levels = [word for word in node.applies_to if word in city.levels]
    for level in city.levels[:-1]:
        units = sorted(unit.code for unit in city.units if unit.level == level)
        own = complete.filter(pl.col("unit_code").is_in(units)).sort("unit_code", "period")
        values = _values(node, own)
        if (levels and level not in levels) or len(np.unique(values)) < 2:
            continue
        for unit in units:
            yield unit, values


def _rates(city: City, node: FrameworkNode, complete: pl.DataFrame) -> Iterator[tuple[str, float]]:
    """Each county's rate over the reference period: sums over complete windows, numerator by denominator."""
    if not node.smoothing:
        return
    parents = {unit.parent for unit in city.units if unit.level == city.levels[-1]}
    for county in sorted(parents):
        own = complete.filter(pl.col("unit_code") == county).sort("period")
        denominator = float(own["denominator"].sum())
        if denominator > 0:
            yield county, float(own["numerator"].sum()) / denominator


def _scored_values(
    city: City, node: FrameworkNode, complete: pl.DataFrame, rates: Mapping[str, float]
) -> Iterator[tuple[str, Floats]]:
    """Values as they are scored, by peer group: shrunk where the framework says so, capped where it says so."""
    smoothing = dict(part.partition("=")[::2] for part in node.smoothing.split(";") if "=" in part)
    shrinkage = float(smoothing.get("k", 0))
    leaves = [u for u in city.units if u.level == city.levels[-1]]
    for group in sorted({unit.peer_group for unit in leaves}):
        members = {u.code: rates.get(u.parent) for u in leaves if u.peer_group == group}
        # words of applies_to that are levels of units say who is scored, not which groups count
        groups = [word for word in node.applies_to if word not in city.levels]
        if groups and group not in groups:
            continue
        own = complete.filter(pl.col("unit_code").is_in(list(members))).sort("unit_code", "period")
        rate = np.array([members[code] or 0.0 for code in own["unit_code"]], dtype=np.float64)
        prior = np.array([shrinkage if members[code] is not None else 0.0 for code in own["unit_code"]])
        yield group, _values(node, own, rate, prior)


def _values(
    node: FrameworkNode, windows: pl.DataFrame, rate: Floats | float = 0.0, prior: Floats | float = 0.0
) -> Floats:
    """scale·(N + k·r)/(D + k), capped where the framework says so; without k as measured (METHODS.md, section 2)."""
    numerator = windows["numerator"].to_numpy().astype(np.float64)
    denominator = windows["denominator"].to_numpy().astype(np.float64) if node.denominator else np.ones_like(numerator)
    # in the warehouse's order of steps, to the last bit: a percentile rank looks for the value itself in its set
    measured, shrunk = numerator / denominator, node.scale * (numerator + prior * rate) / (denominator + prior)
    values = np.where(np.asarray(prior) > 0, shrunk, node.scale * measured)
    return np.asarray(np.minimum(values, float(node.params.get("cap", np.inf))))


def _bounds(node: FrameworkNode, group: str, values: Floats, span: Mapping[str, str]) -> dict[str, str] | None:
    if len(values) < 2:
        return None
    p05, p50, p95 = (float(q) for q in np.percentile(values, [5, 50, 95]))  # linear interpolation is type 7
    lo, hi = (p05, p95) if node.scoring == "relative_minmax" else (float(values.min()), float(values.max()))
    if not hi > lo:
        return None
    told = {"n": len(values), "p05": p05, "p50": p50, "p95": p95}
    if node.scoring == "percentile_rank":  # its set stands in reference_values.csv
        return _row(node.code, group, span, **told)
    spread = {"mean": float(values.mean()), "sd": float(values.std(ddof=1))}
    return _row(node.code, group, span, lo=lo, hi=hi, **spread, **told)


def _row(indicator: str, group: str, span: Mapping[str, str], **numbers: float) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "") | {"indicator": indicator, "group": group, "declared": "false"} | dict(span)
    # Ten significant digits: far below what a score can show, and the same text on every machine.
    return row | {name: f"{value:.10g}" for name, value in numbers.items()}


def propose_quantiles(
    city: City, version: Version, windows: pl.DataFrame, first: str, last: str
) -> list[dict[str, str]]:
    """Rows of reference_quantiles.csv: how each indicator's values, as they are scored, were spread by peer group.

    Takes what `propose_reference` takes. Indicators and groups without a complete window have no row.
    """
    rows = []
    for node in version.indicators:
        complete = windows.filter(
            (pl.col("indicator_code") == node.code)
            & (pl.col("status") == "measured")
            & (pl.col("months_reported") == WINDOW_MONTHS[node.window])
        )
        rates = dict(_rates(city, node, complete))
        for group, values in _scored_values(city, node, complete, rates):
            known = values[~np.isnan(values)]
            if not len(known):
                continue
            # type 7, as everywhere; ten significant digits as in reference.csv
            quantiles = (f"{quantile:.10g}" for quantile in np.percentile(known, LEVELS))
            row = {"indicator": node.code, "group": group, "n": str(len(known)), "first_period": first}
            rows.append(row | {"last_period": last} | dict(zip(QUANTILE_COLUMNS, quantiles, strict=True)))
    return rows
