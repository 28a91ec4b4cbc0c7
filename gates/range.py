"""Gate C over the months of a run, those of a longer range in two processes. What it asks is in gates.release."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from city import City, Period, StateFolder
from gates.candidate import folder_of_last_month
from gates.release import evaluate_release_gate
from gates.result import GateResult
from warehouse.processes import forked_processes, shares_months

log = logging.getLogger("pingan.gates")

_SAID_EVERY = 12


def evaluate_release_gates(city: City, state: StateFolder, periods: Sequence[Period]) -> dict[Period, GateResult]:
    """Judge the candidates of these months, each against the month before it; the caller holds the candidates' lock."""
    if not shares_months(len(periods)):
        return {period: _evaluate(city, state, period) for period in periods}
    results = {}
    with forked_processes(_work_on, city, state) as pool:
        for count, (period, result) in enumerate(zip(periods, pool.map(_evaluate_one, periods), strict=True), start=1):
            results[period] = result
            if count % _SAID_EVERY == 0:
                log.info("gate C of %d of %d months", count, len(periods))
    return results


def _evaluate(city: City, state: StateFolder, period: Period) -> GateResult:
    candidate = state.candidate(period)
    return evaluate_release_gate(candidate, city, folder_of_last_month(state, candidate))


#: What a process works on, handed over once.
_work: tuple[City, StateFolder] | None = None


def _work_on(city: City, state: StateFolder) -> None:
    global _work  # a process of its own
    _work = city, state


def _evaluate_one(period: Period) -> GateResult:
    assert _work is not None  # nosec B101 # the pool's initializer has run
    return _evaluate(*_work, period)
