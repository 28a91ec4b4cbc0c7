"""`python -m benchmarks`: run the sizes, check, print the table. Measuring is in the modules beside."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass

import click
import duckdb
import numpy as np

from benchmarks.agreement import TOLERANCE, DisagreementError, check_agreement
from benchmarks.generated_city import generate_city
from benchmarks.numpy_index import compute, lay_out
from benchmarks.warehouse_index import MODELS, Compiled, IndexWarehouse, compile_models, peak_memory

#: Seconds that the R package COINr took and the seconds asked for, by (units, months). Source, word for word, the
#: requirement "Speed" of the issue on the arithmetic: "values to overall, with statuses and coverage, 123 × 138 × 60
#: months (COINr 3.76 s) in at most 0.15 s; 40,000 × 138 × 1 month (COINr 18.0 s) in at most 0.4 s and 1 GiB;
#: 40,000 × 138 × 12 months in at most 4 s and 4 GiB". All at 138 indicators, on a machine of 2 cores.
COINR_SECONDS = {(123, 60): 3.76, (40_000, 1): 18.0}
GOAL_SECONDS = {(123, 60): 0.15, (40_000, 1): 0.4, (40_000, 12): 4.0}
GOAL_GIB = {(40_000, 1): 1.0, (40_000, 12): 4.0}
INDICATORS_OF_CONSTANTS = 138

_DEFAULT_SIZES = ((123, 13), (123, 60))
_LARGE_SIZE = (40_000, 1)
_EXAMPLES = """
\b
Examples:
  python -m benchmarks                          123 units, 13 and 60 months
  python -m benchmarks --large                  and 40,000 units, 1 month
  python -m benchmarks --units 4000 --months 1  one size of your own
  python -m benchmarks --units 123 --months 60 --plans > plans.txt
"""


@dataclass(frozen=True)
class Measured:
    """One size: best seconds of each computation, DuckDB's by model in its best run, peak bytes of DuckDB's process."""

    units: int
    months: int
    indicators: int
    duckdb_by_model: dict[str, float]
    #: Over all threads, so that other work on the machine shows less in it than in the time on the clock.
    duckdb_cpu_seconds: float
    numpy_seconds: float
    peak_bytes: int
    plans: dict[str, str]

    @property
    def duckdb_seconds(self) -> float:
        """From values to overall."""
        return sum(self.duckdb_by_model.values())


def measure(compiled: Compiled, units: int, months: int, repeat: int, *, with_plans: bool = False) -> Measured:
    """Check that both computations agree, then time them in turns, best of `repeat`; DisagreementError if they do not.

    The checked run is the warm-up. In turns, because other work on the machine then disturbs both alike.
    """
    case = generate_city(units, months)
    warehouse = IndexWarehouse(compiled, case)
    try:
        inputs = lay_out(case)
        warehouse.run()
        check_agreement(case, warehouse.results(case), compute(inputs))
        runs, cpu_seconds, numpy_seconds = [], [], []
        for _ in range(repeat):
            started = time.process_time()
            runs.append(warehouse.run())
            cpu_seconds.append(time.process_time() - started)
            started = time.perf_counter()
            compute(inputs)
            numpy_seconds.append(time.perf_counter() - started)
        plans = warehouse.plans() if with_plans else {}
    finally:
        warehouse.close()
    return Measured(
        units=units,
        months=months,
        indicators=len(case.indicators),
        duckdb_by_model=min(runs, key=lambda run: sum(run.values())),
        duckdb_cpu_seconds=min(cpu_seconds),
        numpy_seconds=min(numpy_seconds),
        peak_bytes=peak_memory(compiled, units, months),
        plans=plans,
    )


@click.command(epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--units", type=click.IntRange(min=5), help="Units of one size of your own. Default with --months: 123.")
@click.option("--months", type=click.IntRange(1, 240), help="Its months. Default with --units: 13.")
@click.option("--repeat", type=click.IntRange(min=1), default=5, show_default=True, help="The best of so many runs.")
@click.option("--large", is_flag=True, help="Also 40,000 units × 1 month (minutes, and 4 GiB).")
@click.option("--plans", is_flag=True, help="Also print the slowest operators of every model (EXPLAIN ANALYZE).")
def main(units: int | None, months: int | None, repeat: int, large: bool, plans: bool) -> None:
    """Time the index arithmetic, values to overall with statuses and coverage, in DuckDB and in numpy.

    DuckDB runs the SQL that dbt compiled for Tianshui's framework on a generated city; numpy computes the same. Both
    must agree within 1e-9 in every node before a time is printed. Exit status 1 when they do not.
    """
    sizes = list(_DEFAULT_SIZES) if units is None and months is None else [(units or 123, months or 13)]
    if large and _LARGE_SIZE not in sizes:
        sizes.append(_LARGE_SIZE)
    started = time.perf_counter()

    def progress(message: str) -> None:
        click.echo(f"{time.perf_counter() - started:6.1f} s  {message}", err=True)

    progress("dbt compiles the models")
    compiled = compile_models()
    measured = []
    for count, size in enumerate(sizes, start=1):
        progress(
            f"size {count} of {len(sizes)}: {size[0]:,} units × {size[1]} months; one run to check, {repeat} to time"
        )
        try:
            measured.append(measure(compiled, *size, repeat, with_plans=plans))
        except DisagreementError as error:
            raise click.ClickException(f"no times, because the results differ: {error}") from error
    progress("done")
    click.echo(report(measured, repeat))


def report(measured: list[Measured], repeat: int) -> str:
    """The machine, the table, seconds by model, and the goals where a size has one."""
    lines = [
        machine(),
        f"Both agree within {TOLERANCE:g} in score and coverage, and in status, at every node. Best of {repeat}.",
        "",
        f"{'units × indicators × months':<28}{'DuckDB s':>10}{'its CPU s':>11}{'numpy s':>10}{'ratio':>8}"
        f"{'peak MiB':>10}{'COINr s':>9}{'goal s':>8}  goal",
    ]
    for m in measured:
        size = (m.units, m.months) if m.indicators == INDICATORS_OF_CONSTANTS else (0, 0)
        coinr, goal = COINR_SECONDS.get(size), GOAL_SECONDS.get(size)
        words = f"{m.units:,} × {m.indicators} × {m.months}"
        lines.append(
            f"{words:<28}{m.duckdb_seconds:>10.3f}{m.duckdb_cpu_seconds:>11.3f}{m.numpy_seconds:>10.3f}"
            f"{m.duckdb_seconds / m.numpy_seconds:>8.1f}{m.peak_bytes / 2**20:>10.0f}"
            f"{'' if coinr is None else f'{coinr:.2f}':>9}{'' if goal is None else f'{goal:.2f}':>8}  "
            f"{_verdict(m, goal, GOAL_GIB.get(size))}".rstrip()
        )
    lines += ["", "DuckDB's seconds by model:"]
    for m in measured:
        parts = ", ".join(f"{name} {m.duckdb_by_model[name]:.3f}" for name in MODELS)
        lines.append(f"  {m.units:,} × {m.months}: {parts}")
    for m in measured:
        for name, plan in m.plans.items():
            lines += ["", f"{m.units:,} × {m.months}, {name}:", plan]
    return "\n".join(lines)


def machine() -> str:
    """What the times were measured on."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, load {load}; Python {platform.python_version()}, "
        f"DuckDB {duckdb.__version__}, numpy {np.__version__}"
    )


def _verdict(m: Measured, seconds: float | None, gib: float | None) -> str:
    if seconds is None:
        return ""
    met = m.duckdb_seconds <= seconds
    words = "time met" if met else f"time missed {m.duckdb_seconds / seconds:.0f}-fold"
    if gib is not None:
        words += f", {gib:g} GiB {'met' if m.peak_bytes <= gib * 2**30 else 'missed'}"
    return words


if __name__ == "__main__":
    main()
