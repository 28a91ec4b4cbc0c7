"""The workbook as LibreOffice and openpyxl read it: its numbers are the issue's, its text stays text."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import fastexcel
import openpyxl
import polars as pl
import pytest
from finished_run import FinishedRun
from office_files import sheets_as_csv
from small_candidate import small_city
from small_issue import MONTH, PLANTED, full_tables

from city import City, StateFolder
from publication.reading import IssueData, read_issue_data
from publication.workbook import write_workbook

HEADING_ROW = 3


@pytest.fixture
def planted(release: object, state: StateFolder) -> IssueData:
    """A published month in which names of units begin as formulas do."""
    release(MONTH, **full_tables())  # type: ignore[operator]
    return read_issue_data(state, MONTH)


def table(sheet: list[list[str]], column_at: Mapping[str, int], key: int) -> dict[tuple[str, ...], dict[str, str]]:
    """Rows below the headings by their first `key` columns."""
    rows = [row for row in sheet[HEADING_ROW + 1 :] if row[0]]
    return {tuple(row[:key]): {name: row[at] for name, at in column_at.items()} for row in rows}


def cells(book: fastexcel.ExcelReader, name: str) -> list[list[str]]:
    """Headings and what is below them as text that reads back as the same numbers; above the headings nothing."""
    read = book.load_sheet(name, header_row=HEADING_ROW).to_polars()
    return [
        *[[]] * HEADING_ROW,
        read.columns,
        *(["" if cell is None else str(cell) for cell in row] for row in read.iter_rows()),
    ]


def at(sheet: list[list[str]], **english: str) -> dict[str, int]:
    """Where the columns with these English headings are."""
    headings = [text.split("\n")[-1] for text in sheet[HEADING_ROW]]
    return {name: headings.index(text) for name, text in english.items()}


def same(shown: str, value: float | None) -> bool:
    if value is None or shown == "":
        return value is None and shown == ""
    number = float(shown[:-1]) / 100 if shown.endswith("%") else float(shown)
    return math.isclose(number, value, rel_tol=1e-12, abs_tol=1e-12)


@pytest.mark.server
def test_text_that_begins_like_a_formula_stays_text(planted: IssueData, city: City, tmp_path: Path) -> None:
    (path,) = write_workbook(planted, city, tmp_path)
    rankings = sheets_as_csv(path, tmp_path)["排名 Rankings"]
    names = {row[3] for row in rankings[HEADING_ROW + 1 :]}
    assert set(PLANTED) <= names
    cells = [c for row in openpyxl.load_workbook(path)["排名 Rankings"].iter_rows() for c in row if c.value in PLANTED]
    assert len(cells) >= len(PLANTED)
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in cells), "a cell would become a formula on editing"


def test_every_sheet_has_the_notice_filters_and_frozen_headings(planted: IssueData, city: City, tmp_path: Path) -> None:
    (path,) = write_workbook(planted, city, tmp_path)
    notice = planted.notice("zh")
    assert notice, "the small city must be synthetic for this test to say anything"
    book = openpyxl.load_workbook(path)
    shown = ["Overview", "Rankings", "wide", "long", "Indicators", "Changes", "Contributions", "Framework", "Quality"]
    assert [sheet.title.split(" ")[-1] for sheet in book.worksheets] == [*shown, "Gates"]
    for sheet in book.worksheets:
        assert notice in str(sheet["A2"].value), sheet.title
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes, sheet.title
        assert sheet.freeze_panes.endswith("5"), sheet.title
        assert str(sheet.auto_filter.ref).startswith("A4:"), sheet.title
    assert book["排名 Rankings"].conditional_formatting


def test_no_text_is_cut_and_no_change_that_is_shown_as_nought_has_a_sign(
    planted: IssueData, city: City, tmp_path: Path
) -> None:
    """A unit with a long name, in Chinese and English; a change of less than half a hundredth."""
    long = pl.col("unit_code") == "99011"
    units = planted.table("units").with_columns(
        pl.when(long).then(pl.lit("很长的名" * 12)).otherwise("name_zh").alias("name_zh"),
        pl.when(long).then(pl.lit("Long name " * 8)).otherwise("name_en").alias("name_en"),
    )
    units.write_parquet(planted.folder / "units.parquet")
    (path,) = write_workbook(planted, city, tmp_path)
    sheet = openpyxl.load_workbook(path)["排名 Rankings"]
    headings = {str(cell.value).split("\n")[-1]: cell for cell in sheet[HEADING_ROW + 1]}
    chinese, english = headings["Unit in Chinese"].column_letter, headings["Unit"].column_letter
    assert sheet.column_dimensions[chinese].width >= 96
    assert sheet.column_dimensions[english].width >= 80
    assert headings["Score"].alignment.horizontal == "right"
    assert headings["Unit"].alignment.horizontal == "left"
    change = headings["Change on last month"].column_letter
    formats = [
        rule.dxf.numFmt.formatCode
        for area in sheet.conditional_formatting
        if str(area.sqref).startswith(change)
        for rule in area.rules
    ]
    assert formats == ["0.00;0.00"]


def test_the_same_issue_gives_the_same_bytes(planted: IssueData, city: City, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_workbook(planted, city, tmp_path / name)
    assert (tmp_path / "one/workbook.xlsx").read_bytes() == (tmp_path / "two/workbook.xlsx").read_bytes()
    # within a second a clock would give the same bytes twice: the dates themselves are those of the issue
    published = datetime.fromisoformat(planted.manifest["published_at"]).replace(tzinfo=None)
    assert openpyxl.load_workbook(tmp_path / "one/workbook.xlsx").properties.created == published
    with zipfile.ZipFile(tmp_path / "one/workbook.xlsx") as parts:
        assert {part.date_time[0] for part in parts.infolist()} == {1980}


def test_a_city_without_hex_colours_has_a_workbook(planted: IssueData, tmp_path: Path) -> None:
    assert all("hex" not in colour for colour in small_city().versions[0].rules["colours"])
    assert write_workbook(planted, small_city(), tmp_path)[0].stat().st_size > 0


def assert_holds_contributions(sheet: list[list[str]], data: IssueData) -> None:
    """Upper units by indicator, townships added up to the first level; every row's kinds add up to its total."""
    headings = [text.split("\n")[-1] for text in sheet[HEADING_ROW]]
    effects = [f"{kind} effect" for kind in ("Value", "Weight", "Availability", "Method", "Population")]
    columns = [headings.index(name) for name in (*effects, "Total")]
    kinds = [f"{kind}_effect" for kind in ("value", "weight", "availability", "method", "population")]
    rows = data.table("contributions").filter(node_code=data.root).with_columns(
        pl.when(pl.col("unit_code").str.len_chars() > 6).then(pl.col("indicator_code").str.slice(0, 3))
        .otherwise(pl.col("indicator_code")).alias("node")
    )  # fmt: skip
    spans = {"month": "环比", "year": "同比"}
    expected = {
        (unit, spans[span], node): points
        for unit, span, node, *points in rows.group_by("unit_code", "comparison", "node")
        .agg(pl.col(*kinds, "total").sum())
        .iter_rows()
    }
    found = {}
    at_node = headings.index("Node code")
    for row in sheet[HEADING_ROW + 1 :]:
        key = (row[0], row[3].split(" ")[0], row[at_node])
        found[key] = [float(row[column]) for column in columns]
        assert sum(found[key][:-1]) == pytest.approx(found[key][-1], abs=1e-9), key
    assert found.keys() == expected.keys()
    assert all(found[key] == pytest.approx(points, abs=1e-9) for key, points in expected.items())


@pytest.mark.end_to_end
def test_its_numbers_are_those_of_the_issue(tianshui_run: FinishedRun, rendered: Callable[[str], Path]) -> None:
    """As calamine reads them: of LibreOffice, which takes ten times as long, the small workbook is asked."""
    data = read_issue_data(tianshui_run.state, "2023-01")
    book = fastexcel.read_excel(rendered("workbook") / "workbook.xlsx")
    sheets = {name: cells(book, name) for name in book.sheet_names if name != "概览 Overview"}
    scores = {(r["unit_code"], r["node_code"]): r for r in data.table("scores").iter_rows(named=True)}

    long = sheets["得分长表 Scores long"]
    columns = at(long, node="Node code", score="Score", month="Change on last month", year="Change on last year")
    columns |= at(long, rank="Rank", coverage="Coverage")
    rows = [(row[0], row[columns["node"]], row) for row in long[HEADING_ROW + 1 :]]
    assert {(unit, node) for unit, node, _ in rows} == set(scores)
    for unit, node, row in rows:
        expected = scores[unit, node]
        for name, field in (
            ("score", "score"), ("month", "change_month"), ("year", "change_year"), ("rank", "rank"),
            ("coverage", "coverage"),
        ):  # fmt: skip
            assert same(row[columns[name]], expected[field]), (unit, node, name)

    wide = sheets["得分宽表 Scores wide"]
    codes = [text.split("\n")[-1] for text in wide[HEADING_ROW]]
    for row in wide[HEADING_ROW + 1 :]:
        for code, cell in list(zip(codes, row, strict=True))[5:]:
            assert same(cell, scores[row[0], code]["score"]), (row[0], code)

    indicators = sheets["指标 Indicators"]
    columns = at(
        indicators,
        node="Node code",
        numerator="Numerator",
        denominator="Denominator",
        value="Value",
        unit="Unit of measure",
    )
    values = {(r["unit_code"], r["indicator_code"]): r for r in data.table("values").iter_rows(named=True)}
    seen = set()
    for row in indicators[HEADING_ROW + 1 :]:
        key = (row[0], row[columns["node"]])
        seen.add(key)
        assert all(same(row[columns[n]], values[key][n]) for n in ("numerator", "denominator", "value")), key
        assert row[columns["unit"]] == "%" or re.search(r" [a-zµ]", row[columns["unit"]]), (
            key,
            "a unit without English",
        )
    assert seen == set(values)

    assert_holds_contributions(sheets["贡献 Contributions"], data)

    overview = book.load_sheet("概览 Overview", header_row=None, skip_rows=4, n_rows=1).to_polars().row(0)
    city = scores[data.table("units").filter(pl.col("level") == "city")["unit_code"].item(), data.root]
    assert same(str(overview[0]), city["score"])
    assert same(str(overview[2]), city["change_month"])
