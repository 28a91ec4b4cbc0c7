"""A restated delivery: what it moves is shown first, a revision needs a reason, old ones stay and can be made again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from corrected_office import REASON, Corrected, reduced_gates
from small_office import CODE_VERSION, PUBLISHED, Office

from feeds.landed import current_landing
from gates.store import read_gate
from pipelines.command_line import cli
from pipelines.differences import differences, text
from pipelines.reproduction import reproduce
from publication.issue import PublicationRefused
from publication.listing import format_issues, list_issues
from publication.verify import verify
from warehouse.candidates import write_candidates
from warehouse.inputs import InputGoneError
from warehouse.window import run_window


def command(office: Office, *words: str) -> Result:
    return CliRunner().invoke(
        cli, [*words, "--city", str(office.city_folder)], env={"PINGAN_HOME": str(office.home)}, catch_exceptions=False
    )


def test_nothing_to_say_is_said(corrected: Corrected) -> None:
    assert text(corrected.office.city, corrected.unchanged) == (
        "2022-01..2022-02: as published, nothing moves. 与已发布一致，无变动。"
    )
    assert corrected.unchanged.moves.is_empty()


def test_a_restated_month_makes_later_months_stale_and_says_what_to_run(corrected: Corrected) -> None:
    january = corrected.before_computing.months[0]
    assert [(d.department, d.period, d.change) for d in january.pending.deliveries] == [("D1", "2022-01", "restated")]
    assert corrected.before_computing.stale_elsewhere == ["2022-02"]
    said = text(corrected.office.city, corrected.before_computing)
    assert "restated: alpha alpha, monthly 2022-01" in said
    assert "Compute again 需重算: pingan materialize 2022-01\n" in said
    assert said.endswith("pingan materialize 2022-02")


def test_units_that_move_are_shown_before_anything_is_published(corrected: Corrected) -> None:
    state = corrected.office.state
    for month in corrected.before_publishing.months:
        assert not month.pending
        assert month.difference is not None
        before, after = (
            {
                row["unit_code"]: (row["score"], row["rank"], row["colour"])
                for row in pl.read_parquet(state.issues / month.period / revision / "scores.parquet").to_dicts()
                if row["node_code"] == "I"
            }
            for revision in ("r1", "r2")
        )
        moved = {u for u in after if before[u][0] != after[u][0]}
        assert len(moved) > 5
        rows = month.difference.scores_moved.to_dicts()
        assert {r["unit_code"]: (r["score_before"], r["score_after"]) for r in rows} == {
            u: (before[u][0], after[u][0]) for u in moved
        }
        changes = [abs(r["change"]) for r in rows if r["change"] is not None]
        assert changes == sorted(changes, reverse=True)
        for column, position in (("ranks_changed", 1), ("colours_changed", 2)):
            shown = set(getattr(month.difference, column)["unit_code"])
            assert shown == {u for u in after if before[u][position] != after[u][position]}
        # crimes are read by one indicator of one department
        behind = month.difference.indicators().to_dicts()
        assert [(r["node_code"], r["department_zh"]) for r in behind] == [("A102", "alpha")]
    said = text(corrected.office.city, corrected.before_publishing)
    assert 'pingan publish 2022-01..2022-02 --reason "…"' in said
    assert "A102" in said


def test_a_candidate_of_an_older_version_must_be_computed_again(corrected: Corrected, tmp_path: Path) -> None:
    office = Office(tmp_path / "office")
    shutil.copytree(corrected.office.folder, office.folder)
    (office.state.candidate("2022-02") / "vetoes.parquet").unlink()
    found = differences(office.city, office.state, PUBLISHED)
    assert [(m.must_be_computed, list(m.lacks)) for m in found.months] == [(False, []), (True, ["vetoes"])]
    said = text(office.city, found)
    assert "旧版结果缺表: vetoes" in said
    assert said.endswith("pingan materialize 2022-02")


def test_a_new_revision_needs_a_reason_and_is_listed_with_what_moved(corrected: Corrected) -> None:
    assert "give a reason for r2" in corrected.refusal
    listed = list_issues(corrected.office.state)
    assert [(i.period, i.revision, i.latest, i.reason) for i in listed] == [
        (period, revision, revision == 2, REASON if revision == 2 else None)
        for period in PUBLISHED
        for revision in (1, 2)
    ]
    said = format_issues(listed)
    hashes = {i.manifest_sha256 for i in listed}
    assert all(digest in said for digest in hashes)
    assert len(hashes) == 4
    difference = corrected.before_publishing.months[0].difference
    assert difference is not None
    largest = difference.scores_moved.filter(pl.col("change").is_not_null()).to_dicts()[0]
    assert f"moved 变动: {difference.scores_moved.height} units" in said
    assert f"{largest['score_before']:.2f} → {largest['score_after']:.2f}" in said


def test_the_old_revision_stays_readable_and_verifiable(corrected: Corrected) -> None:
    first, second = (command(corrected.office, "show", "2022-01", "--revision", n) for n in ("1", "2"))
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout != second.stdout
    assert "issues/2022-01/r1" in first.stdout.replace("\n", "")
    missing = command(corrected.office, "show", "2022-01", "--revision", "3")
    assert missing.exit_code == 2
    assert verify(corrected.office.state) == []


def test_a_new_candidate_drops_what_gates_said_of_the_one_before(corrected: Corrected, tmp_path: Path) -> None:
    """A run that is killed between computing and judging must not leave a candidate beside another's passes."""
    office = Office(tmp_path / "office")
    shutil.copytree(corrected.office.folder, office.folder)
    left = office.state.candidate("2022-01").with_name(".2022-01-99")
    left.mkdir()
    assert read_gate(office.state, "2022-01", "A") is not None
    window = run_window(office.city, "2022-01", "2022-02")
    receipts = current_landing(office.state, office.city.record_sets, window.feed_months)
    write_candidates(office.city, office.state, receipts, ["2022-01"], CODE_VERSION)
    assert [read_gate(office.state, "2022-01", gate) for gate in "ABC"] == [None, None, None]
    assert not left.exists()
    measures = office.state.candidate("2022-01") / "measures.parquet"
    pl.read_parquet(measures).with_columns(pl.col("quantity") + 1).write_parquet(measures)  # something to publish
    with pytest.raises(PublicationRefused, match="gate A has no result"):
        office.publish(["2022-01"], reason="another")


def test_a_published_month_that_did_not_change_is_not_published_again(corrected: Corrected) -> None:
    patch = reduced_gates()
    files = sorted(corrected.office.state.issues.rglob("*"))
    assert {r.outcome for r in corrected.office.publish()} == {"unchanged"}
    assert sorted(corrected.office.state.issues.rglob("*")) == files
    patch.undo()


@pytest.fixture(scope="module")
def changed_since(corrected: Corrected, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """The pointer has moved on (above); now the city's folder changes too, and the warehouse is gone."""
    office = Office(tmp_path_factory.mktemp("changed"))
    shutil.copytree(corrected.office.folder, office.folder, dirs_exist_ok=True)
    framework = office.city_folder / "versions" / "2021-06" / "framework.csv"
    framework.write_text(framework.read_text(encoding="utf-8").replace("A,I,1,A,", "A,I,1,改,"), encoding="utf-8")
    units = office.city_folder / "units.csv"
    units.write_text(units.read_text(encoding="utf-8").replace("单位900101001", "新名"), encoding="utf-8")
    office.state.warehouse.unlink()
    return office


def test_an_issue_is_made_again_from_its_manifest_whatever_changed_since(changed_since: Office, tmp_path: Path) -> None:
    first = reproduce(changed_since.state, "2022-01", 1, "another", tmp_path / "first")
    assert first.complete, first.text()
    assert len(first.same) >= 16
    assert first.reasons == ("code version: test then, another now. 代码版本不同。",)
    assert "逐字节一致" in first.text()
    stale = differences(changed_since.city, changed_since.state, ["2022-01"]).months[0]
    assert stale.pending.files == ("units.csv", "versions/2021-06/framework.csv")


def test_what_comes_out_otherwise_is_named(
    changed_since: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pipelines.reproduction as module

    original = module.restore_folder

    def other_people(state: object, inputs: object, target: Path) -> None:
        original(state, inputs, target)  # type: ignore[arg-type]
        units = target / "units.csv"
        units.write_text(units.read_text(encoding="utf-8").replace("单位900101001", "新名"), encoding="utf-8")

    monkeypatch.setattr(module, "restore_folder", other_people)
    result = reproduce(changed_since.state, "2022-01", 1, CODE_VERSION, tmp_path / "again")
    assert {d.table: d.rows for d in result.differences} == dict.fromkeys(
        ("units.csv", "units.parquet"), "1 of 12 rows differ"
    )
    assert result.reasons == ()
    assert "2 data files differ" in result.text()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda state, entry: (state.landing / entry["landing_file"]).unlink(), "is gone: restore the folder landing/"),
        (
            lambda state, entry: (state.landing / entry["landing_file"]).write_bytes(b"x"),
            "is not what it was: restore the folder landing/",
        ),
        (lambda state, _: shutil.rmtree(state.inputs), "is gone: restore the folder inputs/"),
    ],
)
def test_inputs_that_are_gone_or_altered_are_named(
    spoil: object, words: str, changed_since: Office, tmp_path: Path
) -> None:
    office = Office(tmp_path)
    shutil.copytree(changed_since.folder, office.folder, dirs_exist_ok=True)
    manifest = office.state.issues / "2022-01" / "r1" / "manifest.json"
    import json

    spoil(office.state, json.loads(manifest.read_text())["landing"][-1])  # type: ignore[operator]
    said = command(office, "issues")
    assert said.exit_code == 0
    with pytest.raises(InputGoneError, match=words):
        reproduce(office.state, "2022-01", 1, CODE_VERSION, tmp_path / "work")


def test_an_issue_that_kept_no_inputs_says_so(corrected: Corrected, monkeypatch: pytest.MonkeyPatch) -> None:
    import pipelines.reproduction as module

    read = module.read_issue_data

    def older(*arguments: object) -> object:
        data = read(*arguments)  # type: ignore[arg-type]
        manifest = {k: v for k, v in data.issue.manifest.items() if k != "inputs"}
        return replace(data, issue=replace(data.issue, manifest=manifest))

    monkeypatch.setattr(module, "read_issue_data", older)
    with pytest.raises(InputGoneError, match="did not keep the city's folder"):
        reproduce(corrected.office.state, "2022-01", 1, CODE_VERSION, Path("unused"))
