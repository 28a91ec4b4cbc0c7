"""The sheets of the workbook, each a function: which rows and columns it shows, in which order."""

from __future__ import annotations

from typing import Any

import polars as pl

from gates.result import GATE_NAMES
from publication.explanation import framework_compared
from publication.tables import ranking
from publication.workbook.look import HEADING_ROW, Column, Look
from publication.workbook.overview import write_overview

#: Levels of the framework whose changes are shown; those of indicators are in the long table.
_DEEPEST_CHANGE = 2
#: Paper of sheets that are too wide for A4, by the number that XLSX has for it.
_A3 = 8


def write_sheets(look: Look) -> None:
    """Every sheet, in the order of the tabs."""
    names = ["rankings", "scores_wide", "scores_long", "indicators", "changes"]
    names += ["contributions"] if look.data.has("contributions") else []
    names += ["framework", "quality", "gates"]
    write_overview(look, names)
    for name in names:
        _SHEETS[name](look)


def _columns(rows: pl.DataFrame) -> dict[str, list[Any]]:
    return {name: rows[name].to_list() for name in rows.columns}


def _named_units(look: Look) -> pl.DataFrame:
    """Units in the order of the rankings with their names, their parent's and their place."""
    ranked = ranking(look.data, look.city)
    return ranked.select("unit_code", "name_zh", "name_en", "parent_zh").with_row_index("place")


def _named_nodes(look: Look) -> pl.DataFrame:
    """Nodes of the framework in its order, then those that only a month compared with had: changes name them too."""
    return (
        framework_compared(look.city, look.data)
        .select(
            pl.col("code").alias("node_code"),
            pl.col("name_zh").alias("node_zh"),
            pl.col("name_en").alias("node_en"),
            "unit",
        )
        .with_row_index("node_place")
    )


def _ordered(look: Look, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of units and nodes with their names: units as ranked, nodes as in the framework."""
    joined = rows.join(_named_units(look), on="unit_code", how="left").join(
        _named_nodes(look), on="node_code", how="left"
    )
    return joined.sort("place", "node_place").with_columns(look_colours(look, joined))


def look_colours(look: Look, rows: pl.DataFrame) -> list[pl.Expr]:
    """The colour's key as its word, where the rows have one."""
    if "colour" not in rows.columns:
        return []
    words = {key: look.both.colour(key) for key in look.both.zh.colours}
    return [pl.col("colour").replace_strict(words, return_dtype=pl.String)]


_UNIT = (
    Column("unit_code", "column.unit_code", width=12),
    Column("name_zh", "workbook.column.unit_name", width=14),
    Column("name_en", "workbook.column.unit_name_en", width=20),
    Column("parent_zh", "workbook.column.parent_name", width=12),
)
_NODE = (
    Column("node_code", "column.node_code", width=12),
    Column("node_zh", "workbook.column.node_name", width=24),
    Column("node_en", "workbook.column.node_name_en", width=30),
)
_CHANGES = (
    Column("change_month", "column.change_month", "change", 15),
    Column("rank_change_month", "column.rank_change_month", "moved", 16),
    Column("change_month_reason", "column.change_month_reason", width=16, coded="reason"),
    Column("change_year", "column.change_year", "change", 15),
    Column("rank_change_year", "column.rank_change_year", "moved", 16),
    Column("change_year_reason", "column.change_year_reason", width=16, coded="reason"),
)
_SCORE = Column("score", "column.score", "score", 10)
_RANK = Column("rank", "column.rank", "whole", 9)
_COLOUR = Column("colour", "column.colour", width=16, tint="colour")
_COVERAGE = Column("coverage", "column.coverage", "share", 10)
_STATUS = Column("status", "column.status", width=14, coded="status")


def _rankings(look: Look) -> None:
    rows = ranking(look.data, look.city)
    intervals = [
        Column("median_rank", "column.median_rank", "place", 13),
        Column("rank_p05", "column.rank_p05", "place", 13),
        Column("rank_p95", "column.rank_p95", "place", 13),
        Column("ties", "column.ties", "whole", 16),
    ]
    columns = [
        Column("unit_level", "column.level", width=12, coded="level"), _RANK, *_UNIT,
        Column("residents", "column.residents", "whole", 12), _SCORE, _COLOUR,
        Column("vetoed", "workbook.column.vetoed", width=9, coded="answer"), *_CHANGES,
        *(c for c in intervals if c.key in rows.columns), _COVERAGE, _STATUS,
    ]  # fmt: skip
    shown = rows.with_columns(*look_colours(look, rows), pl.when(pl.col("vetoed")).then(pl.lit("true")).alias("vetoed"))
    look.table(look.sheet("rankings"), columns, _columns(shown), frozen=4)


def _scores_wide(look: Look) -> None:
    nodes = look.data.table("framework").select("code", "name_zh", "level", "parent")
    wide = (
        look.data.table("scores")
        .select("unit_code", "node_code", "score")
        .pivot(on="node_code", index="unit_code", values="score")
    )
    colours = look.data.table("scores").filter(pl.col("node_code") == look.data.root).select("unit_code", "colour")
    rows = _named_units(look).join(colours, on="unit_code", how="left").join(wide, on="unit_code", how="left")
    rows = rows.sort("place").with_columns(look_colours(look, rows))
    ordered = nodes.sort("level", maintain_order=True)
    columns = [*_UNIT, _COLOUR] + [
        Column(code, f"{name}\n{code}", "score", 13) for code, name in ordered.select("code", "name_zh").iter_rows()
    ]
    sheet = look.sheet("scores_wide")
    look.table(sheet, columns, _columns(rows), frozen=2)
    sheet.set_row(HEADING_ROW, 76)
    # a page for each dozen nodes, units named on each: in one page's width nobody could read it
    sheet.set_paper(_A3)
    sheet.set_print_scale(60)
    sheet.repeat_columns(0, 1)
    # the overall index takes its colour from the word beside it: a veto may cap it
    first = len(_UNIT) + 2
    look.tint(sheet, "score", 4, first, 3 + rows.height, len(columns) - 1)


def _scores_long(look: Look) -> None:
    columns = [
        *_UNIT[:2], *_NODE[:2], Column("node_level", "column.node_level", "whole", 12), _SCORE, _RANK, _COLOUR,
        _CHANGES[0], _CHANGES[3], _COVERAGE, _STATUS,
    ]  # fmt: skip
    look.table(look.sheet("scores_long"), columns, _columns(_ordered(look, look.data.table("scores"))), frozen=2)


def _indicators(look: Look) -> None:
    columns = [
        *_UNIT[:2], *_NODE[:2],
        Column("numerator", "column.numerator", "whole", 16),
        Column("denominator", "column.denominator", "whole", 16),
        Column("value", "column.value", "number", 14),
        Column("value_smoothed", "column.value_smoothed", "number", 16),
        Column("unit", "column.unit", width=18, coded="measure_unit"),
        Column("score", "column.score", "score", 10, tint="score"), _STATUS,
    ]  # fmt: skip
    rows = _ordered(look, look.data.table("values").rename({"indicator_code": "node_code"}))
    # the value of a zero-tolerance indicator is points to deduct, whatever its events are counted in
    deducts = look.data.table("framework").filter(pl.col("scoring") == "zero_tolerance")["code"]
    unit = pl.when(pl.col("node_code").is_in(deducts.implode())).then(pl.lit(look.both.text("workbook.deducted")))
    rows = rows.with_columns(unit.otherwise(pl.col("unit")).alias("unit"))
    look.table(look.sheet("indicators"), columns, _columns(rows), frozen=2)


def _changes(look: Look) -> None:
    columns = [*_UNIT[:3], *_NODE, _SCORE, _RANK, _COLOUR, *_CHANGES]
    rows = look.data.table("scores").filter(pl.col("node_level") <= _DEEPEST_CHANGE)
    look.table(look.sheet("changes"), columns, _columns(_ordered(look, rows)), frozen=2)


_EFFECTS = ("value_effect", "weight_effect", "availability_effect", "method_effect", "population_effect", "total")


def _contributions(look: Look) -> None:
    data = look.data
    rows = data.table("contributions").filter(pl.col("node_code") == data.root).drop("node_code")
    lowest = data.table("units").filter(pl.col("level") == look.city.levels[-1])["unit_code"]
    upper = rows.filter(~pl.col("unit_code").is_in(lowest.implode()))
    branch = _branch_of_indicator(framework_compared(look.city, data))
    summed = (
        rows.filter(pl.col("unit_code").is_in(lowest.implode()))
        .join(branch, on="indicator_code", how="left")
        .with_columns(pl.col("branch").fill_null(pl.col("indicator_code")))
        .sort("unit_code", "comparison", "indicator_code")
        .group_by("unit_code", "comparison", "branch", maintain_order=True)
        .agg(pl.col(name).sum() for name in _EFFECTS)
        .rename({"branch": "node_code"})
    )
    key = ["unit_code", "comparison", "node_code", *_EFFECTS]
    both = pl.concat([upper.rename({"indicator_code": "node_code"}).select(key), summed.select(key)])
    columns = [
        *_UNIT[:3], Column("comparison", "column.comparison", width=14, coded="comparison"), *_NODE,
        *(Column(name, f"column.{name}", "effect", 13) for name in _EFFECTS),
    ]  # fmt: skip
    look.table(look.sheet("contributions"), columns, _columns(_ordered(look, both)), frozen=2)


def _branch_of_indicator(framework: pl.DataFrame) -> pl.DataFrame:
    """The first-level node above each node: `indicator_code`, `branch`."""
    parent = dict(framework.select("code", "parent").iter_rows())
    level = dict(framework.select("code", "level").iter_rows())
    found = []
    for code in parent:
        node = code
        while level[node] > 1:
            node = parent[node]
        found.append((code, node))
    return pl.DataFrame(found, schema=["indicator_code", "branch"], orient="row")


def _framework(look: Look) -> None:
    departments = look.data.table("departments").select(
        pl.col("code").alias("department"), pl.col("name_zh").alias("department_name")
    )
    rows = look.data.table("framework").join(departments, on="department", how="left", maintain_order="left")
    columns = [
        Column("code", "column.code", width=11),
        Column("name_zh", "column.name_zh", width=44),
        Column("name_en", "column.name_en", width=30),
        Column("level", "column.level", "whole", 9),
        Column("parent", "column.parent", width=10),
        Column("weight", "column.weight", "weight", 9),
        Column("effective_weight", "column.effective_weight", "fraction", 12),
        Column("aggregation", "column.aggregation", width=14, coded="aggregation"),
        Column("department_name", "workbook.column.department_name", width=20),
        Column("numerator", "column.numerator", width=20),
        Column("denominator", "column.denominator", width=20),
        Column("scale", "column.scale", "whole", 10),
        Column("window", "column.window", width=14, coded="window"),
        Column("direction", "column.direction", width=14, coded="direction"),
        Column("unit", "column.unit", width=18, coded="measure_unit"),
        Column("scoring", "column.scoring", width=14, coded="scoring"),
        Column("params", "column.params", "long text", 60),
        Column("applies_to", "column.applies_to", width=14),
        Column("smoothing", "column.smoothing", width=14),
        Column("note", "column.note", "long text", 80),
    ]  # fmt: skip
    sheet = look.sheet("framework")
    values = _columns(rows)
    look.table(sheet, columns, values, frozen=2)
    sheet.set_paper(_A3)
    sheet.fit_to_pages(2, 0)
    sheet.repeat_columns(0, 1)
    for row, (name, level) in enumerate(zip(values["name_zh"], values["level"], strict=True), start=4):
        look.write_text(sheet, row, 1, name, look.indented[min(level, len(look.indented) - 1)])


def _quality(look: Look) -> None:
    names = look.data.table("departments").select(
        pl.col("code").alias("department"), pl.col("name_zh").alias("department_name")
    )
    titles = pl.DataFrame(
        [(r.department, r.name, r.title_zh) for r in look.city.record_sets],
        schema=["department", "record_set", "title"], orient="row",
    )  # fmt: skip
    judged = pl.col("accepted") + pl.col("quarantined")
    rows = (
        look.data.table("feeds")
        .join(names, on="department", how="left", maintain_order="left")
        .join(titles, on=["department", "record_set"], how="left", maintain_order="left")
        .with_columns(
            pl.when(judged > 0).then(pl.col("quarantined") / judged).alias("quarantined_share"),
            pl.col("reported").cast(pl.String),
        )
    )
    columns = [
        Column("department", "column.department", width=13),
        Column("department_name", "workbook.column.department_name", width=20),
        Column("record_set", "column.record_set", width=14),
        Column("title", "workbook.column.record_set_title", width=20),
        Column("period", "column.period", width=10),
        Column("status", "column.feeds.status", width=14, coded="delivery"),
        Column("reported", "column.reported", width=11, coded="answer"),
        *(
            Column(name, f"column.{name}", "whole", 14)
            for name in ("received", "accepted", "quarantined", "other_month", "layout")
        ),
        Column("quarantined_share", "workbook.column.quarantined_share", "share", 14),
        Column("landing_file", "column.landing_file", width=20),
    ]  # fmt: skip
    look.table(look.sheet("quality"), columns, _columns(rows), frozen=3)


def _gates(look: Look) -> None:
    checks = [
        {
            "gate": " ".join((gate, *GATE_NAMES[gate])),
            "title_zh": look.both.zh.check(check["check"]),
            "title_en": look.both.en.check(check["check"]),
            **{k: str(v) for k, v in check.items()},
        }
        for gate, result in sorted(look.data.manifest["gates"].items())
        for check in result["checks"]
    ]
    columns = [
        Column("gate", "workbook.column.gate", width=12),
        Column("title_zh", "workbook.column.check_zh", width=20),
        Column("title_en", "workbook.column.check_en", width=20),
        Column("applicable", "workbook.column.applicable", width=11, coded="answer"),
        Column("passed", "workbook.column.passed", width=11, coded="answer"),
        Column("observed", "workbook.column.observed", width=20),
        Column("check", "workbook.column.check_code", width=20),
    ]
    rows = {c.key: [check.get(c.key) for check in checks] for c in columns}
    look.table(look.sheet("gates"), columns, rows, frozen=2)


_SHEETS = {
    "rankings": _rankings,
    "scores_wide": _scores_wide,
    "scores_long": _scores_long,
    "indicators": _indicators,
    "changes": _changes,
    "contributions": _contributions,
    "framework": _framework,
    "quality": _quality,
    "gates": _gates,
}
