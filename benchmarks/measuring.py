"""One size measured: the library, the warehouse and the oracle, checked against each other before any is timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.agreement import check_agreement
from benchmarks.generated_city import GeneratedCity, generate_city
from benchmarks.library_index import LibraryIndex
from benchmarks.memory import peak_memory
from benchmarks.numpy_index import NodeScores, compute, lay_out
from benchmarks.warehouse_index import Compiled, IndexWarehouse


@dataclass(frozen=True)
class Time:
    """The best of some runs: seconds on the clock, and the CPU seconds of the run that took fewest, all threads."""

    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Measured:
    """One size: times of each computation and bytes at most; DuckDB's are empty where it was not asked for."""

    units: int
    months: int
    indicators: int
    library: Time
    library_bytes: int
    numpy: Time
    #: The library on each month alone, one after the other: what so many months take when none shares with another.
    one_by_one: Time
    duckdb: Time | None = None
    duckdb_by_model: dict[str, float] = field(default_factory=dict)
    duckdb_bytes: int = 0


def measure(units: int, months: int, repeat: int, compiled: Compiled | None) -> Measured:
    """Check that all computations agree, then time each, best of `repeat`; DisagreementError if they do not.

    The checked run is the warm-up. Without `compiled` the warehouse is left out.
    """
    case = generate_city(units, months)
    library = LibraryIndex(case)
    numpy_times = [_checked(library, case)]
    numpy_times += [_oracle(case) for _ in range(repeat - 1)]
    library_times = [_timed(library.run) for _ in range(repeat)]
    alone = _best([_one_by_one(library, months) for _ in range(repeat)])
    duckdb, by_model, duckdb_bytes = None, {}, 0
    if compiled is not None:
        warehouse = IndexWarehouse(compiled, case)
        try:
            warehouse.run()
            check_agreement(case, warehouse.results(case), compute(lay_out(case)))
            models: list[dict[str, float]] = []
            times = [_timed(lambda: models.append(warehouse.run())) for _ in range(repeat)]
        finally:
            warehouse.close()
        duckdb, by_model = _best(times), min(models, key=lambda run: sum(run.values()))
        duckdb_bytes = peak_memory(units, months, compiled)
    return Measured(
        units=units,
        months=months,
        indicators=len(case.indicators),
        library=_best(library_times),
        library_bytes=peak_memory(units, months, None),
        numpy=_best(numpy_times),
        one_by_one=alone,
        duckdb=duckdb,
        duckdb_by_model=by_model,
        duckdb_bytes=duckdb_bytes,
    )


def _timed(run: Callable[[], object]) -> Time:
    started, cpu = time.perf_counter(), time.process_time()
    run()
    return Time(time.perf_counter() - started, time.process_time() - cpu)


def _one_by_one(library: LibraryIndex, months: int) -> Time:
    """All months alone; what is computed of one is let go before the next."""
    times = [_timed(lambda part=slice(m, m + 1): library.run(part)) for m in range(months)]  # type: ignore[misc]
    return Time(sum(t.seconds for t in times), sum(t.cpu_seconds for t in times))


def _checked(library: LibraryIndex, case: GeneratedCity) -> Time:
    found = library.months()

    def check(month: int, oracle: NodeScores) -> None:
        check_agreement(case.month(month), next(found), oracle)

    return _oracle(case, check)


def _oracle(case: GeneratedCity, check: Callable[[int, NodeScores], None] | None = None) -> Time:
    """The oracle over all months: of a small city together, of a large one by one, to keep its memory small."""
    seconds = cpu_seconds = 0.0
    together = case.value.size <= _TOGETHER
    parts = [case] if together else [case.month(month) for month in range(len(case.periods))]
    for number, part in enumerate(parts):
        inputs = lay_out(part)
        started, cpu = time.perf_counter(), time.process_time()
        results = compute(inputs)
        seconds += time.perf_counter() - started
        cpu_seconds += time.process_time() - cpu
        if check is None:
            continue
        for month in range(len(part.periods)):
            of_month = slice(month, month + 1)
            found = (results.score[:, of_month], results.coverage[:, of_month], results.status[:, of_month])
            check(number + month, NodeScores(*found))
    return Time(seconds, cpu_seconds)


#: Values that the oracle takes at once: 123 × 138 × 60 are a million.
_TOGETHER = 2_000_000


def _best(times: list[Time]) -> Time:
    return Time(min(t.seconds for t in times), min(t.cpu_seconds for t in times))
