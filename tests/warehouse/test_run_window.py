"""Which months a run computes: what it compares, what its windows need, and nothing before the city begins."""

from __future__ import annotations

import pytest

from city import load_city, parse_range
from city.periods import add_months, months_between
from warehouse.window import run_window


def test_a_month_reads_two_years_of_feeds_where_they_exist() -> None:
    window = run_window(load_city("tianshui"), "2024-06", "2024-06")
    assert window.index_from == "2023-06"  # the same month last year is computed again, to be compared with
    assert window.values_from == "2023-05"  # one month before may be carried forward
    assert window.measures_from == "2022-06"  # the rolling window of twelve months under it
    assert len(window.feed_months) == 25


def test_nothing_is_read_before_the_first_month_nor_compared_before_the_first_issue() -> None:
    window = run_window(load_city("tianshui"), "2022-01", "2023-01")
    assert (window.measures_from, window.index_from) == ("2021-01", "2022-01")
    assert window.released == months_between("2022-01", "2023-01")


def test_a_reference_period_before_the_first_issue_is_its_own_index_window() -> None:
    assert run_window(load_city("tianshui"), "2021-01", "2021-12").index_from == "2021-01"


@pytest.mark.parametrize(
    ("text", "months"),
    [("2022-01", ["2022-01"]), ("2021-12..2022-02", ["2021-12", "2022-01", "2022-02"])],
)
def test_ranges_of_months_are_read(text: str, months: list[str]) -> None:
    assert parse_range(text) == months


@pytest.mark.parametrize("text", ["2022-13", "2022-1", "22-01", "2022-02..2022-01", "", "2022-01..", "二〇二二"])
def test_what_is_no_range_of_months_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"write"):
        parse_range(text)


def test_months_add_over_years() -> None:
    assert add_months("2022-01", -1) == "2021-12"
    assert add_months("2021-12", 14) == "2023-02"
