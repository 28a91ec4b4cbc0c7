"""An index office of the small city whose two months pass their gates: each step as a run does it, without Dagster.

Shared by the tests of corrections and of faults and by the soak (python -m tests.soak). Synthetic data.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parent / "core"))

import small_city

from city import City, StateFolder, load_city, months_between
from city.locks import candidates_lock
from feeds.landed import month_receipts
from feeds.landing import land_department
from gates.candidate import folder_of_last_month
from gates.feeds import feed_gate
from gates.model import model_gate
from gates.result import GateResult
from gates.store import read_gate, write_gate
from publication.issue import PublishResult, publish
from warehouse.candidates import write_candidates
from warehouse.dbt import run_dbt
from warehouse.filling import fill_warehouse, warehouse_lock
from warehouse.window import run_window

#: A seed with which the months of PUBLISHED pass every gate.
SEED = 7
LANDED = months_between("2021-01", "2022-02")
PUBLISHED = ["2022-01", "2022-02"]
#: Where the clock of publications starts; each publication is a minute later.
START = datetime(2022, 3, 10, 9, tzinfo=UTC)
CODE_VERSION = "test"


def deliveries() -> dict[tuple[str, str], small_city.Return]:
    """What the departments deliver for LANDED, nothing missing."""
    with patch.object(small_city, "NEVER_DELIVERED", set()):
        returns = small_city.draw_returns(SEED, 0, 0, 0)
    return {key: numbers for key, numbers in returns.items() if key[0] in LANDED}


@dataclass
class Office:
    """A folder that holds the city's folder, its deliveries and its state."""

    folder: Path
    published: int = 0

    @property
    def city_folder(self) -> Path:
        return self.folder / "smallcity"

    @property
    def city(self) -> City:
        return load_city(self.city_folder)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def state(self) -> StateFolder:
        return StateFolder(self.home, "smallcity")

    @property
    def sources(self) -> Path:
        return self.state.sources

    def open(self) -> Office:
        """Write the city's folder and every delivery."""
        small_city.write_city(self.city_folder)
        small_city.write_returns(self.sources, deliveries())
        return self

    def restate(self, period: str, department: str, measure: str, factor: float) -> None:
        """The department delivers a month again, one of its measures changed for every unit."""
        numbers = deliveries()[period, department]
        changed = {key: float(int(n * factor)) if key[1] == measure else n for key, n in numbers.items()}
        assert changed != numbers
        small_city.write_returns(self.sources, {(period, department): changed})

    def land(self, months: Sequence[str] = tuple(LANDED)) -> None:
        city = self.city
        for feed in city.feeds:
            for period in months:
                land_department(city, self.state, feed.department.key, period, str(self.sources), {})

    def compute(self, months: Sequence[str] = tuple(PUBLISHED)) -> None:
        """The step `index`: warehouse, dbt, candidates, gate B."""
        city, state = self.city, self.state
        with warehouse_lock(state):
            receipts = fill_warehouse(city, state, run_window(city, months[0], months[-1]))
            target = state.dbt / "target"
            run_dbt(city, state, ["build"], target)
            verdicts = model_gate(state, target / "run_results.json", months)
            with candidates_lock(state):
                write_candidates(city, state, receipts, months, CODE_VERSION)
                for period in months:
                    write_gate(state, verdicts[period])

    def judge(self, months: Sequence[str] = tuple(PUBLISHED)) -> list[GateResult]:
        """The step `release_candidate`: gates A and C."""
        from gates.release import evaluate_release_gate

        city, state = self.city, self.state
        results = []
        for period in months:
            with candidates_lock(state):
                write_gate(state, feed_gate(city, state, period, month_receipts(city, state, period)))
                candidate = state.candidate(period)
                write_gate(state, evaluate_release_gate(candidate, city, folder_of_last_month(state, candidate)))
                results += [r for gate in "ABC" if (r := read_gate(state, period, gate)) is not None]
        return results

    def publish(self, months: Sequence[str] = tuple(PUBLISHED), reason: str | None = None) -> list[PublishResult]:
        city, state = self.city, self.state
        results = []
        for period in months:
            self.published += 1
            now = START + timedelta(minutes=self.published)
            results.append(
                publish(state.candidate(period), state, city, reason=reason, now=now, code_version=CODE_VERSION)
            )
        return results

    def issue_files(self) -> dict[str, bytes]:
        """Data files of every published revision; no clock is in them."""
        return {
            path.relative_to(self.state.issues).as_posix(): path.read_bytes()
            for path in sorted(self.state.issues.glob("*/r*/*"))
            if path.suffix in {".parquet", ".csv"}
        }
