"""Simulate months: every department's rows, written as its offices send them, under a sources folder.

What belongs here: which departments and months, in which order and in how many processes. What does not:
what happens in a month (`world`, the departments), how it is written (`localising`, `writing`), what is wrong
with it (`dirt`, `defects`).
"""

from __future__ import annotations

import importlib
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from city.folder import City, Feed, RecordSet
from city.periods import Period
from simulator.defects import (
    Defect,
    applying,
    check_defects,
    content_of,
    place_file,
    place_table,
    spoil_rows,
)
from simulator.dirt import soil_rows, soil_units
from simulator.localising import SimulatorError, localise
from simulator.world import World
from simulator.writing import empty_workbook, write_notice

#: Months done, months in all, the month that is done.
Progress = Callable[[int, int, Period], None]
#: Below this many months a pool costs more than it saves: a process takes a second to start.
_POOL_FROM = 4


@dataclass(frozen=True)
class Simulation:
    """What was simulated: records by month and department, files written."""

    folder: Path
    seed: int
    periods: tuple[Period, ...]
    records: dict[Period, dict[str, int]]
    files: int
    defects: tuple[Defect, ...]

    @property
    def total(self) -> int:
        """Records of all months."""
        return sum(sum(by_department.values()) for by_department in self.records.values())


@dataclass
class _Month:
    """A month as a process hands it back: files are written, tables are the parent's to write, in order."""

    period: Period
    records: dict[str, int] = field(default_factory=dict)
    files: int = 0
    tables: list[tuple[RecordSet, pl.DataFrame]] = field(default_factory=list)


@dataclass(frozen=True)
class _Order:
    """All that a process needs to know."""

    city: City
    folder: Path
    seed: int
    defects: tuple[Defect, ...]
    package: str


def simulate(
    city: City,
    target_folder: Path,
    periods: Sequence[Period],
    seed: int = 20220101,
    defects: Sequence[Defect] = (),
    progress: Progress | None = None,
    *,
    workers: int = 2,
    package: str = "simulator",
) -> Simulation:
    """Write the deliveries of the months under `target_folder`; a month written before is replaced.

    The same seed gives the same deliveries, month by month, whichever other months are asked for. Rows come
    from `<package>.<city>.<department>.deliveries(world, period)`. `progress` is called after each month.
    """
    months = tuple(sorted(set(periods)))
    order = _Order(city, Path(target_folder), seed, tuple(defects), package)
    check_defects(city, order.defects)
    for feed in city.feeds:
        _department(order, feed)
    write_notice(city, order.folder)
    records: dict[Period, dict[str, int]] = {}
    files = 0
    for done, month in enumerate(_months(order, months, workers), start=1):
        for record_set, rows in month.tables:
            place_table(
                order.folder,
                record_set,
                month.period,
                rows,
                applying(order.defects, record_set, month.period),
            )
        records[month.period] = month.records
        files += month.files
        if progress is not None:
            progress(done, len(months), month.period)
    return Simulation(order.folder, seed, months, records, files, order.defects)


def _months(order: _Order, months: tuple[Period, ...], workers: int) -> Iterator[_Month]:
    """Months in order, whichever process made them."""
    if workers < 2 or len(months) < _POOL_FROM:
        for period in months:
            yield _simulate_month(order, period)
        return
    # Not fork: polars' threads hold locks that a forked child would wait for for ever.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(_simulate_month, [order] * len(months), months)


def _simulate_month(order: _Order, period: Period) -> _Month:
    world = World(order.city, order.seed)
    month = _Month(period)
    for feed in order.city.feeds:
        rows_of = _deliveries(order, feed, world, period)
        for record_set in feed.record_sets:
            count = _deliver(order, world, record_set, rows_of[record_set.name], month)
            month.records[feed.department.key] = month.records.get(feed.department.key, 0) + count
    return month


def _deliver(order: _Order, world: World, record_set: RecordSet, rows: pl.DataFrame, month: _Month) -> int:
    """One record set's delivery: dirt, the office's words, defects, file. Returns how many rows it has."""
    names = (record_set.department_key, record_set.name, month.period)
    found = applying(order.defects, record_set, month.period)
    dirt = world.generator("dirt", *names)
    delivered = localise(order.city, record_set, soil_rows(record_set, rows, dirt))
    delivered = soil_units(record_set, delivered, dirt)
    delivered = spoil_rows(delivered, record_set, found, world.generator("defect", *names))
    if record_set.reader == "sql":
        month.tables.append((record_set, delivered))
        return len(delivered)
    if record_set.reader == "xlsx" and "empty_sheet" in found:
        content = empty_workbook(record_set)
    else:
        content = content_of(order.city, record_set, delivered, month.period, found)
    place_file(order.folder, record_set, month.period, content, found)
    month.files += 1
    return len(delivered)


def _department(order: _Order, feed: Feed) -> Callable[[World, Period], dict[str, pl.DataFrame]]:
    name = f"{order.package}.{order.city.key}.{feed.department.key}"
    try:
        module: Any = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and not name.startswith(error.name):
            raise
        raise SimulatorError(
            f"nothing simulates {feed.department.key}: write {name.replace('.', '/')}.py with deliveries(world, period)"
        ) from error
    deliveries: Callable[[World, Period], dict[str, pl.DataFrame]] = module.deliveries
    return deliveries


def _deliveries(order: _Order, feed: Feed, world: World, period: Period) -> dict[str, pl.DataFrame]:
    rows_of = _department(order, feed)(world, period)
    named = {record_set.name for record_set in feed.record_sets}
    if set(rows_of) != named:
        raise SimulatorError(
            f"{feed.department.key} simulates {', '.join(sorted(set(rows_of) - named)) or 'nothing else'} "
            f"and not {', '.join(sorted(named - set(rows_of))) or 'anything missing'}: "
            "deliveries() must return exactly the record sets of feeds.yaml"
        )
    return rows_of
