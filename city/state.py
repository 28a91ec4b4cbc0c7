"""Where a city's state lives under PINGAN_HOME: one folder per city, one place for each thing.

Only paths are here. Who may write where: feeds write landing/ and quarantine/, dbt writes warehouse.duckdb,
the release writes candidates/ and inputs/, gates write gates/, publication writes issues/ and holds/, the arrivals
room writes arrivals/ and receipts/, the notices room notices/.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from city.periods import Period


@dataclass(frozen=True)
class StateFolder:
    """The state folder of one city: `<home>/<city key>/`."""

    home: Path
    city_key: str

    @property
    def root(self) -> Path:
        """The city's own folder."""
        return self.home / self.city_key

    @property
    def sources(self) -> Path:
        """Where the simulator puts deliveries, and where they are looked for unless told otherwise."""
        return self.root / "sources"

    @property
    def landing(self) -> Path:
        """Typed deliveries, one immutable Parquet file per record set, month and content hash."""
        return self.root / "landing"

    @property
    def quarantine(self) -> Path:
        """Rows that failed their contract, with reason, source file and line."""
        return self.root / "quarantine"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that only dbt writes."""
        return self.root / "warehouse.duckdb"

    @property
    def warehouse_lock(self) -> Path:
        """The operating-system lock that a run holds while it uses the warehouse."""
        return self.root / "warehouse.lock"

    @property
    def dbt(self) -> Path:
        """dbt's targets and logs."""
        return self.root / "dbt"

    @property
    def gates(self) -> Path:
        """Gate results by month."""
        return self.root / "gates"

    @property
    def inputs(self) -> Path:
        """What issues were computed from besides landing, each file under the hash of its bytes."""
        return self.root / "inputs"

    @property
    def candidates_lock(self) -> Path:
        """The operating-system lock over candidates/ and gates/: writing, judging, publishing."""
        return self.root / "candidates.lock"

    @property
    def issues(self) -> Path:
        """Published issues: `<period>/r<n>/` and index.json."""
        return self.root / "issues"

    @property
    def holds(self) -> Path:
        """Holding times and people's decisions by month: what stands between a gate and a publication."""
        return self.root / "holds"

    @property
    def arrivals(self) -> Path:
        """When each delivery was first found; depends on the clock, so it is kept apart from landing."""
        return self.root / "arrivals"

    @property
    def receipts(self) -> Path:
        """Receipts (回执) that go back to departments: `<department>/<period>/<n>.html` and `.json`."""
        return self.root / "receipts"

    @property
    def notices(self) -> Path:
        """What people are told: notices waiting to be sent, and those sent."""
        return self.root / "notices"

    def candidate(self, period: Period) -> Path:
        """The release tables of a month before gate C."""
        return self.root / "candidates" / period
