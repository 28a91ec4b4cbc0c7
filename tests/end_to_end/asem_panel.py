"""Published variants of the ASEM index as one city of monthly returns: every month another method or another year.

Belongs here: writing the city's folder (a version of the method per variant) and its deliveries. What must come out of
it is in the test beside it. Data: ../shared/data/oracles/asem.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ORACLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "oracles" / "asem"
A, B, G = "A_raw_norm_agg", "B_goalposts_targets", "G_panel"
_TOP = 4
_FRAMEWORK = (
    "code", "parent", "level", "name_zh", "weight", "aggregation", "department", "numerator", "window", "direction",
    "scoring", "params",
)  # fmt: skip


def read(name: str) -> list[dict[str, str]]:
    """Rows of an oracle's file."""
    with (ORACLE / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def number(text: str) -> float | None:
    """A cell; blank and NA are None."""
    return float(text) if text not in ("", "NA") else None


@dataclass(frozen=True)
class Variant:
    """A month: which data and year it delivers, how it is scored and averaged, and the files it must equal."""

    scoring: str
    params: Mapping[str, Any] = field(default_factory=dict)
    bounds_from: str = "input/data.csv"
    #: Where bounds stand: in `params` of framework.csv, or in reference.csv.
    bounds_in: str = "params"
    means: Mapping[int, str] | str = "arithmetic"
    data: str = "input/data.csv"
    year: str = "2018"
    weights: str = "input/weights_original.csv"
    carry_months: int = 0
    scores: str = ""
    aggregates: str = ""


def _minmax_1_100(means: Mapping[int, str] | str, aggregates: str) -> Variant:
    file = f"{A}/aggregates__minmax_1_100__{aggregates}.csv"
    params = {"L": 1, "U": 100}
    return Variant("minmax", params, means=means, scores=f"{A}/normalised__minmax_1_100.csv", aggregates=file)


_GAPS, _ALTERNATIVE = f"{G}/impute_panel__input.csv", f"{G}/gap_alternative_weights.csv"
YEARS = ("2018", "2019", "2020", "2021", "2022")
VARIANTS: Sequence[Variant] = (
    _minmax_1_100("arithmetic", "a_amean"),
    _minmax_1_100("geometric", "a_gmean"),
    _minmax_1_100("harmonic", "a_hmean"),
    _minmax_1_100({1: "arithmetic", 2: "geometric", 3: "harmonic"}, "mixed_amean_gmean_hmean"),
    Variant("zscore", {"m": 10, "s": 2}, means="geometric", scores=f"{A}/normalised__zscore_10_2.csv",
            aggregates=f"{A}/aggregates__zscore_10_2__a_gmean.csv"),
    Variant("zscore", {}, bounds_in="reference", scores=f"{A}/normalised__zscore_0_1.csv",
            aggregates=f"{A}/aggregates__zscore_0_1__a_amean.csv"),
    Variant("percentile_rank", {"factor": 1}, scores=f"{A}/normalised__prank.csv",
            aggregates=f"{A}/aggregates__prank__a_amean.csv"),
    Variant("minmax", {"clip": True}, bounds_from=f"{B}/parameters.csv", scores=f"{B}/normalised__goalposts_trunc.csv",
            aggregates=f"{B}/aggregates__goalposts_trunc__a_amean.csv"),
    Variant("minmax", {}, bounds_from=f"{B}/parameters.csv", scores=f"{B}/normalised__goalposts_open.csv"),
    *(Variant("minmax", {}, "input/panel_data.csv", "reference", data="input/panel_data.csv", year=year,
              scores=f"{G}/normalised__minmax_0_100__global.csv",
              aggregates=f"{G}/aggregates__minmax_0_100__a_amean__global.csv") for year in YEARS),
    *(Variant("minmax", {"L": 1, "U": 100}, _GAPS, means="geometric", data=_GAPS, year=year, weights=_ALTERNATIVE,
              scores=f"{G}/gap_normalised__minmax_1_100__global.csv",
              aggregates=f"{G}/gap_aggregates__a_gmean__alternative_weights.csv") for year in YEARS),
    *(Variant("minmax", {"L": 1, "U": 100}, _GAPS, data=_GAPS, year=year, carry_months=4) for year in YEARS),
)  # fmt: skip
#: The months of VARIANTS, and those of the last five, which one version of the method carries forward in.
MONTHS = tuple(f"{2018 + i // 12}-{i % 12 + 1:02d}" for i in range(len(VARIANTS)))
CARRIED = MONTHS[-len(YEARS) :]


def nodes() -> list[dict[str, str]]:
    """Nodes of the index; groups and denominators of the publisher's file are not nodes."""
    return [row for row in read("input/framework.csv") if row["Type"] in ("Indicator", "Aggregate")]


def indicators() -> list[str]:
    """Codes of the leaves."""
    return [row["iCode"] for row in nodes() if row["Type"] == "Indicator"]


def write_city(target: Path) -> tuple[Path, Path]:
    """Write `asempanel/` and `sources/` below a folder; answer both."""
    city, sources = target / "asempanel", target / "sources"
    city.mkdir(parents=True)
    (city / "city.yaml").write_text(
        f"name_zh: 亚欧会议国家\nname_en: ASEM countries\ntime_zone: UTC\nfirst_month: {MONTHS[0]}\n"
        f"first_issue: {MONTHS[0]}\nunit_levels: [country]\n",
        encoding="utf-8",
    )
    _write(city / "departments.csv", ("code", "key", "name_zh"), [("D1", "portal", "数据门户")])
    units = [(row["uCode"], row["uName"], "", "country") for row in read("input/data.csv")]
    _write(city / "units.csv", ("code", "name_zh", "parent", "level"), units)
    measures = [(code, "stock", "D1") for code in indicators()]
    _write(city / "measures.csv", ("measure", "kind", "department"), measures)
    (city / "feeds.yaml").write_text(
        "feeds:\n  - department: D1\n    record_sets:\n      - name: indicator_return\n"
        '        contract: monthly_return\n        reader: csv\n        location: "{period}.csv"\n'
        "        columns: {period: period, measure: measure, value: value}\n        unit: {code: unit}\n"
        "        month_by: period\n",
        encoding="utf-8",
    )
    sources.mkdir()
    for period, variant in zip(MONTHS, VARIANTS, strict=True):
        if period not in CARRIED[1:]:
            _write_version(city / "versions" / period, variant)
        delivered = [
            (period, row["uCode"], code, row[code])
            for row in read(variant.data)
            if row.get("Time", variant.year) == variant.year
            for code in indicators()
            if number(row[code]) is not None
        ]
        _write(sources / f"{period}.csv", ("period", "unit", "measure", "value"), delivered)
    return city, sources


def _write_version(folder: Path, variant: Variant) -> None:
    folder.mkdir(parents=True)
    (folder / "rules.yaml").write_text(
        f"minimum_coverage: 0\nfloor: 0.001\ncarry_forward: {{months: {variant.carry_months}, except: []}}\n"
        "colours:\n  - {key: green, from: 50}\n  - {key: red, from: 0}\n",
        encoding="utf-8",
    )
    weights = {row["iCode"]: row["Weight"] for row in read(variant.weights)}
    rows, reference, sets = [], [], []
    for node in nodes():
        code, is_leaf = node["iCode"], node["Type"] == "Indicator"
        params = dict(variant.params)
        if is_leaf:
            bounds, values = _bounds(variant, code)
            if variant.scoring == "percentile_rank":
                sets += [(code, "", repr(value)) for value in values]
            elif variant.bounds_in == "params":
                params |= bounds
            else:
                reference.append({"indicator": code, "group": "", "declared": "true"} | bounds)
        below = int(node["Level"]) - 1
        mean = variant.means if isinstance(variant.means, str) else variant.means.get(below, "")
        common = (code, node["Parent"], _TOP - int(node["Level"]), node["iName"], weights[code])
        leaf = ("", "D1", code, "month", node["Direction"], variant.scoring, json.dumps(params))
        rows.append((*common, *(leaf if is_leaf else (mean, "", "", "", "", "", ""))))
    _write(folder / "framework.csv", _FRAMEWORK, rows)
    if reference:
        columns = tuple(reference[0])
        _write(folder / "reference.csv", columns, [tuple(row[name] for name in columns) for row in reference])
    if sets:
        _write(folder / "reference_values.csv", ("indicator", "group", "value"), sets)


def _bounds(variant: Variant, code: str) -> tuple[dict[str, Any], list[float]]:
    """What the scoring kind needs of the reference set, and the set."""
    if variant.bounds_from == f"{B}/parameters.csv":
        row = next(row for row in read(variant.bounds_from) if row["iCode"] == code)
        return {"lo": float(row["goalpost_lower"]), "hi": float(row["goalpost_upper"])}, []
    values = [v for row in read(variant.bounds_from) if (v := number(row[code])) is not None]
    if variant.scoring == "zscore":
        return {"mean": float(np.mean(values)), "sd": float(np.std(values, ddof=1))}, values
    return {"lo": min(values), "hi": max(values)}, values


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
