"""`python -m benchmarks.month`: what a month costs as a run, and what of it is orchestration.

Works in a folder of its own with simulated deliveries. Measured from outside, process by process: the month through all
gates to the issue; the same work as a bare script (bare_month); what importing the code location and an empty `dbt
build` cost; the same graph on Dagster's default executor (whole_graph); and a range of months beyond one (backfill).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import click

from benchmarks.__main__ import machine
from benchmarks.backfill import compute
from benchmarks.processes import Cost, best_of, run_measured
from benchmarks.whole_graph import run_config
from city import Period, StateFolder, months_between
from city.periods import add_months
from feeds.landing import land_department
from pipelines.runs import prepare_instance
from pipelines.settings import ROOT, Settings
from warehouse.dbt import dbt_arguments, dbt_executable, manifest_path, profiles_folder

#: Requirement "Speed of a month": "month ≤ 25 s on 2 cores with at most 1.6 × (bare script + imports + empty dbt
#: build), backfill marginal cost ≤ 0.8 s a month beyond raw reading, 2 GiB"; and of backfill: "36 months cost at most
#: three times one month beyond the reading of raw files".
GOAL_SECONDS, GOAL_RATIO, GOAL_MARGINAL, GOAL_GIB, GOAL_RANGE = 25.0, 1.6, 0.8, 2.0, 3.0
#: Months of deliveries before the first month of a range: a rolling year and a comparison with last year.
_BEFORE = 12
#: Not `-m`: processes of a pool import the main module again, and no program of the project has Dagster in it.
_WHOLE_GRAPH = (sys.executable, "-c", "from benchmarks.whole_graph import main; main()")
_EXAMPLES = """
\b
Examples:
  python -m benchmarks.month                       the month, the bare script, the default executor, 36 months
  python -m benchmarks.month --no-default-executor without the five minutes that a process for each step takes
  python -m benchmarks.month --range-months 12     a shorter range
"""


@click.command(epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--range-months", type=click.IntRange(0, 120), default=36, show_default=True, help="0: no range.")
@click.option("--repeat", type=click.IntRange(min=1), default=3, show_default=True, help="The best of so many.")
@click.option("--default-executor/--no-default-executor", default=True, show_default=True)
def main(range_months: int, repeat: int, default_executor: bool) -> None:
    """Time a month from the feeds to the issue, and a range of months, beside their baselines."""
    started = time.perf_counter()

    def progress(message: str) -> None:
        click.echo(f"{time.perf_counter() - started:6.1f} s  {message}", err=True)

    with tempfile.TemporaryDirectory(prefix="pingan-month-") as folder:
        where = Settings(Path(folder) / "home", "tianshui")
        city, state, sources = where.load()
        month = add_months(city.first_issue, _BEFORE)
        last = max(month, add_months(city.first_issue, range_months - 1))
        environment = os.environ | {"PINGAN_HOME": str(where.home), "PINGAN_CITY": city.key, "PINGAN_SOURCES": sources}
        progress(f"simulating {city.first_month[:7]} … {last}")
        pingan = str(Path(sys.executable).with_name("pingan"))
        run_measured([pingan, "simulate", f"{city.first_month[:7]}..{last}"], environment)
        before = add_months(month, -1)
        progress(f"the state before: {before} and what it needs")
        run_measured([pingan, "materialize", before], environment)
        costs = _month(where, month, environment, repeat, default_executor, progress)
        for feed in city.feeds:  # so that its records can be counted
            land_department(city, state, feed.department.key, month, sources, os.environ)
        click.echo(machine())
        click.echo(f"A month of {city.name_en} ({_records(state, month):,} synthetic records), best of {repeat}:")
        click.echo(_table(costs))
        click.echo(_verdicts(costs))
        if range_months:
            click.echo(_range(where, range_months, environment, repeat, progress))
        progress("done")


def _month(
    where: Settings,
    month: Period,
    environment: Mapping[str, str],
    repeat: int,
    default_executor: bool,
    progress: Callable[[str], None],
) -> dict[str, Cost]:
    city, state, _ = where.load()
    prepare_instance(where)
    python = sys.executable
    target = max(state.dbt.glob("runs/*"), key=lambda p: p.stat().st_mtime)
    empty = [
        *(dbt_executable(), "--quiet", *dbt_arguments(city, ["build"]), "--select", "tag:nothing_has_this_tag"),
        *("--project-dir", str(ROOT / "dbt_project"), "--profiles-dir", str(profiles_folder(state))),
        *("--target-path", str(manifest_path(state).parent), "--log-path", str(state.dbt / "logs")),
    ]
    imports = [python, "-c", "import pipelines.definitions, great_expectations, dagster_dbt"]
    commands = {
        "through Dagster, dbt and the gates to the issue": [*_WHOLE_GRAPH, month],
        "bare script": [python, "-m", "benchmarks.bare_month", month, str(target)],
        "imports": imports,
        "empty dbt build": empty,
    }
    costs = {
        name: best_of(name, repeat, partial(_on_a_copy, where, command, environment), progress)
        for name, command in commands.items()
    }
    if default_executor:
        progress("the same graph, a process for each step (minutes)")
        config = where.home.parent / "default.json"
        config.write_text(json.dumps(run_config(city.key)), encoding="utf-8")
        command = [
            *(str(Path(python).with_name("dagster")), "job", "execute"),
            *("-m", "benchmarks.whole_graph", "-j", "default"),
            *("--config", str(config), "--tags", json.dumps({"dagster/partition": month})),
        ]
        costs["on Dagster's default executor"] = _on_a_copy(where, command, environment, True)
    return costs


def _on_a_copy(where: Settings, command: list[str], environment: Mapping[str, str], memory: bool) -> Cost:
    """Run on a copy of the state, so that every turn starts from the month before."""
    with tempfile.TemporaryDirectory(prefix="copy-", dir=where.home.parent) as folder:
        home = Path(folder) / "home"
        shutil.copytree(where.home, home, ignore=shutil.ignore_patterns("sources"), symlinks=True)
        own = dict(environment) | {"PINGAN_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}
        return run_measured(command, own, memory=memory)


def _run_beyond_feeds(months: str, environment: Mapping[str, str], memory: bool) -> Cost:
    return run_measured([*_WHOLE_GRAPH, "--beyond-feeds", months], environment, memory=memory)


def _range(
    where: Settings, count: int, environment: Mapping[str, str], repeat: int, progress: Callable[[str], None]
) -> str:
    """A range against its last month, each one Dagster run from landed deliveries to judged candidates; and where the
    seconds go, step by step without Dagster.
    """
    city, state, sources = where.load()
    months = months_between(city.first_issue, add_months(city.first_issue, count - 1))
    began = time.perf_counter()
    for place, month in enumerate(months):
        progress(f"raw files of {month}, {place + 1} of {count}")
        for feed in city.feeds:
            land_department(city, state, feed.department.key, month, sources, os.environ)
    raw = time.perf_counter() - began
    one, many = (
        best_of(
            f"{first} … {months[-1]}, computed and judged",
            repeat,
            partial(_run_beyond_feeds, f"{first}..{months[-1]}", environment),
            progress,
        )
        for first in (months[-1], months[0])
    )
    progress("the same steps one by one")
    compute(city, state, months[-1:])
    steps_of_one, steps_of_many = compute(city, state, months[-1:]), compute(city, state, months)
    marginal = (many.seconds - one.seconds) / max(count - 1, 1)
    ratio = many.seconds / one.seconds
    lines = [f"\n{count} months and one, from landed deliveries (their raw files took {raw:.0f} s):"]
    lines += [f"{'':<40}{'one month s':>13}{f'{count} months s':>14}"]
    lines += [f"{'a Dagster run, start and end included':<40}{one.seconds:>13.1f}{many.seconds:>14.1f}"]
    lines += [
        f"{step:<40}{steps_of_one[step]['wall']:>13.1f}{steps_of_many[step]['wall']:>14.1f}" for step in steps_of_one
    ]
    lines += [
        f"peak memory of the range: {many.peak_bytes / 2**30:.2f} GiB",
        f"a further month: {marginal:.2f} s, goal {GOAL_MARGINAL:g} s: {_met(marginal, GOAL_MARGINAL)}",
        f"{count} months to one: {ratio:.1f} times, goal {GOAL_RANGE:g}: {_met(ratio, GOAL_RANGE)}",
    ]
    return "\n".join(lines)


def _records(state: StateFolder, month: Period) -> int:
    receipts = (json.loads(p.read_text(encoding="utf-8")) for p in state.landing.glob(f"*/*/{month}/current.json"))
    return sum(int(receipt["received"]) for receipt in receipts)


def _table(costs: Mapping[str, Cost]) -> str:
    lines = [f"{'':<52}{'s':>8}{'CPU s':>8}{'peak MiB':>10}"]
    lines += [
        f"{name:<52}{cost.seconds:>8.1f}{cost.cpu_seconds:>8.1f}{cost.peak_bytes / 2**20:>10.0f}"
        for name, cost in costs.items()
    ]
    return "\n".join(lines)


def _verdicts(costs: Mapping[str, Cost]) -> str:
    whole, *parts = [costs[n] for n in list(costs)[:4]]
    bare = sum(part.seconds for part in parts)
    ratio, gib = whole.seconds / bare, whole.peak_bytes / 2**30
    return "\n".join(
        [
            f"month: {whole.seconds:.1f} s, goal {GOAL_SECONDS:g} s: {_met(whole.seconds, GOAL_SECONDS)}",
            f"to bare script + imports + empty dbt build ({bare:.1f} s): {ratio:.2f}, goal {GOAL_RATIO:g}: "
            + _met(ratio, GOAL_RATIO),
            f"memory: {gib:.2f} GiB, goal {GOAL_GIB:g} GiB: {_met(gib, GOAL_GIB)}",
        ]
    )


def _met(value: float, goal: float) -> str:
    return "met" if value <= goal else "missed"


if __name__ == "__main__":
    main()
