"""Months as text, `2022-01`: the one form of a period in files, tables, partitions and on the command line."""

from __future__ import annotations

import re

Period = str

_PERIOD = re.compile(r"\A(\d{4})-(0[1-9]|1[0-2])\Z")


def month_index(period: Period) -> int:
    """Months since year 0, so that months can be added and compared; ValueError names a malformed period."""
    match = _PERIOD.match(period)
    if match is None:
        raise ValueError(f"{period!r} is not a month: write it as YYYY-MM, for example 2022-01")
    return int(match[1]) * 12 + int(match[2]) - 1


def period_of(index: int) -> Period:
    """The inverse of month_index."""
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def add_months(period: Period, months: int) -> Period:
    """The period so many months later (earlier when negative)."""
    return period_of(month_index(period) + months)


def months_between(first: Period, last: Period) -> list[Period]:
    """Every month from first to last, both included; empty when last is before first."""
    return [period_of(i) for i in range(month_index(first), month_index(last) + 1)]


def parse_range(text: str) -> list[Period]:
    """`2022-01` or `2022-01..2023-01` as a list of months; ValueError says how to write it."""
    first, dots, last = text.partition("..")
    months = months_between(first, last if dots else first)
    if not months:
        raise ValueError(f"{text!r} ends before it begins: write the earlier month first")
    return months
