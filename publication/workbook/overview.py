"""The first sheet: the issue in brief, its trend as a chart, and what is where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from publication.tables import branches, ranking, trend
from publication.workbook.look import Column, Look

_TREND_COLUMN = 8


def write_overview(look: Look, others: Sequence[str]) -> None:
    """Headline, facts, contents, first level, upper units, colours, trend."""
    sheet = look.sheet("overview")
    ranked = ranking(look.data, look.city)
    top = ranked.row(0, named=True)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 38)
    sheet.set_column(2, 7, 14)
    _headline(look, sheet, top)
    row = _facts(look, sheet, 7)
    row = _contents(look, sheet, row + 1, others)
    row = _first_level(look, sheet, row + 1, str(top["unit_code"]))
    row = _upper_units(look, sheet, row + 1, ranked)
    _colours(look, sheet, row + 1, ranked)
    _trend(look, sheet, str(top["unit_code"]))


def _headline(look: Look, sheet: Worksheet, top: dict[str, Any]) -> None:
    for at, heading in enumerate(
        ("workbook.field.index", "column.colour", "column.change_month", "column.change_year")
    ):
        look.write_text(sheet, 3, at, look.both.heading(heading), look.heading)
    sheet.set_row(3, 46)
    sheet.set_row(4, 40)
    if top["score"] is not None:
        sheet.write_number(4, 0, top["score"], look.big)
    look.write_text(sheet, 4, 1, look.both.colour(top["colour"]), look.subtitle)
    look.tint(sheet, "colour", 4, 1, 4, 1)
    for at, key in ((2, "change_month"), (3, "change_year")):
        if top[key] is not None:
            sheet.write_number(4, at, top[key], look.big_change)
        else:
            look.write_text(sheet, 4, at, look.both.code("reason", top[f"{key}_reason"]), look.plain)


def _facts(look: Look, sheet: Worksheet, row: int) -> int:
    manifest = look.data.manifest
    both = look.both
    override = manifest.get("override")
    facts = [
        ("workbook.field.city", f"{look.city.name_zh} {look.city.name_en}"),
        (
            "column.period",
            both.text("workbook.issue", between=" · ", number=look.data.number) + f" · {look.data.period}",
        ),
        (
            "workbook.field.revision",
            f"r{look.data.issue.revision}" + (f" · {manifest['reason']}" if manifest["reason"] else ""),
        ),
        ("workbook.field.published", str(manifest["published_at"])),
        ("workbook.field.method", str(manifest["method_version"])),
        ("workbook.field.manifest", look.data.issue.manifest_sha256),
    ]
    if override:
        checks = "、".join(both.check(check) for check in override["checks"])
        facts.append(("workbook.field.override", f"{checks} · {override['reason']} · {override['user']}"))
    for key, value in facts:
        look.write_text(sheet, row, 0, both.text(key), look.label)
        look.write_text(sheet, row, 1, value, look.plain)
        row += 1
    return row


def _contents(look: Look, sheet: Worksheet, row: int, others: Sequence[str]) -> int:
    look.write_text(sheet, row, 0, look.both.text("workbook.contents"), look.subtitle)
    for name in others:
        row += 1
        title = look.both.text(f"workbook.sheet.{name}")[:31]
        sheet.write_url(row, 0, f"internal:'{title}'!A1", look.link, title)
        look.write_text(sheet, row, 1, look.both.text(f"workbook.about.{name}", between=" · "), look.plain)
    return row + 1


def _first_level(look: Look, sheet: Worksheet, row: int, unit: str) -> int:
    look.write_text(sheet, row, 0, look.both.text("workbook.first_level"), look.subtitle)
    rows = branches(look.data, unit)
    columns = [
        Column("name_zh", "workbook.column.node_name"),
        Column("name_en", "workbook.column.node_name_en"),
        Column("weight", "column.weight", "weight"),
        Column("score", "column.score", "score"),
        Column("colour", "column.colour", tint="colour"),
        Column("change_month", "column.change_month", "change"),
        Column("change_year", "column.change_year", "change"),
    ]
    values = {c.key: rows[c.key].to_list() for c in columns}
    values["colour"] = [look.both.colour(key) for key in values["colour"]]
    look.table(sheet, columns, values, frozen=0, top=row + 1)
    return row + 2 + rows.height


def _upper_units(look: Look, sheet: Worksheet, row: int, ranked: pl.DataFrame) -> int:
    """Levels between the top and the lowest: districts and counties."""
    for level in look.city.levels[1:-1]:
        rows = ranked.filter(pl.col("unit_level") == level)
        look.write_text(sheet, row, 0, look.both.code("level", level), look.subtitle)
        columns = [
            Column("name_zh", "workbook.column.unit_name"),
            Column("name_en", "workbook.column.unit_name_en"),
            Column("rank", "column.rank", "whole"),
            Column("score", "column.score", "score"),
            Column("colour", "column.colour", tint="colour"),
            Column("change_month", "column.change_month", "change"),
            Column("change_year", "column.change_year", "change"),
        ]
        values = {c.key: rows[c.key].to_list() for c in columns}
        values["colour"] = [look.both.colour(key) for key in values["colour"]]
        look.table(sheet, columns, values, frozen=0, top=row + 1)
        row += 3 + rows.height
    return row - 1


def _colours(look: Look, sheet: Worksheet, row: int, ranked: pl.DataFrame) -> int:
    look.write_text(sheet, row, 0, look.both.text("workbook.colours"), look.subtitle)
    lowest = ranked.filter(pl.col("unit_level") == look.city.levels[-1])
    keys = list(look.both.zh.colours)
    columns = [Column("colour", "column.colour", tint="colour"), Column("units", "workbook.column.units", "whole")]
    values: dict[str, list[Any]] = {
        "colour": [look.both.colour(key) for key in keys],
        "units": [lowest.filter(pl.col("colour") == key).height for key in keys],
    }
    look.table(sheet, columns, values, frozen=0, top=row + 1)
    return row + 2 + len(keys)


def _trend(look: Look, sheet: Worksheet, unit: str) -> None:
    rows = trend(look.data, unit)
    columns = [Column("period", "column.period"), Column("score", "workbook.field.index", "score")]
    at = _TREND_COLUMN
    sheet.set_column(at, at + 1, 14)
    look.write_text(sheet, 3, at, look.both.text("workbook.trend"), look.subtitle)
    sheet.set_row(6, 32)
    for offset, column in enumerate(columns):
        style = look.headings[column.kind == "text"]
        look.write_text(sheet, 6, at + offset, look.both.heading(column.heading), style)
    for offset, (period, score, *_) in enumerate(rows.iter_rows()):
        look.write_text(sheet, 7 + offset, at, period, look.kinds["text"])
        if score is not None:
            sheet.write_number(7 + offset, at + 1, score, look.kinds["score"])
    last = 6 + rows.height
    chart = look.book.add_chart({"type": "line"})
    chart.add_series(
        {
            "name": look.both.zh.index_name,
            "categories": [sheet.get_name(), 7, at, last, at],
            "values": [sheet.get_name(), 7, at + 1, last, at + 1],
            "line": {"color": "#14304f", "width": 2},
            "marker": {"type": "circle", "size": 5, "fill": {"color": "#14304f"}, "border": {"color": "#14304f"}},
        }
    )
    scores = [s for s in rows["score"].to_list() if s is not None]
    if scores:
        chart.set_y_axis(
            {
                "min": int(min(scores)) - 1,
                "max": int(max(scores)) + 2,
                "num_format": "0",
                "major_gridlines": {"visible": True, "line": {"color": "#dde3ea"}},
            }
        )
    chart.set_legend({"none": True})
    chart.set_title({"name": look.both.text("workbook.trend"), "name_font": {"size": 11, "color": "#14304f"}})
    chart.set_size({"width": 560, "height": 300})
    sheet.insert_chart(7, at + 3, chart, {"object_position": 2, "description": look.both.text("workbook.trend")})
