"""A defect met by the jobs themselves: what the run says, what it holds back, and that nothing else suffers."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asem
import dagster as dg
import polars as pl
import pytest

from city import City, Period, StateFolder
from city.folder import load_city
from feeds.landed import read_receipt
from gates.store import read_gate
from pipelines.runs import failure_messages, prepare_instance, run_job
from pipelines.settings import Settings
from publication.holding import HOLD, RELEASE, decide, due_for_publication
from publication.manifest import read_issue
from simulator.defects import Defect, spoil_content

pytestmark = pytest.mark.end_to_end

GOOD, BAD = asem.PERIOD, "2018-02"
FEED = "sustainability/indicator_return"
#: What fits on a terminal of 120 columns and 40 lines.
LINES, COLUMNS = 40, 120


@dataclass(frozen=True)
class Countries:
    """The city of returns with the same numbers in two months; a run costs seconds."""

    city: City
    where: Settings
    sources: Path

    @property
    def state(self) -> StateFolder:
        return StateFolder(self.where.home, self.city.key)

    def deliver(self, month: Period, kind: str = "") -> None:
        """The month's delivery of one department, with this defect of the simulator's dial."""
        path = self.sources / "sustainability" / f"{month}.csv"
        whole = (self.sources / "sustainability" / f"{GOOD}.csv").read_bytes()
        content = whole.replace(GOOD.encode(), month.encode())
        record_set = next(r for r in self.city.record_sets if r.department_key == "sustainability")
        if kind:
            defect = Defect(kind, "sustainability", "indicator_return", month)
            content = spoil_content(content, record_set, {kind: defect})
        path.write_bytes(content)

    def run(self, job: str, *months: Period) -> tuple[bool, str]:
        """Whether the run succeeded, and what it says when it did not."""
        result = run_job(self.where, job, months)
        return result.success, "\n\n".join(failure_messages(result))

    def published(self) -> list[str]:
        return sorted(p.parent.name for p in self.state.issues.glob("*/r*"))

    def gate_passed(self, gate: str, month: Period) -> bool | None:
        result = read_gate(self.state, month, gate)
        return None if result is None else result.passed


@pytest.fixture(scope="module")
def countries(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Countries:
    """One home for all these tests: dbt parses its project once for it, which takes longer than the rest."""
    assert asem.ORACLE.is_relative_to(shared_data)
    folder = tmp_path_factory.mktemp("defective")
    city_folder, sources = asem.write_asem_city(folder, "csv")
    for key in ("connectivity", "sustainability"):
        content = (sources / key / f"{GOOD}.csv").read_bytes()
        (sources / key / f"{BAD}.csv").write_bytes(content.replace(GOOD.encode(), BAD.encode()))
    city = load_city(city_folder)
    return Countries(city, Settings(folder / "home", str(city_folder), str(sources), renderings=("none",)), sources)


@pytest.fixture(autouse=True)
def nothing_landed(countries: Countries) -> None:
    """An empty state but for dbt's parsed project; both months delivered."""
    for path in countries.state.root.glob("*"):
        if path.is_file():
            path.unlink()
        elif path.name != "dbt":
            shutil.rmtree(path)
    countries.deliver(BAD)


def assert_one_screen(said: str, words: Sequence[str]) -> None:
    assert all(word in said for word in words), said
    lines = said.splitlines()
    assert sum(-(-max(len(line), 1) // COLUMNS) for line in lines) <= LINES, said
    assert "Traceback" not in said


def test_a_blocked_month_says_which_feed_and_what_to_do_and_is_not_published(countries: Countries) -> None:
    countries.deliver(BAD, "truncated_file")
    succeeded, said = countries.run("backfill", BAD)
    assert not succeeded
    words = [BAD, FEED, f"sustainability/{BAD}.csv, row ", "the file is cut off", "send the whole file again"]
    assert_one_screen(said, words)
    assert "connectivity" not in said
    succeeded, said = countries.run("monthly_index", BAD)
    assert not succeeded
    assert_one_screen(said, words)
    assert countries.published() == []
    # Publication alone audits for itself.
    succeeded, said = countries.run("publish", BAD)
    assert not succeeded
    assert BAD in said
    assert countries.published() == []


def publish_held_and_released(countries: Countries) -> None:
    """A held month's run ends well and publishes nothing; released, it is due, and its issue tells both decisions."""
    state, city = countries.state, countries.city
    decide(state, city, GOOD, HOLD, "the figures are looked at", "auditor", datetime.now(UTC))
    succeeded, said = countries.run("publish", GOOD)
    assert succeeded, said
    assert countries.published() == []
    assert due_for_publication(state, city, datetime.now(UTC)) == []
    with dg.DagsterInstance.from_config(str(prepare_instance(countries.where))) as instance:
        issue = dg.AssetKey([city.key, "publication", "issue"])
        assert instance.get_materialized_partitions(issue) == set()
    decide(state, city, GOOD, RELEASE, "they are right", "auditor", datetime.now(UTC))
    assert [holding.period for holding in due_for_publication(state, city, datetime.now(UTC))] == [GOOD]
    succeeded, said = countries.run("publish", GOOD)
    assert succeeded, said
    told = read_issue(state.issues / GOOD / "r1").manifest["holding"]["decisions"]
    assert [(decision["action"], decision["reason"]) for decision in told] == [
        (HOLD, "the figures are looked at"),
        (RELEASE, "they are right"),
    ]


def test_one_bad_month_of_a_range_is_withheld_and_the_good_one_can_be_published(countries: Countries) -> None:
    countries.deliver(BAD, "wrong_encoding")
    _, said = countries.run("backfill", GOOD, BAD)
    assert_one_screen(said, [BAD, FEED, "not utf-8: it looks like gb18030", "encoding: gb18030"])
    assert countries.published() == []
    record_set = next(r for r in countries.city.record_sets if r.department_key == "sustainability")
    verdicts = {m: read_receipt(countries.state, record_set, m) for m in (GOOD, BAD)}
    assert {m: r.status for m, r in verdicts.items() if r} == {GOOD: "accepted", BAD: "refused"}
    assert countries.gate_passed("A", GOOD)
    assert not countries.gate_passed("A", BAD)
    succeeded, said = countries.run("publish", BAD)
    assert not succeeded
    assert BAD in said
    publish_held_and_released(countries)
    assert countries.published() == [GOOD]
    scores = pl.read_parquet(next((countries.state.issues / GOOD).glob("r1/scores.parquet")))
    oracle = asem.oracle_scores()
    got = {(u, n): s for u, n, s in scores.select("unit_code", "node_code", "score").iter_rows()}
    assert all(got[key] == pytest.approx(value, rel=0, abs=1e-9) for key, value in oracle.items())
