from __future__ import annotations

from dataclasses import replace

import pytest
from small_feeds import CRIME

from feeds.gate import judge
from feeds.receipt import Receipt

RULES: dict[str, object] = {"carry_forward": {"months": 1, "except": []}}
GOOD = Receipt("D1", "police", "crime", "2022-01", "accepted", True)
LATE = replace(GOOD, status="not_delivered", reported=False, message="nothing came")


def severities(receipt: Receipt, rules: dict[str, object] = RULES, **options: object) -> list[str]:
    required = bool(options.pop("required", True))
    return [f.severity for f in judge([receipt], rules, [replace(CRIME, required=required)], **options)]  # type: ignore[arg-type]


def test_a_good_delivery_is_no_finding_and_an_unreported_one_a_warning() -> None:
    assert severities(GOOD) == []
    assert severities(replace(GOOD, reported=False)) == ["warn"]


def test_a_refused_delivery_holds_the_month_back_even_when_an_earlier_one_stands() -> None:
    assert severities(replace(GOOD, status="refused", in_force="abc")) == ["error"]


@pytest.mark.parametrize(
    "rules", [{}, {"carry_forward": {"months": 0}}, {"carry_forward": {"months": 1, "except": ["D1"]}}]
)
def test_a_missing_delivery_is_an_error_only_where_it_cannot_be_carried(rules: dict[str, object]) -> None:
    assert severities(LATE) == ["warn"]
    assert severities(LATE, rules) == ["error"]
    assert severities(LATE, rules, required=False) == ["warn"]
    assert severities(replace(LATE, in_force="abc"), rules) == ["warn"]


def test_only_what_was_reported_within_the_limit_can_be_carried() -> None:
    assert severities(LATE, reported_before=set()) == ["error"]
    assert severities(LATE, reported_before={"police__crime"}) == ["warn"]


def test_errors_come_first() -> None:
    found = judge([LATE, replace(GOOD, status="refused")], RULES, [CRIME])
    assert [f.severity for f in found] == ["error", "warn"]
