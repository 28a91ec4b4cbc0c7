"""What a range costs beyond one month, after the raw files have been read: `python -m benchmarks.backfill`.

Works on a copy of a state folder whose months have landed (`make run` leaves one), with the steps of a run: warehouse,
dbt, candidates, gates. Processor time of this process and its children is given beside the wall clock, because the
machine may be shared. `--months 36` takes as many of the last landed months as there are.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

from city import City, Period, StateFolder
from city.periods import month_index
from gates.candidate import folder_of_last_month
from gates.feeds import feed_gate
from gates.model import model_gate
from gates.release import evaluate_release_gate
from pipelines.settings import settings
from warehouse.candidates import write_candidate
from warehouse.dbt import run_dbt
from warehouse.filling import fill_warehouse, month_receipts
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
    for period in months:
        write_candidate(city, state, receipts, period, "benchmark")
    done("candidates and gate B")
    for period in months:
        feed_gate(city, state, period, month_receipts(city, state, period))
        candidate = state.candidate(period)
        evaluate_release_gate(candidate, city, folder_of_last_month(state, candidate))
    done("gates A and C")
    steps["together"] = {kind: round(sum(s[kind] for s in steps.values()), 2) for kind in ("wall", "cpu")}
    return steps


def main() -> None:
    """Time the last month and the whole range on a copy of the state; print both and their ratio."""
    words = argparse.ArgumentParser(prog="python -m benchmarks.backfill", description=__doc__.splitlines()[0])
    words.add_argument("--months", type=int, default=36)
    given = words.parse_args()
    city, own, _ = settings().load()
    landed = sorted({p.name for p in own.landing.glob("*/*/*")}, key=month_index)[-given.months :]
    with tempfile.TemporaryDirectory(prefix="pingan-backfill-") as folder:
        state = StateFolder(Path(folder), city.key)
        shutil.copytree(own.landing, state.landing)
        compute(city, state, landed[-1:])  # dbt parses, the warehouse exists
        one = compute(city, state, landed[-1:])
        many = compute(city, state, landed)
    ratio = {kind: round(many["together"][kind] / one["together"][kind], 2) for kind in ("wall", "cpu")}
    told = {"one month": one, f"{len(landed)} months": many, "ratio": ratio}
    sys.stdout.write(json.dumps(told, indent=1) + "\n")


def _now() -> tuple[float, float]:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter(), own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
