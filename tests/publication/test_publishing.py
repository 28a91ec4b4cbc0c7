"""Publishing: what an issue holds, when there is a new revision, and when nothing is published."""

from __future__ import annotations

import csv
import hashlib
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from filelock import FileLock
from small_candidate import small_tables, write_candidate

import publication.issue as issue_module
from arrivals.record import note_found
from city import City, StateFolder
from gates.candidate import TABLES
from gates.result import Finding, GateResult, Override, operating_system_user
from gates.store import write_gate
from publication.files import csv_bytes
from publication.issue import PublicationRefused, PublishResult, publish
from publication.listing import format_issues, latest_issue, list_issues
from publication.reading import read_issue_data
from publication.site.about import quality_checks
from publication.site.facts import Facts
from publication.site.words import Words
from publication.verify import LOCK, verify

Publish = Callable[..., PublishResult]


def moved_scores(period: str, unit: str = "99011", by: float = 1.5) -> pl.DataFrame:
    here = (pl.col("unit_code") == unit) & (pl.col("node_code") == "Z")
    return small_tables(period)["scores"].with_columns(
        score=pl.when(here).then(pl.col("score") + by).otherwise("score")
    )


def manifest_of(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return content


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_issue_holds_the_tables_as_parquet_and_csv_the_gate_and_the_manifest(
    release: Publish, state: StateFolder
) -> None:
    result = release("2022-01")
    assert (result.outcome, result.issue_number, result.revision) == ("published", 1, 1)
    assert result.folder == state.issues / "2022-01" / "r1"
    names = {f"{name}.{kind}" for name in TABLES for kind in ("parquet", "csv")}
    assert {p.name for p in result.folder.iterdir()} == names | {
        *("gate.json", "gate.html", "manifest.json", "timeliness.json")
    }
    for name in TABLES:
        candidate = state.candidate("2022-01") / f"{name}.parquet"
        assert (result.folder / f"{name}.parquet").read_bytes() == candidate.read_bytes()
    assert verify(state) == []


def test_an_issue_lists_its_constant_indicators_and_readers_see_a_warning_and_no_failure(
    release: Publish, state: StateFolder, city: City
) -> None:
    same = (pl.col("unit_level") == "township") & (pl.col("node_code") == "I3")
    scores = small_tables("2022-01")["scores"].with_columns(score=pl.when(same).then(75.0).otherwise("score"))
    manifest = manifest_of(release("2022-01", scores=scores).folder)
    (entry,) = (c for c in manifest["gates"]["C"]["checks"] if not c["passed"])
    assert (entry["check"], entry["severity"]) == ("indicators_vary", "warning")
    assert entry["observed"].endswith(": I3")
    assert manifest["gates"]["C"]["passed"]
    facts = Facts(read_issue_data(state, "2022-01"), city)
    (row,) = (r for r in quality_checks(facts, Words(facts, "en")) if "tell units apart" in r["check"])
    assert (row["verdict"], row["failed"]) == ("! warns", False)


def test_the_manifest_says_what_was_published_and_from_what(release: Publish) -> None:
    result = release("2022-01")
    manifest = manifest_of(result.folder)
    assert sha256(result.folder / "manifest.json") == result.manifest_sha256
    for entry in manifest["files"]:
        path = result.folder / entry["name"]
        assert (sha256(path), path.stat().st_size) == (entry["sha256"], entry["bytes"])
    assert manifest["code_version"] == "abc123"
    assert manifest["method_version"] == "2022-01"
    assert manifest["published_at"] == "2022-03-10T09:01:00+00:00"
    assert manifest["landing"][0]["hash"] == "abc"
    assert manifest["synthetic"]["notice_zh"] == "模拟数据。"
    assert [manifest["gates"][gate]["passed"] for gate in "ABC"] == [True] * 3
    assert manifest["override"] is None
    assert manifest["chain"] == {"sequence": 1, "previous_manifest_sha256": None}


def test_publishing_again_changes_nothing(release: Publish, state: StateFolder) -> None:
    first = release("2022-01")
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in first.folder.iterdir()}
    again = release("2022-01", reason="no need")
    assert (again.outcome, again.revision, again.manifest_sha256) == ("unchanged", 1, first.manifest_sha256)
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in first.folder.iterdir()} == before
    assert len(list_issues(state)) == 1


def test_other_parquet_bytes_with_the_same_rows_are_the_same_content(
    release: Publish, state: StateFolder, city: City
) -> None:
    release("2022-01")
    path = state.candidate("2022-01") / "scores.parquet"
    before = path.read_bytes()
    pl.read_parquet(path).write_parquet(path, compression="uncompressed")
    assert path.read_bytes() != before
    now = datetime(2022, 4, 1, tzinfo=UTC)
    result = publish(state.candidate("2022-01"), state, city, now=now, code_version="x")
    assert result.outcome == "unchanged"


def test_only_the_clock_and_the_code_version_differ_between_two_places(
    release: Publish, state: StateFolder, city: City, tmp_path: Path
) -> None:
    here = release("2022-01").folder
    elsewhere = StateFolder(tmp_path / "elsewhere", "small")
    write_candidate(elsewhere.candidate("2022-01"), "2022-01")
    for gate in "AB":
        write_gate(elsewhere, GateResult(gate, "2022-01", (Finding("all", True),)))
    now = datetime(2030, 1, 1, tzinfo=UTC)
    there = publish(elsewhere.candidate("2022-01"), elsewhere, city, now=now, code_version="later").folder
    differing = {p.name for p in here.iterdir() if p.read_bytes() != (there / p.name).read_bytes()}
    assert differing == {"manifest.json", "timeliness.json"}
    one, other = manifest_of(here), manifest_of(there)
    assert {key for key in one if one[key] != other[key]} == {"published_at", "code_version", "files"}
    (one_data, other_data) = ([f for f in m["files"] if f["kind"] != "account"] for m in (one, other))
    assert one_data == other_data


def test_who_delivered_when_is_told_beside_the_data_and_makes_no_revision(
    release: Publish, state: StateFolder, city: City
) -> None:
    came = datetime(2022, 2, 4, 8, tzinfo=UTC)
    for feed in city.feeds[1:]:
        note_found(city, state, feed.record_sets[0], "2022-01", "abc", came)
    first = release("2022-01")
    told = json.loads((first.folder / "timeliness.json").read_text(encoding="utf-8"))
    assert [(r["department"], r["state"]) for r in told["rows"]] == [
        ("D1", "missing"), ("D2", "on_time"), ("D3", "on_time"), ("D4", "on_time"),
    ]  # fmt: skip
    assert told["rows"][1]["first_at"] == "2022-02-04T16:00:00+08:00"
    assert {f["name"]: f["kind"] for f in manifest_of(first.folder)["files"]}["timeliness.json"] == "account"
    note_found(city, state, city.feeds[0].record_sets[0], "2022-01", "abc", came)
    assert release("2022-01").outcome == "unchanged"
    assert verify(state) == []


def test_a_change_needs_a_reason(release: Publish, state: StateFolder) -> None:
    release("2022-01")
    for reason in (None, "  "):
        with pytest.raises(PublicationRefused, match=r"exists and the new tables differ \(scores\)"):
            release("2022-01", reason=reason, scores=moved_scores("2022-01"))
    assert [p.name for p in (state.issues / "2022-01").iterdir()] == ["r1"]


def test_a_revision_says_what_moved_and_leaves_the_first_alone(release: Publish, state: StateFolder) -> None:
    first = release("2022-01")
    bytes_before = {p.name: p.read_bytes() for p in first.folder.iterdir()}
    second = release("2022-01", reason="医保数据更正", scores=moved_scores("2022-01"))
    assert (second.outcome, second.revision, second.issue_number) == ("published", 2, 1)
    assert {p.name: p.read_bytes() for p in first.folder.iterdir()} == bytes_before
    manifest = manifest_of(second.folder)
    assert manifest["reason"] == "医保数据更正"
    moved = manifest["moved"]
    assert (moved["units"], moved["scores"], moved["tables"]) == (1, 1, ["scores"])
    assert moved["largest_overall"]["unit_code"] == "99011"
    assert moved["largest_overall"]["change"] == pytest.approx(1.5)
    assert "医保数据更正" in (second.folder / "gate.html").read_text(encoding="utf-8")
    latest = latest_issue(state, "2022-01")
    assert latest is not None
    assert latest.revision == 2
    assert [issue.latest for issue in list_issues(state)] == [False, True]


def test_scores_that_appear_or_vanish_are_moves(release: Publish) -> None:
    release("2022-01")
    here = (pl.col("unit_code") == "99011") & (pl.col("node_code") == "I1")
    scores = small_tables("2022-01")["scores"].with_columns(
        score=pl.when(~here).then("score"), status=pl.when(here).then(pl.lit("missing")).otherwise("status")
    )
    moved = manifest_of(release("2022-01", reason="x", scores=scores).folder)["moved"]
    assert (moved["units"], moved["scores"], moved["scores_vanished"], moved["largest"]) == (0, 1, 1, None)


def test_manifests_form_a_chain_in_the_order_of_publication(release: Publish, state: StateFolder) -> None:
    results = [release("2022-02"), release("2022-01"), release("2022-03")]
    results.append(release("2022-01", reason="更正", scores=moved_scores("2022-01")))
    before = None
    for place, result in enumerate(results, start=1):
        chain = manifest_of(result.folder)["chain"]
        assert chain == {"sequence": place, "previous_manifest_sha256": before}
        before = result.manifest_sha256
    index = json.loads((state.issues / "index.json").read_text(encoding="utf-8"))
    assert index["head"] == {"sequence": 4, "manifest_sha256": before}
    assert index["latest"] == {"2022-01": 2, "2022-02": 1, "2022-03": 1}
    numbers = [(i.period, i.issue_number, i.revision) for i in list_issues(state)]
    assert numbers == [("2022-01", 1, 1), ("2022-01", 1, 2), ("2022-02", 2, 1), ("2022-03", 3, 1)]


def test_an_issue_names_the_revision_it_compares_with(release: Publish) -> None:
    first = release("2022-01")
    assert manifest_of(first.folder)["compares_with"]["month"]["period"] is None
    compared = manifest_of(release("2022-02").folder)["compares_with"]["month"]
    assert (compared["period"], compared["revision"]) == ("2022-01", 1)
    assert compared["manifest_sha256"] == first.manifest_sha256
    assert compared["scores_equal"] is True


def test_it_says_so_when_the_published_month_is_not_what_changes_were_measured_against(
    release: Publish,
) -> None:
    release("2022-01", scores=moved_scores("2022-01"))
    compared = manifest_of(release("2022-02").folder)["compares_with"]["month"]
    assert (compared["scores_equal"], compared["scores_differing"]) == (False, 1)


def test_a_month_compared_with_may_be_unpublished(release: Publish, state: StateFolder) -> None:
    write_candidate(state.candidate("2022-01"), "2022-01")
    result = release("2022-02")
    compared = manifest_of(result.folder)["compares_with"]["month"]
    assert (compared["period"], compared["revision"]) == ("2022-01", None)
    assert result.gate is not None
    assert result.gate.compared_with == "2022-01"


@pytest.mark.parametrize("gate", ["A", "B"])
def test_gates_a_and_b_must_have_passed(gate: str, state: StateFolder, city: City) -> None:
    write_candidate(state.candidate("2022-01"), "2022-01")
    for other in "AB":
        write_gate(state, GateResult(other, "2022-01", (Finding("grain", other != gate, observed="3 rows"),)))
    now = datetime(2022, 3, 1, tzinfo=UTC)
    with pytest.raises(PublicationRefused, match=f"gate {gate} .*failed") as refusal:
        publish(state.candidate("2022-01"), state, city, now=now, code_version="x")
    assert "grain" in str(refusal.value)
    (state.gates / "2022-01" / f"{gate}.json").unlink()
    with pytest.raises(PublicationRefused, match=f"gate {gate} has no result"):
        publish(state.candidate("2022-01"), state, city, now=now, code_version="x")
    assert list_issues(state) == []


def test_gate_c_is_asked_again_on_what_is_published(release: Publish, state: StateFolder) -> None:
    release("2022-01")
    write_gate(state, GateResult("C", "2022-02", (Finding("all", True),)))  # a stored pass does not help
    with pytest.raises(PublicationRefused, match="largest_change") as refusal:
        release("2022-02", scores=moved_scores("2022-02", "99026", -60.0))
    text = str(refusal.value)
    assert "99026 单位99026" in text
    assert "处理" in text
    assert len(text.splitlines()) <= 40
    assert refusal.value.result is not None
    assert not (state.issues / "2022-02").exists()


def test_a_person_may_release_against_a_failed_check(release: Publish, state: StateFolder) -> None:
    release("2022-01")
    override = Override("largest_change, rank_correlation", "6月12日洪灾，已核实")
    result = release("2022-02", scores=moved_scores("2022-02", "99026", -60.0), override=override)
    entry = manifest_of(result.folder)["override"]
    assert "largest_change" in entry["checks"]
    assert (entry["reason"], entry["user"]) == ("6月12日洪灾，已核实", operating_system_user())
    page = (result.folder / "gate.html").read_text(encoding="utf-8")
    assert page.index("与上月相比的最大变动") < page.index("6月12日洪灾，已核实") < page.index("检查项目")
    assert manifest_of(result.folder)["gates"]["C"]["passed"] is False
    assert [i.released_by_override for i in list_issues(state)] == [False, True]
    assert "授权放行" in format_issues(list_issues(state))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (Override("red_share", "other check", "ann"), "largest_change"),
        (Override("largest_changes", "typo", "ann"), "names checks of gate C"),
        (Override("largest_change", " ", "ann"), "a reason and a user"),
        (Override("largest_change", "fine", ""), "a reason and a user"),
    ],
)
def test_an_override_must_name_the_failed_check_a_reason_and_a_user(
    override: Override, message: str, release: Publish
) -> None:
    release("2022-01")
    with pytest.raises(PublicationRefused, match=message):
        release("2022-02", scores=moved_scores("2022-02", "99026", -60.0), override=override)


def test_an_override_that_was_not_needed_is_not_recorded(release: Publish) -> None:
    result = release("2022-01", override=Override("largest_change", "just in case", "ann"))
    assert manifest_of(result.folder)["override"] is None
    assert "just in case" not in (result.folder / "gate.html").read_text(encoding="utf-8")


def test_formulas_in_text_cells_are_neutralised_and_numbers_are_not(release: Publish) -> None:
    nasty = ["=1+1", "+1", "-1", "@x", "\t=1", "＝1", "fine", "a=b", None]
    text = csv_bytes(pl.DataFrame({"text": nasty, "number": [-1.5] * 9}))
    assert text.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(text.decode("utf-8-sig").splitlines()))
    assert [row["text"] for row in rows] == ["'=1+1", "'+1", "'-1", "'@x", "'\t=1", "'＝1", "fine", "a=b", ""]
    assert {row["number"] for row in rows} == {"-1.5"}
    published = release("2022-01").folder / "framework.csv"
    with published.open(encoding="utf-8-sig", newline="") as stream:
        assert {row["note"] for row in csv.DictReader(stream)} == {"'=危险"}


def test_csv_numbers_read_back_as_they_were() -> None:
    numbers = [0.1 + 0.2, 1 / 3, 1e-12, 88.123456789, None]
    text = csv_bytes(pl.DataFrame({"n": numbers})).decode("utf-8-sig").splitlines()[1:]
    assert [float(t) if t.strip('"') else None for t in text] == numbers


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "candidate.json").unlink(), "materialize the month"),
        (lambda folder: (folder / "feeds.parquet").unlink(), "lacks feeds"),
        (
            lambda folder: (folder / "candidate.json").write_text('{"period": "2022-01", "city": "other"}'),
            "not 'small'",
        ),
        (
            lambda folder: (folder / "candidate.json").write_text('{"period": "2021-12", "city": "small"}'),
            "first issue is 2022-01",
        ),
    ],
)
def test_a_candidate_that_is_not_one_is_refused(spoil: Any, message: str, state: StateFolder, city: City) -> None:
    spoil(write_candidate(state.candidate("2022-01"), "2022-01"))
    with pytest.raises(PublicationRefused, match=message):
        publish(state.candidate("2022-01"), state, city, now=datetime.now(UTC), code_version="x")


def test_the_time_of_publication_needs_a_zone(state: StateFolder, city: City) -> None:
    with pytest.raises(ValueError, match="time zone"):
        publish(state.candidate("2022-01"), state, city, now=datetime(2022, 1, 1), code_version="x")


def test_two_publications_do_not_run_at_once(
    release: Publish, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issue_module, "_WAIT_SECONDS", 0.05)
    state.issues.mkdir(parents=True)
    with FileLock(state.issues / LOCK), pytest.raises(PublicationRefused, match="Another publication"):
        release("2022-01")
    worker = threading.Thread(target=release, args=("2022-01",))
    worker.start()
    worker.join()
    assert [issue.period for issue in list_issues(state)] == ["2022-01"]


def test_nothing_published_lists_as_nothing(state: StateFolder) -> None:
    assert list_issues(state) == []
    assert latest_issue(state, "2022-01") is None
    assert "Nothing is published" in format_issues([])
