"""`python -m benchmarks`: run the sizes, check, print tables and verdicts. Measuring is in the modules beside it."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence

import click
import duckdb
import numpy as np

from benchmarks.agreement import TOLERANCE, DisagreementError
from benchmarks.measuring import Measured, measure
from benchmarks.monte_carlo import INDICATORS, RUNS, UNITS, time_study
from benchmarks.warehouse_index import MODELS, compile_models

#: Seconds that the R package COINr took and the seconds asked for, by (units, months). Source, word for word, the
#: requirement "Speed" of the issue on the arithmetic: "values to overall, with statuses and coverage, 123 × 138 × 60
#: months (COINr 3.76 s) in at most 0.15 s; 40,000 × 138 × 1 month (COINr 18.0 s) in at most 0.4 s and 1 GiB;
#: 40,000 × 138 × 12 months in at most 4 s and 4 GiB; no faster growth than linear from 4,000 to 40,000 units and from
#: 1 to 12 months; 600 Monte-Carlo runs at 51 × 49 (COINr 83 s) in at most 0.3 s". On a machine of 2 cores.
COINR_SECONDS = {(123, 60): 3.76, (40_000, 1): 18.0}
GOAL_SECONDS = {(123, 60): 0.15, (40_000, 1): 0.4, (40_000, 12): 4.0}
GOAL_GIB = {(40_000, 1): 1.0, (40_000, 12): 4.0}
INDICATORS_OF_CONSTANTS = 138
COINR_MONTE_CARLO, GOAL_MONTE_CARLO = 83.0, 0.3

_YEAR = 12
#: Sizes that differ less say little about growth.
_WORTH_COMPARING = 8
#: Two runs of the same work differ by so much on a shared machine.
_NOISE = 0.05

_SIZES = ((123, 13), (123, 60), (4_000, 1), (4_000, 12), (40_000, 1), (40_000, 12))
#: The warehouse holds its values as rows, which are 8 GB at 40,000 × 12: only when asked for.
_ROWS_BY_DEFAULT = 6_000_000
_EXAMPLES = """
\b
Examples:
  python -m benchmarks                          every size that has a goal, and the growth between them
  python -m benchmarks --large                  the warehouse at 40,000 units × 12 months too
  python -m benchmarks --units 4000 --months 1  one size of your own
  python -m benchmarks --no-warehouse           arrays only
"""


@click.command(epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--units", type=click.IntRange(min=5), help="Units of one size of your own. Default with --months: 123.")
@click.option("--months", type=click.IntRange(1, 240), help="Its months. Default with --units: 13.")
@click.option("--repeat", type=click.IntRange(min=1), default=5, show_default=True, help="The best of so many runs.")
@click.option("--large", is_flag=True, help="The warehouse at 40,000 × 12 too (many minutes, 20 GiB).")
@click.option("--warehouse/--no-warehouse", default=True, show_default=True, help="Whether DuckDB is measured.")
def main(units: int | None, months: int | None, repeat: int, large: bool, warehouse: bool) -> None:
    """Time the index arithmetic, values to overall with statuses and coverage.

    Three computations of the same: `methods/` on arrays, the warehouse from table to table, and plain numpy, which is
    the oracle. Scores and coverage must agree within 1e-9 and statuses be equal at every node before a time is printed.
    Exit status 1 when they do not.
    """
    own = units is not None or months is not None
    sizes = [(units or 123, months or 13)] if own else list(_SIZES)
    started = time.perf_counter()

    def progress(message: str) -> None:
        click.echo(f"{time.perf_counter() - started:6.1f} s  {message}", err=True)

    compiled = None
    if warehouse:
        progress("dbt compiles the models")
        compiled = compile_models()
    measured = []
    try:
        for count, size in enumerate(sizes, start=1):
            progress(f"size {count} of {len(sizes)}: {size[0]:,} units × {size[1]} months; checked, then {repeat} runs")
            few = size[0] * size[1] * INDICATORS_OF_CONSTANTS <= _ROWS_BY_DEFAULT
            measured.append(measure(*size, repeat, compiled if few or large or own else None))
        if not own:
            progress(f"{RUNS} Monte-Carlo runs at {UNITS} × {INDICATORS}")
        monte_carlo = None if own else time_study(repeat)
    except (DisagreementError, AssertionError) as error:
        raise click.ClickException(f"no times, because the results differ: {error}") from error
    progress("done")
    click.echo(report(measured, repeat, monte_carlo))


def report(measured: Sequence[Measured], repeat: int, monte_carlo: float | None) -> str:
    """The machine, the tables, the verdicts where a size has a goal, and how times grow."""
    lines = [
        machine(),
        f"All agree within {TOLERANCE:g} in score and coverage, and in status, at every node. Best of {repeat}.",
        "",
        "Arrays to arrays (methods/), beside plain numpy:",
        f"{'units × indicators × months':<28}{'library s':>10}{'CPU s':>8}{'numpy s':>9}{'peak MiB':>10}{'COINr s':>9}"
        f"{'goal s':>8}  goal",
    ]
    for m in measured:
        size = (m.units, m.months) if m.indicators == INDICATORS_OF_CONSTANTS else (0, 0)
        coinr, goal = COINR_SECONDS.get(size), GOAL_SECONDS.get(size)
        lines.append(
            f"{_words(m):<28}{m.library.seconds:>10.3f}{m.library.cpu_seconds:>8.3f}{m.numpy.seconds:>9.3f}"
            f"{m.library_bytes / 2**20:>10.0f}{'' if coinr is None else f'{coinr:.2f}':>9}"
            f"{'' if goal is None else f'{goal:.2f}':>8}  {_verdict(m, goal, GOAL_GIB.get(size))}".rstrip()
        )
    if monte_carlo is not None:
        met = "met" if monte_carlo <= GOAL_MONTE_CARLO else f"missed {monte_carlo / GOAL_MONTE_CARLO:.1f}-fold"
        lines.append(
            f"{f'{RUNS} Monte-Carlo, {UNITS} × {INDICATORS}':<28}{monte_carlo:>10.3f}{'':>27}"
            f"{COINR_MONTE_CARLO:>9.2f}{GOAL_MONTE_CARLO:>8.2f}  time {met}"
        )
    lines += ["", *growth(measured)]
    stored = [m for m in measured if m.duckdb is not None]
    if stored:
        lines += [
            "",
            "Table to tables, as a run does it (DuckDB in memory, dbt's start not included):",
            f"{'units × indicators × months':<28}{'DuckDB s':>10}{'CPU s':>8}"
            + "".join(f"{name + ' s':>16}" for name in MODELS)
            + f"{'peak MiB':>10}",
        ]
    for m in stored:
        assert m.duckdb is not None  # nosec B101 # a benchmark checks itself
        lines.append(
            f"{_words(m):<28}{m.duckdb.seconds:>10.3f}{m.duckdb.cpu_seconds:>8.3f}"
            + "".join(f"{m.duckdb_by_model[name]:>16.3f}" for name in MODELS)
            + f"{m.duckdb_bytes / 2**20:>10.0f}"
        )
    return "\n".join(lines)


def growth(measured: Sequence[Measured]) -> list[str]:
    """Whether times grow no faster than sizes.

    A line for every two sizes that differ in units only, and for every size of 12 months or more against its months
    one by one: the same month five times over is read from the processor's cache, twelve different ones are not.
    """
    lines = []
    for m in measured:
        if m.months >= _YEAR:
            grown = m.months * m.library.cpu_seconds / m.one_by_one.cpu_seconds
            lines.append(
                f"growth {_words(m)} from its months one by one: {m.months} times the size, {grown:.1f} times the CPU "
                f"time of a month: {_linear(grown, m.months)}"
            )
    for small in measured:
        for large in measured:
            factors = (large.units / small.units, large.months / small.months)
            if factors[1] != 1 or factors[0] < _WORTH_COMPARING:
                continue
            grown = large.library.cpu_seconds / small.library.cpu_seconds
            lines.append(
                f"growth {_words(small)} → {_words(large)}: {factors[0]:.0f} times the size, {grown:.1f} times the "
                f"CPU time: {_linear(grown, factors[0])}"
            )
    return lines


def _linear(grown: float, size: float) -> str:
    return "no faster than linear" if grown <= size * (1 + _NOISE) else "FASTER THAN LINEAR"


def machine() -> str:
    """What the times were measured on."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, load {load}; Python {platform.python_version()}, "
        f"DuckDB {duckdb.__version__}, numpy {np.__version__}"
    )


def _words(m: Measured) -> str:
    return f"{m.units:,} × {m.indicators} × {m.months}"


def _verdict(m: Measured, seconds: float | None, gib: float | None) -> str:
    if seconds is None:
        return ""
    met = m.library.seconds <= seconds
    words = "time met" if met else f"time missed {m.library.seconds / seconds:.1f}-fold"
    if gib is not None:
        words += f", {gib:g} GiB {'met' if m.library_bytes <= gib * 2**30 else 'missed'}"
    return words


if __name__ == "__main__":
    main()
