"""Which months a run must compute to release a range of months; the run's only notion of time.

A month's numbers depend on deliveries and the method, never on what the warehouse happened to hold: a run computes
the comparison months (last month, the same month last year) and the months under their rolling windows again, so the
order of runs decides nothing. That costs 1.5 s for a single month of 131 units and removes a whole kind of fault.
"""

from __future__ import annotations

from dataclasses import dataclass

from city import City, Period, months_between
from city.periods import add_months, month_index

#: The longest rolling window, in months.
LONGEST_WINDOW = 12


@dataclass(frozen=True)
class RunWindow:
    """Months released, and the earlier months needed for them; all bounds are included."""

    measures_from: Period
    values_from: Period
    index_from: Period
    release_from: Period
    release_to: Period
    first_issue: Period

    @property
    def feed_months(self) -> list[Period]:
        """Months whose deliveries the run reads."""
        return months_between(self.measures_from, self.release_to)

    @property
    def released(self) -> list[Period]:
        """Months that the run brings to the gate."""
        return months_between(self.release_from, self.release_to)


def run_window(city: City, first: Period, last: Period) -> RunWindow:
    """The window for releasing first..last; months before the city's first month do not exist."""
    carry = max(int(v.rules["carry_forward"]["months"]) for v in city.versions)
    begin = city.first_month

    def not_before(period: Period, bound: Period) -> Period:
        return max(period, bound, key=month_index)

    comparisons = not_before(add_months(first, -LONGEST_WINDOW), min(city.first_issue, first, key=month_index))
    index_from = not_before(comparisons, begin)
    values_from = not_before(add_months(index_from, -carry), begin)
    measures_from = not_before(add_months(values_from, 1 - LONGEST_WINDOW), begin)
    return RunWindow(measures_from, values_from, index_from, first, last, city.first_issue)
