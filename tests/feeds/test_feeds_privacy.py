from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_feeds import CRIME, HEADER, small_city

from city.state import StateFolder
from feeds.landing import Reception, land
from feeds.privacy import has_identity_check_digit, is_personal_header, mask, mask_column

Put = Callable[..., Path]
Take = Callable[..., Reception]
LINE = "A1,2022-01-05,命案,1,110101001,河口镇"


def identity(number: int) -> str:
    """An invented number of the right form."""
    first = f"11010119900101{number:03d}"
    return next(first + c for c in "0123456789X" if has_identity_check_digit(first + c))


@pytest.mark.parametrize(
    "header",
    [
        "姓名",
        "当事人姓名",
        "公民身份证号",
        "证件号码",
        "联系电话",
        "报警人手机号",
        "手机号码(必填)",
        "联系方式",
        "报警人",
        "name",
        "Patient Name",
        "firstName",
        "id_card",
        "ID number",
        "Phone",
        "MobilePhone",
        "contact_mobile",
        "E-mail",
    ],
)
def test_headers_that_name_people(header: str) -> None:
    assert is_personal_header(header)


@pytest.mark.parametrize(
    "header",
    [
        "单位名称",
        "乡镇名称",
        "Unit name",
        "measure_name",
        "facility name",
        "案件编号",
        "电话接警时间",
        "ID",
        "Case Number",
        "Description",
        "Location Description",
        "Community Area",
        "电信网络诈骗",
        "Hotel",
        "License",
        "学生人数",
        "automobile",
    ],
)
def test_headers_that_do_not(header: str) -> None:
    assert not is_personal_header(header)


@pytest.mark.parametrize("header", ["联系电话", "victim_name"])
def test_a_delivery_with_such_a_header_leaves_only_its_header(
    put: Put, tmp_path: Path, sources: Path, state: StateFolder, header: str
) -> None:
    put("police/2022-01/crime.csv", f"{HEADER},{header}\n{LINE},机密内容\n")
    receipt = land(small_city(tmp_path, CRIME), state, CRIME, "2022-01", str(sources), {})
    assert receipt.status == "refused"
    assert receipt.header == [*HEADER.split(","), header]
    written = [p for p in state.root.rglob("*") if p.is_file()]
    assert [p.name for p in written] == ["attempt.json"]
    assert "机密内容" not in written[0].read_text(encoding="utf-8")


def test_a_header_that_names_the_unit_is_allowed(put: Put, take: Take) -> None:
    put("police/2022-01/crime.csv", f"{HEADER.replace('所属乡镇', 'name')}\n{LINE}\n")
    assert take(replace(CRIME, unit={"code": "单位代码", "name": "name"})).receipt.accepted == 1


@pytest.mark.parametrize(
    "value", ["13812345678", "张三 138-1234-5678", "+86 13812345678", identity(1), f"身份{identity(2)}"]
)
def test_values_that_are_telephone_or_identity_numbers_refuse_the_delivery(put: Put, take: Take, value: str) -> None:
    put("police/2022-01/crime.csv", [LINE, LINE.replace("A1", value)])
    taken = take()
    assert taken.receipt.status == "refused"
    assert taken.accepted is None
    assert value not in taken.receipt.to_json()


@pytest.mark.parametrize("value", ["J-2022-01-13812345678", "20220105123", "12-00700225", "1381234567", "A13812345678"])
def test_record_numbers_are_no_telephone_numbers(put: Put, take: Take, value: str) -> None:
    put("police/2022-01/crime.csv", [LINE.replace("A1", value)])
    assert take().receipt.accepted == 1


def test_serial_numbers_of_area_date_and_counter_are_no_identity_numbers(put: Put, take: Take) -> None:
    # One in eleven has the right check digit by chance.
    serial = [f"11010120220105{n:04d}" for n in range(200)]
    assert any(has_identity_check_digit(s) for s in serial)
    put("police/2022-01/crime.csv", [LINE.replace("A1", s) for s in serial])
    assert take().receipt.accepted == 200


@given(st.text(max_size=30))
def test_masking_shows_two_characters_at_most_and_keeps_the_length(text: str) -> None:
    masked = mask(text)
    assert masked is not None
    assert len(masked) == len(text)
    assert sum(c != "*" for c in masked) <= 2
    assert pl.DataFrame({"t": [text]}).select(mask_column("t"))["t"].to_list() == [masked]


def test_masking_hides_the_middle() -> None:
    assert [mask(t) for t in ("山前镇村", "ab", "a", "", None)] == ["山**村", "a*", "*", "", None]
