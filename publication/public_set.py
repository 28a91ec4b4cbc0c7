"""The public set of an issue: its tables without what would tell of few people, as a folder of its own.

`pingan export --public` writes it. Suppression is on unless a person switches it off with a reason, which the set then
says. Which cells are withheld is decided in `publication.disclosure`; the issue itself is never touched.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from city.folder import RESIDENTS, City
from city.periods import Period
from gates.store import json_text
from methods.tree import tree_from_table
from publication.disclosure import THRESHOLD, PublishedNumbers, Withheld, withheld_cells
from publication.files import csv_bytes, sha256_of, write_bytes
from publication.listing import latest_issue
from publication.reading import IssueData, read_issue_data

_SCORE_COLUMNS = ("score", "rank", "colour")
_CHANGES = {
    "month": ("change_month", "change_month_reason", "rank_change_month"),
    "year": ("change_year", "change_year_reason", "rank_change_year"),
}
_VALUE_COLUMNS = ("numerator", "denominator", "value", "value_smoothed", "score")
#: What a score above a withheld cell is rounded to.
DECIMALS_OF_INEXACT = 1
#: Tables that hold no numbers of units.
_AS_THEY_ARE = ("units", "framework", "departments")


class PublicSetError(ValueError):
    """The set cannot be written; the message says why and what to do."""


@dataclass(frozen=True)
class PublicSet:
    """Where the set lies and how many cells of each table are withheld, by reason."""

    folder: Path
    withheld: Mapping[str, Mapping[str, int]]


def export_public(
    data: IssueData, city: City, target: Path, *, threshold: int = THRESHOLD, unsuppressed_because: str | None = None
) -> PublicSet:
    """Write the public set of an issue as `target`, whole or not at all; PublicSetError when something is there.

    `unsuppressed_because` switches suppression off and is written into the set.
    """
    if target.exists() and any(target.iterdir()):
        raise PublicSetError(f"{target} is not empty: name a folder that does not exist yet. 目标文件夹须为空。")
    tables, counts = public_tables(data, city, threshold, suppressed=unsuppressed_because is None)
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=".public-", dir=target.parent))
    try:
        staged.chmod(0o755)
        for name, table in tables.items():
            table.write_parquet(staged / f"{name}.parquet", compression="zstd")
            write_bytes(staged / f"{name}.csv", csv_bytes(table))
        write_bytes(staged / "README.md", _readme(data, threshold, counts, unsuppressed_because).encode("utf-8"))
        files = [{"name": p.name, "bytes": p.stat().st_size, "sha256": sha256_of(p)} for p in sorted(staged.iterdir())]
        description = {
            "city": data.manifest["city"],
            "period": data.period,
            "issue_number": data.number,
            "revision": data.issue.revision,
            "issue_manifest_sha256": data.issue.manifest_sha256,
            "synthetic": data.manifest["synthetic"],
            "suppressed": unsuppressed_because is None,
            "unsuppressed_because": unsuppressed_because,
            "threshold": threshold,
            "withheld": counts,
            "files": files,
        }
        write_bytes(staged / "public.json", json_text(description).encode("utf-8"))
        if target.exists():
            target.rmdir()
        staged.rename(target)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    return PublicSet(target, counts)


def public_tables(
    data: IssueData, city: City, threshold: int = THRESHOLD, *, suppressed: bool = True
) -> tuple[dict[str, pl.DataFrame], dict[str, dict[str, int]]]:
    """Scores, values, measures and vetoes with withheld cells blank and `withheld` saying why; and their counts.

    A change is withheld also where the earlier month's number was: the two would give it back.
    """
    tables = {name: data.table(name) for name in _AS_THEY_ARE}
    own = _flags(data, city, threshold) if suppressed else None
    scores, values, measures = (data.table(name) for name in ("scores", "values", "measures"))
    scores = _marked(scores, own.nodes if own else None, ("unit_code", "node_code"))
    for comparison, columns in _CHANGES.items():
        earlier = _earlier(data, comparison)
        before = _flags(earlier, city, threshold).nodes if own and earlier else None
        if before is not None:
            scores = scores.join(before.rename({"withheld": "before"}), on=["unit_code", "node_code"], how="left")
            scores = _blanked(scores, columns, pl.col("before").fill_null("") != "").drop("before")
    if own:
        scores = _coarsened(scores, own.inexact)
    tables["scores"] = _blanked(
        scores, (*_SCORE_COLUMNS, *(c for group in _CHANGES.values() for c in group)), pl.col("withheld") != ""
    )
    tables["values"] = _blanked(
        _marked(values, own.leaves if own else None, ("unit_code", "indicator_code")),
        _VALUE_COLUMNS,
        pl.col("withheld") != "",
    )
    tables["measures"] = _blanked(
        _marked(measures, own.measures if own else None, ("unit_code", "measure")),
        ("quantity",),
        pl.col("withheld") != "",
    )
    vetoes = data.table("vetoes")
    few = (pl.col("events") < threshold) if own else pl.lit(False)
    tables["vetoes"] = vetoes.with_columns(withheld=pl.when(few).then(pl.lit("small_count")).otherwise(pl.lit("")))
    tables["vetoes"] = _blanked(tables["vetoes"], ("events",), pl.col("withheld") != "")
    counts = {
        name: dict(sorted(table.filter(pl.col("withheld") != "")["withheld"].value_counts().iter_rows()))
        for name, table in tables.items()
        if "withheld" in table.columns
    }
    return tables, counts


@dataclass(frozen=True)
class _Flags:
    nodes: pl.DataFrame
    inexact: pl.DataFrame
    leaves: pl.DataFrame
    measures: pl.DataFrame


def _flags(data: IssueData, city: City, threshold: int) -> _Flags:
    """What is withheld of an issue, as tables of unit, item and reason."""
    numbers, units, measures = published_numbers(data, city)
    withheld: Withheld = withheld_cells(numbers, threshold)
    codes = numbers.tree.codes
    leaf_codes = [codes[i] for i in numbers.tree.leaves]
    return _Flags(
        nodes=_cells(withheld.nodes, units, codes, "node_code"),
        inexact=_cells(np.where(withheld.inexact, "inexact", ""), units, codes, "node_code"),
        leaves=_cells(withheld.leaves, units, leaf_codes, "indicator_code"),
        measures=_cells(withheld.measures, units, measures, "measure"),
    )


def _cells(reason: Any, units: Sequence[str], items: Sequence[str], name: str) -> pl.DataFrame:
    at = np.nonzero(reason != "")
    return pl.DataFrame(
        {
            "unit_code": [units[int(i)] for i in at[0]],
            name: [items[int(j)] for j in at[1]],
            "withheld": [str(word) for word in reason[at]],
        },
        schema={"unit_code": pl.String, name: pl.String, "withheld": pl.String},
    )


def published_numbers(data: IssueData, city: City) -> tuple[PublishedNumbers, list[str], list[str]]:
    """The issue's numbers as arrays, with the codes of their units and measures."""
    units = data.table("units").sort("unit_code")
    codes = units["unit_code"].to_list()
    unit_at = {code: i for i, code in enumerate(codes)}
    quantities = data.table("measures").filter(pl.col("measure") != RESIDENTS)
    measures = sorted(quantities["measure"].unique())
    measure_at = {name: i for i, name in enumerate(measures)}
    declared = {m.name: m.disclosure for m in city.measures}
    unknown = [name for name in measures if name not in declared]
    if unknown:
        raise PublicSetError(
            f"measures.csv of {city.folder} no longer has {', '.join(unknown[:5])}, which the issue of {data.period} "
            "holds: whether they are sensitive is not known. Put their rows back. 指标来源表缺少上述测度。"
        )
    framework = data.table("framework")
    # Which score a node gets is not computed here, only what hangs where with which weight.
    shape = framework.with_columns(minimum_coverage=pl.lit(0.0), floor=pl.lit(1.0))
    tree = tree_from_table(shape.to_dict(as_series=False))
    rows = {row["code"]: row for row in framework.to_dicts()}
    leaves = [rows[tree.codes[i]] for i in tree.leaves]
    leaf_at = {row["code"]: i for i, row in enumerate(leaves)}
    classes = [json.loads(row["params"] or "{}").get("classes", []) for row in leaves]
    above = [
        [measure_at[m] for m in ([c["measure"] for c in own] or [row["numerator"]]) if m in measure_at]
        for row, own in zip(leaves, classes, strict=True)
    ]
    below = [[measure_at[row["denominator"]]] if row["denominator"] in measure_at else [] for row in leaves]
    values = data.table("values")
    numerator = _matrix(values, unit_at, "indicator_code", leaf_at, "numerator")
    for i, own in enumerate(classes):
        if own:  # points: so many events at least
            numerator[:, i] /= max(float(c["deduct"]) for c in own)
    numbers = PublishedNumbers(
        unit_parent=[unit_at.get(parent or "", -1) for parent in units["parent"]],
        quantity=_matrix(quantities, unit_at, "measure", measure_at, "quantity"),
        disclosure=[declared[name] for name in measures],
        tree=tree,
        numerator=numerator,
        denominator=_matrix(values, unit_at, "indicator_code", leaf_at, "denominator"),
        numerator_measures=above,
        denominator_measures=below,
        score=_matrix(data.table("scores"), unit_at, "node_code", tree.position, "score"),
    )
    return numbers, codes, measures


def _matrix(
    table: pl.DataFrame, units: Mapping[str, int], item: str, items: Mapping[str, int], column: str
) -> np.ndarray[Any, np.dtype[np.float64]]:
    matrix = np.full((len(units), len(items)), np.nan)
    at = table.select("unit_code", item, pl.col(column).cast(pl.Float64)).drop_nulls()
    rows = [units[code] for code in at["unit_code"]]
    columns = [items[code] for code in at[item]]
    matrix[rows, columns] = at[column].to_numpy()
    return matrix


def _earlier(data: IssueData, comparison: str) -> IssueData | None:
    """The issue that a change is measured against, as far as it is published."""
    against = data.manifest["compares_with"].get(comparison) or {}
    period: Period | None = against.get("period")
    if not period or latest_issue(data.state, period) is None:
        return None
    return read_issue_data(data.state, period, against.get("revision"))


def _marked(table: pl.DataFrame, flags: pl.DataFrame | None, keys: Sequence[str]) -> pl.DataFrame:
    if flags is None:
        return table.with_columns(withheld=pl.lit(""))
    marked = table.join(flags, on=list(keys), how="left", maintain_order="left")
    return marked.with_columns(pl.col("withheld").fill_null(""))


def _blanked(table: pl.DataFrame, columns: Sequence[str], where: pl.Expr) -> pl.DataFrame:
    return table.with_columns(
        pl.when(where).then(None).otherwise(pl.col(name)).alias(name) for name in columns if name in table.columns
    )


def _coarsened(scores: pl.DataFrame, inexact: pl.DataFrame) -> pl.DataFrame:
    """Scores and changes above a withheld cell, rounded to DECIMALS_OF_INEXACT; a column says which they are."""
    marked = scores.join(inexact.rename({"withheld": "mark"}), on=["unit_code", "node_code"], how="left")
    where = pl.col("mark").is_not_null()
    columns = ("score", "change_month", "change_year")
    return marked.with_columns(
        *(
            pl.when(where).then(pl.col(name).round(DECIMALS_OF_INEXACT)).otherwise(pl.col(name)).alias(name)
            for name in columns
        ),
        rounded=where,
    ).drop("mark")


def _readme(
    data: IssueData, threshold: int, counts: Mapping[str, Mapping[str, int]], unsuppressed_because: str | None
) -> str:
    city = data.manifest["city"]
    lines = [
        f"# {city['name_zh']} {city['name_en']} · {data.period} · 第{data.number}期 r{data.issue.revision}",
        "",
        *([data.notice("zh"), "", data.notice("en"), ""] if data.synthetic else []),
    ]
    if unsuppressed_because is not None:
        lines += [
            f"未作隐私抑制，理由：{unsuppressed_because}",
            f"**Nothing is withheld in this set.** Reason given: {unsuppressed_because}",
        ]
    else:
        lines += [
            f"少于 {threshold} 的计数不公开；凡可据以推算的数值（同级、上级及得分）一并不公开，"
            "其上级得分只公布到一位小数；敏感指标仅公布二级指标及以上。",
            f"Counts under {threshold} are withheld, with the cells from which they could be worked out: other units "
            "of the same county, totals, values and scores; scores above them are rounded to one decimal. Sensitive "
            "indicators are told from the second level up only. The column `withheld` says why a cell is blank: "
            "small_count, complementary or sensitive.",
            "",
            *(f"* {table}: {', '.join(f'{n:,} {r}' for r, n in own.items()) or 0}" for table, own in counts.items()),
        ]
    return "\n".join(lines) + "\n"
