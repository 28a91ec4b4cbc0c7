"""`pingan calibrate`: land and compute the reference months, propose the references, show what would change."""

from __future__ import annotations

import csv
import io
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl

from city import City, Period, StateFolder, Version, reference_quantiles
from city.folder import CityFolderError, read_table
from feeds.landed import read_receipt
from feeds.landing import land_department
from methods.calibration import COLUMNS, VALUE_COLUMNS, propose_quantiles, propose_reference
from pipelines.settings import Settings
from warehouse.dbt import run_dbt
from warehouse.filling import fill_warehouse, warehouse_lock
from warehouse.window import run_window

log = logging.getLogger("pingan.calibration")


class CalibrationState(StateFolder):
    """The city's state with a warehouse of its own: calibrating leaves the months in the city's warehouse alone."""

    @property
    def dbt(self) -> Path:
        """dbt's targets, logs and the profile that names the other warehouse."""
        return self.root / "calibration"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file of a calibration, removed when it has been read."""
        return self.dbt / "warehouse.duckdb"


def calibrate(where: Settings, months: Sequence[Period], version_name: str | None, *, write: bool) -> str:
    """Propose the references of a method version; answers what would change, and writes it only when told to.

    CityFolderError for a version that does not exist, CalibrationError where the reference months give no bounds.
    """
    city, state, sources = where.load()
    version = _version(city, version_name)
    # its own framework over the reference months, whatever method was in force in them
    windows = reference_windows(replace(city, versions=(version,)), state, sources, months)
    proposal = propose_reference(city, version, windows, months[0], months[-1])
    path, sets_path = version.folder / "reference.csv", version.folder / "reference_values.csv"
    old = read_table(path) if path.exists() else []
    text = changes(old, proposal.reference)
    old_sets = read_table(sets_path) if sets_path.exists() else []
    if proposal.values or old_sets:
        text += f"\n{changed_sets(old_sets, proposal.values)}"
    quantiles = propose_quantiles(city, version, windows, months[0], months[-1])
    quantiles_path = version.folder / reference_quantiles.FILE
    old_quantiles = read_table(quantiles_path) if quantiles_path.exists() else []
    text += f"\n{changed_quantiles(old_quantiles, quantiles)}"
    if not write:
        return f"{text}\nnothing written; add --write to replace the files in {version.folder}"
    path.write_text(as_csv(proposal.reference, COLUMNS), encoding="utf-8")
    quantiles_path.write_text(as_csv(quantiles, reference_quantiles.COLUMNS), encoding="utf-8")
    if proposal.values or old_sets:
        sets_path.write_text(as_csv(proposal.values, VALUE_COLUMNS), encoding="utf-8")
        return f"{text}\nwritten: {path}, {sets_path}, {quantiles_path}"
    return f"{text}\nwritten: {path}, {quantiles_path}"


def _version(city: City, name: str | None) -> Version:
    if name is None:
        return city.versions[-1]
    for version in city.versions:
        if version.from_period == name:
            return version
    known = ", ".join(version.from_period for version in city.versions)
    raise CityFolderError(f"{city.folder / 'versions'} has no version {name!r}; it has {known}")


def reference_windows(city: City, state: StateFolder, sources: str, months: Sequence[Period]) -> pl.DataFrame:
    """indicator_windows of the reference months, landed and computed as a run would."""
    window = run_window(city, months[0], months[-1])
    for feed in city.feeds:
        for period in window.feed_months:
            if any(read_receipt(state, r, period) is None for r in feed.record_sets):
                land_department(city, state, feed.department.key, period, sources, os.environ)
        log.info("%s: landed", feed.department.key)
    own = CalibrationState(state.home, state.city_key)
    own.dbt.mkdir(parents=True, exist_ok=True)
    with warehouse_lock(own):
        own.warehouse.unlink(missing_ok=True)
        fill_warehouse(city, own, window)
        run_dbt(city, own, ["run", "--select", "+indicator_windows"], own.dbt / "target")
        with duckdb.connect(str(own.warehouse), read_only=True) as connection:
            query = "select * from indicators.indicator_windows where period between ? and ?"
            windows = pl.DataFrame(connection.execute(query, [months[0], months[-1]]).to_arrow_table())
        own.warehouse.unlink()
    return windows


def changed_sets(old: Sequence[Mapping[str, str]], new: Sequence[Mapping[str, str]]) -> str:
    """A line for every set of reference values that is new, gone or different: how many values and their ends."""
    before, after = _sets(old), _sets(new)
    lines = []
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was == now:
            continue
        sign = "+" if was is None else "-" if now is None else "~"
        lines.append(f"{sign} {key[0]} {key[1]}: {_set_in_words(was)} → {_set_in_words(now)}")
    return "\n".join([*lines, f"{len(after)} sets of reference values, {len(lines)} changed"])


def _sets(rows: Sequence[Mapping[str, str]]) -> dict[tuple[str, str], list[float]]:
    sets: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        sets.setdefault((row["indicator"], row["group"]), []).append(float(row["value"]))
    return {key: sorted(values) for key, values in sets.items()}


def _set_in_words(values: Sequence[float] | None) -> str:
    return f"{len(values)} values {values[0]:g} … {values[-1]:g}" if values else "∅"


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


def changed_quantiles(old: Sequence[Mapping[str, str]], new: Sequence[Mapping[str, str]]) -> str:
    """How many rows of reference_quantiles.csv are new, gone or different: no published score depends on them."""
    before = {(r["indicator"], r["group"]): dict(r) for r in old}
    after = {(r["indicator"], r["group"]): dict(r) for r in new}
    changed = sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())
    return f"{reference_quantiles.FILE}: {len(after)} rows, {changed} changed"


def as_csv(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> str:
    """A table of the version's folder as text."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
