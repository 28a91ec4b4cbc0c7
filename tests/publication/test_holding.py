"""The holding time (审定): what stands between gate and publication, who decided, and what the issue says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from small_candidate import RULES, small_city, write_candidate

import publication.issue as issue_module
from city import City, StateFolder
from gates.result import Finding, GateResult, Override, operating_system_user
from gates.store import write_gate
from publication.holding import (
    HOLD,
    RELEASE,
    decide,
    due_for_publication,
    gates_passed,
    holding_until,
    obstacle,
    read_holding,
)
from publication.issue import PublicationHeld, PublicationRefused, PublishResult, publish
from publication.listing import list_issues

MONTH = "2022-01"
PASSED = datetime(2022, 2, 10, 1, tzinfo=UTC)
Try = Callable[..., PublishResult]


@pytest.fixture
def holding_city() -> City:
    return small_city({**RULES, "hold": {"hours": 48}})


@pytest.fixture
def attempt(
    state: StateFolder, holding_city: City, gate_of_same_tables: object, monkeypatch: pytest.MonkeyPatch
) -> Try:
    """A candidate with gates A and B passed, published at a given time."""
    monkeypatch.setattr(issue_module, "evaluate_release_gate", gate_of_same_tables)
    write_candidate(state.candidate(MONTH), MONTH)
    for gate in ("A", "B"):
        write_gate(state, GateResult(gate, MONTH, (Finding("all", True),)))

    def run(now: datetime, city: City = holding_city, override: Override | None = None) -> PublishResult:
        return publish(state.candidate(MONTH), state, city, now=now, code_version="x", override=override)

    return run


def test_a_month_waits_for_the_end_of_its_holding_time(attempt: Try, state: StateFolder, holding_city: City) -> None:
    with pytest.raises(PublicationHeld, match="2022-02-12T09:00"):
        attempt(PASSED)
    with pytest.raises(PublicationHeld):
        attempt(PASSED + timedelta(hours=47, minutes=59))
    assert list_issues(state) == []
    assert due_for_publication(state, holding_city, PASSED + timedelta(hours=47)) == []
    after = PASSED + timedelta(hours=48)
    assert [h.period for h in due_for_publication(state, holding_city, after)] == [MONTH]
    assert attempt(after).outcome == "published"
    assert due_for_publication(state, holding_city, after) == []


def test_without_a_holding_time_in_the_rules_a_month_is_published_at_once(
    attempt: Try, state: StateFolder, city: City
) -> None:
    result = attempt(PASSED, city)
    assert result.outcome == "published"
    assert json.loads((result.folder / "manifest.json").read_text(encoding="utf-8"))["holding"] is None
    assert not state.holds.exists()


def test_a_held_month_is_not_published_until_it_is_released_and_the_issue_says_who_and_why(
    attempt: Try, state: StateFolder, city: City
) -> None:
    decide(state, city, MONTH, HOLD, "数据待核实 <confirm>", "zhang", PASSED)
    with pytest.raises(PublicationHeld, match="zhang"):
        attempt(PASSED + timedelta(days=365), city)
    assert due_for_publication(state, city, PASSED + timedelta(days=365)) == []
    decide(state, city, MONTH, RELEASE, "已核实", "li", PASSED + timedelta(days=366))
    assert [h.period for h in due_for_publication(state, city, PASSED + timedelta(days=366))] == [MONTH]
    result = attempt(PASSED + timedelta(days=367), city)
    told = json.loads((result.folder / "manifest.json").read_text(encoding="utf-8"))["holding"]["decisions"]
    assert [(d["action"], d["user"], d["reason"]) for d in told] == [
        ("hold", "zhang", "数据待核实 <confirm>"),
        ("release", "li", "已核实"),
    ]
    page = (result.folder / "gate.html").read_text(encoding="utf-8")
    assert all(word in page for word in ("zhang", "数据待核实 &lt;confirm&gt;", "li", "已核实"))


def test_a_release_ends_the_holding_time_of_that_candidate_only(
    attempt: Try, state: StateFolder, holding_city: City
) -> None:
    with pytest.raises(PublicationHeld):
        attempt(PASSED)
    decide(state, holding_city, MONTH, RELEASE, "急", "li", PASSED + timedelta(hours=1))
    released = read_holding(state, MONTH)
    assert obstacle(holding_city, released, PASSED + timedelta(hours=1)) is None
    other = state.candidate(MONTH) / "scores.parquet"
    other.write_bytes(other.read_bytes() + b" ")  # another content
    again = gates_passed(state, holding_city, MONTH, state.candidate(MONTH), PASSED + timedelta(hours=2))
    assert holding_until(holding_city, again) == PASSED + timedelta(hours=50)
    assert obstacle(holding_city, again, PASSED + timedelta(hours=3)) is not None


def test_a_person_s_hold_outlasts_a_new_candidate(attempt: Try, state: StateFolder, holding_city: City) -> None:
    decide(state, holding_city, MONTH, HOLD, "待核实", "zhang", PASSED)
    other = state.candidate(MONTH) / "scores.parquet"
    other.write_bytes(other.read_bytes() + b" ")
    again = gates_passed(state, holding_city, MONTH, state.candidate(MONTH), PASSED)
    assert obstacle(holding_city, again, PASSED + timedelta(days=900)) is not None


def test_the_same_candidate_computed_again_does_not_wait_again(
    attempt: Try, state: StateFolder, holding_city: City
) -> None:
    gates_passed(state, holding_city, MONTH, state.candidate(MONTH), PASSED)
    gates_passed(state, holding_city, MONTH, state.candidate(MONTH), PASSED + timedelta(hours=40))
    assert attempt(PASSED + timedelta(hours=48)).outcome == "published"


def test_an_override_of_a_gate_does_not_pass_over_a_hold(attempt: Try, state: StateFolder) -> None:
    city = small_city({**RULES, "hold": {"hours": 48}, "gate": {"coverage": 1.0}})
    with pytest.raises(PublicationRefused):
        attempt(PASSED, city)
    override = Override("coverage", "confirmed", "li")
    with pytest.raises(PublicationHeld):
        attempt(PASSED, city, override)
    assert attempt(PASSED + timedelta(hours=49), city, override).outcome == "published"


@pytest.mark.parametrize(
    ("action", "reason", "words"),
    [("release", "because", "not held"), ("hold", " ", "reason"), ("wait", "because", "no decision")],
)
def test_a_decision_that_decides_nothing_is_refused(
    action: str, reason: str, words: str, state: StateFolder, city: City
) -> None:
    with pytest.raises(ValueError, match=words):
        decide(state, city, MONTH, action, reason, "li", PASSED)
    assert not state.holds.exists()


def test_the_commands_record_the_account_they_run_under(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.command_line import cli

    monkeypatch.setenv("PINGAN_HOME", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "somebody_else")
    run = CliRunner().invoke
    assert run(cli, ["hold", "2023-01"]).exit_code == 2
    assert run(cli, ["release", "2023-01", "--reason", "x"]).exit_code == 1
    assert run(cli, ["hold", "2023-01", "--reason", "待核实"]).exit_code == 0
    (decision,) = read_holding(StateFolder(tmp_path, "tianshui"), "2023-01").decisions
    assert (decision.user, decision.reason) == (operating_system_user(), "待核实")
    assert decision.at.endswith("+08:00")
    assert "2023-01" in run(cli, ["hold"]).output
    assert run(cli, ["release", "2023-01", "--reason", "ok"]).exit_code == 0
    assert "Nothing is held" in run(cli, ["hold"]).output
