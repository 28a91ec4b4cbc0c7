"""Reference bounds and rates frozen from a reference period (METHODS.md, section 2).

Proposes the rows of reference.csv from the windows of the reference period; writing them is the command line's
decision. Rows declared by hand are kept as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from city import City, FrameworkNode, Version
from warehouse.tables import WINDOW_MONTHS

COLUMNS = (
    *("indicator", "group", "lo", "hi", "mean", "sd", "rate", "n", "p05", "p50", "p95"),
    *("first_period", "last_period", "declared", "note"),
)
#: Kinds whose bounds come from a reference period unless params give them.
_FROZEN_KINDS = {"relative_minmax": (), "minmax": ("lo", "hi"), "zscore": ("mean", "sd")}


class CalibrationError(ValueError):
    """The reference period cannot give bounds; the message lists the indicators and what to do."""


def propose_reference(
    city: City, version: Version, windows: pl.DataFrame, first: str, last: str
) -> list[dict[str, str]]:
    """Rows of reference.csv, in the framework's order.

    `windows` is the warehouse's indicator_windows for the reference months: unit_code, indicator_code, status,
    months_reported, numerator, denominator. Only complete windows count. Raises CalibrationError for every indicator
    whose 5th and 95th percentile coincide and whose bounds are not declared by hand.
    """
    declared = [row for row in version.reference if row.get("declared", "").lower() == "true"]
    kept = {(row["indicator"], row["group"]): row for row in declared}
    span = {"first_period": first, "last_period": last}
    rows: list[dict[str, str]] = []
    flat: list[str] = []
    for node in version.indicators:
        complete = windows.filter(
            (pl.col("indicator_code") == node.code)
            & (pl.col("status") == "measured")
            & (pl.col("months_reported") == WINDOW_MONTHS[node.window])
        )
        rates = dict(_rates(city, node, complete))
        for county, rate in sorted(rates.items()):
            rows.append(_row(node.code, county, span, rate=rate))
        if node.scoring not in _FROZEN_KINDS or all(p in node.params for p in _FROZEN_KINDS[node.scoring] or ("",)):
            continue
        for group, values in _scored_values(city, node, complete, rates):
            if (node.code, group) in kept:
                rows.append({c: kept[node.code, group].get(c, "") for c in COLUMNS})
                continue
            row = _bounds(node, group, values, span)
            if row is None:
                flat.append(f"{node.code} {node.name_zh}, peer group {group or '(all)'}: n = {len(values)}")
            else:
                rows.append(row)
    if flat:
        raise CalibrationError(
            "The reference period gives no usable bounds for\n  "
            + "\n  ".join(flat)
            + f"\nWrite lo and hi by hand into {version.folder / 'reference.csv'} with declared = true."
        )
    return rows


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
) -> Iterator[tuple[str, np.ndarray[Any, np.dtype[np.float64]]]]:
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
        numerator = own["numerator"].to_numpy().astype(np.float64)
        denominator = own["denominator"].to_numpy().astype(np.float64) if node.denominator else np.ones_like(numerator)
        rate = np.array([members[code] or 0.0 for code in own["unit_code"]], dtype=np.float64)
        prior = np.array([shrinkage if members[code] is not None else 0.0 for code in own["unit_code"]])
        values = node.scale * (numerator + prior * rate) / (denominator + prior)
        yield group, np.minimum(values, float(node.params.get("cap", np.inf)))


def _bounds(
    node: FrameworkNode, group: str, values: np.ndarray[Any, np.dtype[np.float64]], span: Mapping[str, str]
) -> dict[str, str] | None:
    if len(values) < 2:
        return None
    p05, p50, p95 = (float(q) for q in np.percentile(values, [5, 50, 95]))  # linear interpolation is type 7
    lo, hi = (p05, p95) if node.scoring == "relative_minmax" else (float(values.min()), float(values.max()))
    if not hi > lo:
        return None
    return _row(
        node.code,
        group,
        span,
        lo=lo,
        hi=hi,
        mean=float(values.mean()),
        sd=float(values.std(ddof=1)),
        n=len(values),
        p05=p05,
        p50=p50,
        p95=p95,
    )


def _row(indicator: str, group: str, span: Mapping[str, str], **numbers: float) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "") | {"indicator": indicator, "group": group, "declared": "false"} | dict(span)
    # Ten significant digits: far below what a score can show, and the same text on every machine.
    return row | {name: f"{value:.10g}" for name, value in numbers.items()}
