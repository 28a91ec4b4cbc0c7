"""`pingan calibrate`: land and compute the reference months, propose reference.csv, show what would change."""

from __future__ import annotations

import csv
import io
import logging
import os
from collections.abc import Mapping, Sequence

import duckdb
import polars as pl

from city import City, Period, StateFolder
from city.folder import read_table
from feeds.landing import land_department, read_receipt
from methods.calibration import COLUMNS, propose_reference
from pipelines.settings import Settings
from warehouse.dbt import run_dbt
from warehouse.filling import fill_warehouse, warehouse_lock
from warehouse.window import run_window

log = logging.getLogger("pingan.calibration")


def calibrate(where: Settings, months: Sequence[Period], version_name: str | None, *, write: bool) -> str:
    """Propose the reference of a method version; answers what would change, and writes it only when told to."""
    city, state, sources = where.load()
    version = next((v for v in city.versions if v.from_period == version_name), city.versions[-1])
    windows = reference_windows(city, state, sources, months)
    rows = propose_reference(city, version, windows, months[0], months[-1])
    path = version.folder / "reference.csv"
    old = read_table(path) if path.exists() else []
    text = changes(old, rows)
    if write:
        path.write_text(as_csv(rows), encoding="utf-8")
        return f"{text}\nwritten: {path}"
    return f"{text}\nnothing written; add --write to replace {path}"


def reference_windows(city: City, state: StateFolder, sources: str, months: Sequence[Period]) -> pl.DataFrame:
    """indicator_windows of the reference months, landed and computed as a run would."""
    window = run_window(city, months[0], months[-1])
    for feed in city.feeds:
        for period in window.feed_months:
            if any(read_receipt(state, r, period) is None for r in feed.record_sets):
                land_department(city, state, feed.department.key, period, sources, os.environ)
        log.info("%s: landed", feed.department.key)
    with warehouse_lock(state):
        fill_warehouse(city, state, window)
        run_dbt(city, state, ["run", "--select", "+indicator_windows"], state.dbt / "calibration")
        with duckdb.connect(str(state.warehouse), read_only=True) as connection:
            query = "select * from indicators.indicator_windows where period between ? and ?"
            return pl.DataFrame(connection.execute(query, [months[0], months[-1]]).to_arrow_table())


def changes(old: Sequence[Mapping[str, str]], new: Sequence[Mapping[str, str]]) -> str:
    """A line for every row that is new, gone or different, and a count."""
    before = {(r["indicator"], r["group"]): r for r in old}
    after = {(r["indicator"], r["group"]): r for r in new}
    lines = []
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was is None or now is None:
            lines.append(f"{'+' if was is None else '-'} {key[0]} {key[1]}")
            continue
        moved = [f"{c} {was.get(c) or '∅'} → {now.get(c) or '∅'}" for c in COLUMNS if (was.get(c) or "") != now.get(c)]
        if moved:
            lines.append(f"~ {key[0]} {key[1]}: {', '.join(moved)}")
    return "\n".join([*lines, f"{len(after)} rows, {len(lines)} changed"])


def as_csv(rows: Sequence[Mapping[str, str]]) -> str:
    """reference.csv as text."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
