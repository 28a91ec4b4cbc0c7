"""The steps of a run beyond the reading of raw files, timed one by one: warehouse, dbt, candidates, gates.

Processor time of this process and its children is given beside the clock, because the machine may be shared.
"""

from __future__ import annotations

import resource
import time

from city import City, Period, StateFolder
from feeds.landed import month_receipts
from gates.feeds import feed_gate
from gates.model import model_gate
from gates.range import evaluate_release_gates
from warehouse.candidates import write_candidates
from warehouse.dbt import run_dbt
from warehouse.filling import fill_warehouse
from warehouse.window import run_window


def compute(city: City, state: StateFolder, months: list[Period]) -> dict[str, dict[str, float]]:
    """Seconds of each step for a range of months: wall clock and processor."""
    steps: dict[str, dict[str, float]] = {}
    mark = _now()

    def done(step: str) -> None:
        nonlocal mark
        steps[step] = {kind: round(now - was, 2) for kind, now, was in zip(("wall", "cpu"), _now(), mark, strict=True)}
        mark = _now()

    receipts = fill_warehouse(city, state, run_window(city, months[0], months[-1]))
    done("warehouse filled")
    run_dbt(city, state, ["build"], state.dbt / "benchmark")
    done("dbt build")
    model_gate(state, state.dbt / "benchmark" / "run_results.json", months)
    write_candidates(city, state, receipts, months, "benchmark")
    done("candidates and gate B")
    for period in months:
        feed_gate(city, state, period, month_receipts(city, state, period))
    evaluate_release_gates(city, state, months)
    done("gates A and C")
    steps["together"] = {kind: round(sum(s[kind] for s in steps.values()), 2) for kind in ("wall", "cpu")}
    return steps


def _now() -> tuple[float, float]:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter(), own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
