from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_feeds import CRIME, HEADER

from feeds.csv_reader import read_csv
from feeds.errors import FeedError
from feeds.landing import Reception

Put = Callable[..., Path]
Take = Callable[..., Reception]
GOOD = "A1,2022-01-05 13:05:00,命案,1,110101001,河口镇"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_same_rows_come_from_every_encoding(put: Put, take: Take, encoding: str) -> None:
    put("police/2022-01/crime.csv", [GOOD, "A2,2022/1/6,抢劫,0,110101002,东县山前镇"], encoding)
    taken = take(replace(CRIME, encoding="gb18030" if encoding == "gb18030" else "utf-8"))
    assert taken.receipt.status == "accepted"
    assert taken.accepted is not None
    assert taken.accepted["category"].to_list() == ["homicide", "robbery"]
    assert taken.accepted["source_line"].to_list() == [2, 3]


@pytest.mark.parametrize(
    ("declared", "sent", "looks"), [("utf-8", "gb18030", "gb18030"), ("gb18030", "utf-8", "UTF-8")]
)
def test_another_encoding_is_named_with_the_remedy(put: Put, take: Take, declared: str, sent: str, looks: str) -> None:
    put("police/2022-01/crime.csv", [GOOD], sent)
    receipt = take(replace(CRIME, encoding=declared)).receipt
    assert receipt.status == "refused"
    assert receipt.message.startswith("police/crime: police/2022-01/crime.csv")
    assert looks in receipt.message
    assert "encoding:" in receipt.remedy


@pytest.mark.parametrize("cut", [3, 20])
def test_a_file_cut_off_in_its_last_line_is_refused(put: Put, take: Take, cut: int) -> None:
    whole = ("\n".join([HEADER, GOOD, GOOD]) + "\n").encode()
    put("police/2022-01/crime.csv", whole[: -cut - len("河口镇".encode())])
    receipt = take().receipt
    assert receipt.status == "refused"
    assert "row 3" in receipt.message
    assert "whole file again" in receipt.remedy


def test_a_file_cut_off_in_a_character_is_refused() -> None:
    with pytest.raises(FeedError, match="middle of a character"):
        read_csv("f", "x.csv", "编号,名\n1,东".encode()[:-1], ["编号"])


def test_a_damaged_gz_is_refused_and_a_whole_one_read() -> None:
    packed = gzip.compress("编号\n1\n".encode())
    assert read_csv("f", "x.csv.gz", packed, ["编号"]).rows["编号"].to_list() == ["1"]
    with pytest.raises(FeedError, match="cut off or damaged"):
        read_csv("f", "x.csv.gz", packed[:-6], ["编号"])


def test_a_workbook_called_csv_and_an_empty_file_are_refused() -> None:
    with pytest.raises(FeedError, match="workbook"):
        read_csv("f", "x.csv", b"PK\x03\x04....", ["a"])
    with pytest.raises(FeedError, match="empty"):
        read_csv("f", "x.csv", b"\n\n", ["a"])


def test_titles_blank_lines_and_totals_are_layout_and_lines_stay_true() -> None:
    text = '2022年1月报表,,\n编号,数,\n1,"a\nb",\n\n,,\n2,c,\n合 计,3,\n'
    raw = read_csv("f", "x.csv", text.encode(), ["编号", "数"])
    assert raw.rows["编号"].to_list() == ["1", "2"]
    assert raw.lines.to_list() == [3, 7]
    assert raw.layout == 4  # the title, the empty line, the blank row, the total


def test_a_line_with_a_field_too_many_is_quarantined_by_its_line(put: Put, take: Take) -> None:
    put("police/2022-01/crime.csv", [GOOD, GOOD.replace("A1", "A2") + ",多", GOOD.replace("A1", "A3")])
    taken = take()
    assert taken.receipt.accepted == 2
    assert taken.receipt.failures[0]["reason"] == "fields"
    assert taken.receipt.failures[0]["lines"] == [3]


def test_headers_may_come_in_any_order_and_with_blanks(put: Put, take: Take) -> None:
    put(
        "police/2022-01/crime.csv",
        "所属乡镇, 单位代码,死亡人数,案件 类别,立案时间,案件编号,备注\n河口镇,110101001,0,命案,2022-01-05,A1,x\n",
    )
    assert take().receipt.accepted == 1


def test_a_missing_header_is_refused_with_the_nearest_delivered(put: Put, take: Take) -> None:
    put("police/2022-01/crime.csv", HEADER.replace("死亡人数", "死亡数") + "\n" + GOOD + "\n")
    receipt = take().receipt
    assert receipt.status == "refused"
    assert "'死亡人数' (is it '死亡数'?)" in receipt.message


# Control characters are white space for Python and not for polars; a bare carriage return is quoted by no writer.
cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=12)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), max_size=20), st.sampled_from(["\n", "\r\n"]))
def test_no_row_is_lost_whatever_the_text(rows: list[list[str]], end: str) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator=end, quoting=csv.QUOTE_MINIMAL)
    writer.writerow(["编号", "二", "三"])
    writer.writerows(rows)
    raw = read_csv("f", "x.csv", stream.getvalue().encode(), ["编号", "二", "三"])
    assert raw.received == len(rows)
    kept = [[c.strip() or None for c in row] for row in rows if any(c.strip() for c in row)]
    got = [list(r) for r in raw.rows.iter_rows()]
    assert [r for r in got if r in kept] == got


@given(st.lists(st.text("0123456789,，abc甲\"'", max_size=30), max_size=15))
def test_any_lines_under_the_header_are_read_whole_or_refused(lines: list[str]) -> None:
    text = "编号,数\n" + "".join(line + "\n" for line in lines)
    try:
        raw = read_csv("f", "x.csv", text.encode(), ["编号", "数"])
    except FeedError:
        assert any('"' in line for line in lines)
        return
    records = list(csv.reader(io.StringIO(text)))
    assert raw.received == len(records) - 1
