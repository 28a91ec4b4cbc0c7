"""The whole chain without Dagster: landing, warehouse, dbt, candidates; each step called as a run calls it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import small_city

from city import City, StateFolder, load_city
from feeds.landing import land_department
from gates.model import model_gate
from gates.result import GateResult
from warehouse.candidates import write_candidate
from warehouse.dbt import run_dbt
from warehouse.filling import fill_warehouse
from warehouse.window import run_window

#: Tables of a candidate that depend on numbers only, not on the names of the files they came in.
NUMBERS = (
    "scores",
    "values",
    "measures",
    "vetoes",
    "contributions",
    "member_contributions",
    "units",
    "framework",
    "departments",
)


@dataclass(frozen=True)
class Chain:
    """A small city with its state; `returns` is what its departments delivered."""

    city: City
    state: StateFolder
    returns: Mapping[tuple[str, str], small_city.Return]

    def build(self, first: str, last: str) -> dict[str, GateResult]:
        """Compute a range of months and write their candidates; answers gate B by month."""
        window = run_window(self.city, first, last)
        receipts = fill_warehouse(self.city, self.state, window)
        target = self.state.dbt / "target"
        run_dbt(self.city, self.state, ["build"], target)
        for period in window.released:
            write_candidate(self.city, self.state, receipts, period, "test")
        return model_gate(self.state, target / "run_results.json", window.released)

    def table(self, period: str, name: str) -> pl.DataFrame:
        """A table of a month's candidate."""
        return pl.read_parquet(self.state.candidate(period) / f"{name}.parquet")

    def candidate_bytes(self, period: str) -> dict[str, bytes]:
        """The files of a month's candidate."""
        return {path.name: path.read_bytes() for path in sorted(self.state.candidate(period).iterdir())}

    def without_warehouse(self) -> Chain:
        """The same state after somebody deleted the warehouse."""
        self.state.warehouse.unlink()
        return self

    def copied(self, home: Path) -> Chain:
        """The same city with a copy of the warehouse and of what has landed."""
        state = StateFolder(home, self.city.key)
        shutil.copytree(self.state.root, state.root)
        return Chain(self.city, state, self.returns)


def landed_chain(
    folder: Path, returns: Mapping[tuple[str, str], small_city.Return], shuffled_by: int | None = None
) -> Chain:
    """Write the city and its deliveries below a folder and land all months."""
    city = load_city(small_city.write_city(folder / "smallcity"))
    chain = Chain(city, StateFolder(folder / "home", city.key), returns)
    small_city.write_returns(chain.state.sources, returns, shuffled_by)
    for feed in city.feeds:
        for period in small_city.MONTHS:
            receipts = land_department(city, chain.state, feed.department.key, period, str(chain.state.sources), {})
            for receipt in receipts:
                delivered = returns.get((period, feed.department.code), {})
                assert receipt.reported == bool(delivered), receipt.message
                assert receipt.accepted == len(delivered), receipt.message
    return chain
