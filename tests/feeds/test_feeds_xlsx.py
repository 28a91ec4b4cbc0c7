from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from small_feeds import CRIME

from feeds.landing import Reception

Put = Callable[..., Path]
Take = Callable[..., Reception]
SHEET = replace(CRIME, reader="xlsx", location="police/{period}/crime.xlsx")


def workbook(fill: Callable[[Any, Any], None]) -> bytes:
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    fill(book, book.add_worksheet("一月"))
    book.close()
    return stream.getvalue()


def office_sheet(book: Any, sheet: Any) -> None:
    """Two title lines, a header over two rows with merged cells, a blank row, a total."""
    date = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.merge_range(0, 0, 0, 5, "东县公安局立案月报")
    sheet.write(1, 0, "报送月份：2022年1月")
    sheet.merge_range(3, 0, 4, 0, "案件编号")
    sheet.merge_range(3, 1, 3, 3, "案件")
    for column, name in enumerate(["立案时间", "案件\n类别", "死亡人数"], start=1):
        sheet.write(4, column, name)
    sheet.merge_range(3, 4, 4, 4, "单位代码")
    sheet.merge_range(3, 5, 4, 5, "所属乡镇")
    sheet.write_row(5, 0, ["A1"])
    sheet.write_datetime(5, 1, datetime.datetime(2022, 1, 5, 13, 5), date)
    sheet.write_row(5, 2, ["命案", 1])
    sheet.write_number(5, 4, 110101001)
    sheet.write(5, 5, "河口镇")
    sheet.write_row(7, 0, ["A2", "2022年1月6日", "抢劫", "0", "110101002000", "山前镇"])
    sheet.write_row(8, 0, ["合计", "", "", 1])


def test_an_office_sheet_is_read_and_its_dress_counted_as_layout(put: Put, take: Take) -> None:
    put("police/2022-01/crime.xlsx", workbook(office_sheet))
    taken = take(SHEET)
    assert taken.receipt.message == ""
    assert taken.accepted is not None
    assert taken.accepted["source_line"].to_list() == [6, 8]
    assert taken.accepted["deaths"].to_list() == [1, 0]
    assert taken.accepted["occurred_at"][0] == datetime.datetime(2022, 1, 5, 13, 5)
    # Three lines above the header, the blank row, the total.
    assert (taken.receipt.received, taken.receipt.layout) == (7, 5)


def test_an_empty_sheet_is_refused_and_a_bare_header_is_a_month_without_events(put: Put, take: Take) -> None:
    put("police/2022-01/crime.xlsx", workbook(lambda book, sheet: None))
    assert "empty" in take(SHEET).receipt.message
    headers = [*CRIME.columns, "单位代码", "所属乡镇"]
    put("police/2022-01/crime.xlsx", workbook(lambda book, sheet: sheet.write_row(0, 0, headers)))
    receipt = take(SHEET).receipt
    assert (receipt.status, receipt.reported, receipt.accepted) == ("accepted", True, 0)


@pytest.mark.parametrize("damage", [b"not a workbook", None])
def test_a_damaged_workbook_is_refused(put: Put, take: Take, damage: bytes | None) -> None:
    content = damage or workbook(office_sheet)[:2000]
    put("police/2022-01/crime.xlsx", content)
    receipt = take(SHEET).receipt
    assert receipt.status == "refused"
    assert "save the workbook again" in receipt.remedy


def test_a_sheet_that_is_not_there_names_those_that_are(put: Put, take: Take) -> None:
    put("police/2022-01/crime.xlsx", workbook(office_sheet))
    assert "一月" in take(replace(SHEET, options={"sheet": "二月"})).receipt.message
    assert take(replace(SHEET, options={"sheet": "一月"})).receipt.status == "accepted"


def test_blank_rows_above_a_title_count_and_lines_stay_true(put: Put, take: Take) -> None:
    def lower(book: Any, sheet: Any) -> None:
        sheet.write(2, 0, "立案月报")
        sheet.write_row(3, 0, [*CRIME.columns, "单位代码", "所属乡镇"])
        sheet.write_row(4, 0, ["A1", "2022-01-05", "命案", 0, "110101001", "河口镇"])

    put("police/2022-01/crime.xlsx", workbook(lower))
    taken = take(SHEET)
    assert taken.accepted is not None
    assert taken.accepted["source_line"].to_list() == [5]
    assert (taken.receipt.received, taken.receipt.layout) == (4, 3)
