from __future__ import annotations

import datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.values import parse, parse_datetime, parse_integer, parse_month

JANUARY = datetime.datetime(2022, 1, 5)


def one(text: str, kind: str, formats: tuple[str, ...] = ()) -> object:
    return parse(pl.Series("x", [text, None]), kind, formats, "Asia/Shanghai")[0]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2022-01-05", (0, 0)),
        ("2022-01-05 13:05:00", (13, 5)),
        ("2022-01-05T13:05:00", (13, 5)),
        ("2022-01-05T05:05:00Z", (13, 5)),
        ("2022-01-05T13:05:00+08:00", (13, 5)),
        ("2022/1/5", (0, 0)),
        ("2022/1/5 13:05", (13, 5)),
        ("2022年1月5日", (0, 0)),
        ("2022年1月5日 13时05分", (13, 5)),
        ("20220105", (0, 0)),
    ],
)
def test_dates_as_offices_write_them(text: str, time: tuple[int, int]) -> None:
    assert one(text, "datetime") == JANUARY.replace(hour=time[0], minute=time[1])
    assert one(text, "date") == JANUARY.date()


@pytest.mark.parametrize("text", ["2022-02-30", "22-01-05", "05/01/2022", "一月五日", "2022-13-01", "2022"])
def test_what_is_no_date_or_could_be_two_is_not_read(text: str) -> None:
    assert one(text, "datetime") is None


def test_declared_formats_come_first() -> None:
    assert one("1-Apr-12", "date", ("%d-%b-%y",)) == datetime.date(2012, 4, 1)
    read = one("04/20/2013 12:10:00 AM", "datetime", ("%m/%d/%Y %I:%M:%S %p",))
    assert read == datetime.datetime(2013, 4, 20, 0, 10)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1,234", "integer", 1234),
        ("12.0", "integer", 12),
        ("５", "integer", 5),
        ("12.5", "integer", None),
        ("1e400", "float", None),
        ("nan", "float", None),
        ("1,234.5", "float", 1234.5),
        ("是", "boolean", True),
        ("N", "boolean", False),
        ("maybe", "boolean", None),
        ("1,23", "integer", None),
    ],
)
def test_numbers_and_booleans(text: str, kind: str, value: object) -> None:
    assert one(text, kind) == value


@pytest.mark.parametrize("text", ["2022-01", "2022/1", "2022年1月", "202201", "2022-01-31", "2022年01月"])
def test_months(text: str) -> None:
    assert parse_month(pl.Series([text, "2022-13", "20221", None])).to_list() == ["2022-01", None, None, None]


@given(st.lists(st.integers(-(2**62), 2**62)))
def test_whole_numbers_are_read_exactly(numbers: list[int]) -> None:
    assert parse_integer(pl.Series("x", [str(n) for n in numbers], dtype=pl.String)).to_list() == numbers


@given(st.lists(st.datetimes(datetime.datetime(1900, 1, 1), datetime.datetime(2200, 1, 1))))
def test_times_survive_being_written(times: list[datetime.datetime]) -> None:
    series = pl.Series("x", [t.isoformat(sep=" ") for t in times], dtype=pl.String)
    assert parse_datetime(series).to_list() == times
