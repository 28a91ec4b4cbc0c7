"""A published issue as its readers' renderings see it: the tables of a revision, and those of the issues before it.

Reading only, from the files of `issues/`: no warehouse, no landing, no network. Whoever shows an issue (site,
bulletin, workbook, data package, command line) starts here, so that all show the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from city.periods import Period
from city.state import StateFolder
from publication.listing import ListedIssue, latest_issue, list_issues
from publication.manifest import Issue, read_issue


class IssueNotFoundError(LookupError):
    """The month has not been published; the message says what to run."""


@dataclass(frozen=True)
class IssueData:
    """One revision of a month, with the state folder that holds the others."""

    state: StateFolder
    issue: Issue

    @property
    def folder(self) -> Path:
        """`issues/<period>/r<n>/`."""
        return self.issue.folder

    @property
    def period(self) -> Period:
        """The month."""
        return self.issue.period

    @property
    def number(self) -> int:
        """第n期."""
        return int(self.issue.manifest["issue_number"])

    @property
    def synthetic(self) -> bool:
        """Whether every number comes from simulated deliveries: then every rendering says so."""
        return bool(self.issue.manifest["synthetic"]["synthetic"])

    def notice(self, language: str) -> str:
        """What readers must be told of the data, in `zh` or `en`; empty when there is nothing to tell."""
        return str(self.issue.manifest["synthetic"].get(f"notice_{language}", ""))

    def has(self, table: str) -> bool:
        """Whether the issue holds a table: an issue keeps the tables of the release that published it."""
        return (self.folder / f"{table}.parquet").exists()

    def table(self, name: str) -> pl.DataFrame:
        """A table of the issue (`scores`, `values`, `framework` …), all rows."""
        return pl.read_parquet(self.folder / f"{name}.parquet")

    @cached_property
    def root(self) -> str:
        """Code of the overall index."""
        return str(self.table("framework").filter(pl.col("level") == 0)["code"].item())

    @cached_property
    def earlier(self) -> Sequence[ListedIssue]:
        """The latest revision of every month up to and with this one, by month; of this month, this revision."""
        others = [i for i in list_issues(self.state) if i.latest and i.period < self.period]
        own = [i for i in list_issues(self.state) if i.period == self.period and i.revision == self.issue.revision]
        return [*others, *own]

    def history(self, table: str, columns: Sequence[str]) -> pl.DataFrame:
        """Columns of one table over all months up to this one, in the order of months."""
        frames = [
            pl.scan_parquet(issue.folder / f"{table}.parquet").select(columns).collect()
            for issue in self.earlier
            if (issue.folder / f"{table}.parquet").exists()
        ]
        return pl.concat(frames, how="vertical_relaxed")

    @property
    def manifest(self) -> dict[str, Any]:
        """manifest.json as it was published."""
        return dict(self.issue.manifest)


def read_issue_data(state: StateFolder, period: Period, revision: int | None = None) -> IssueData:
    """A month's issue, the latest revision unless told otherwise; IssueNotFoundError when there is none."""
    if revision is not None:
        found = next((i for i in list_issues(state) if i.period == period and i.revision == revision), None)
    else:
        found = latest_issue(state, period)
    if found is None:
        wanted = period if revision is None else f"{period} r{revision}"
        raise IssueNotFoundError(
            f"no issue of {wanted} is published for {state.city_key}: run `pingan issues` to see what is, or "
            f"`pingan publish {period}`. 该期尚未发布。"
        )
    return IssueData(state, read_issue(found.folder))
