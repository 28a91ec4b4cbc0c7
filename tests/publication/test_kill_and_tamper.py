"""A kill at any step leaves the old state or the new one; any later change to an issue is found."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import publication.issue as issue_module
from city import StateFolder
from gates.candidate import TABLES
from gates.result import Finding, GateResult
from publication.index import ChainBrokenError, reindex
from publication.issue import PublicationRefused, PublishResult, repair
from publication.listing import list_issues
from publication.verify import verify

Publish = Callable[..., PublishResult]


class Killed(BaseException):
    """Stands for the end of the process: nothing of ours catches it, so nothing is tidied up."""


class Killer:
    """Dies at the n-th durable step (sync or rename), before or after it takes effect."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, after: bool) -> None:
        self.steps = 0
        self.at = at
        self.after = after
        for name in ("fsync", "rename", "replace"):
            monkeypatch.setattr(os, name, self._wrapped(getattr(os, name)))

    def _wrapped(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            self.steps += 1
            mine = self.steps == self.at
            if mine and not self.after:
                raise Killed
            answer = real(*arguments, **named)
            if mine:
                raise Killed
            return answer

        return step


@pytest.fixture
def quick_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gate C is tested elsewhere; here publication dies some sixty times."""

    def passed(*_: Any) -> GateResult:
        return GateResult("C", "2022-02", (Finding("all", True),))

    monkeypatch.setattr(issue_module, "evaluate_release_gate", passed)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and ".tmp-" not in str(p) and p.name != ".publication.lock"
    }


@pytest.mark.usefixtures("quick_gate")
@pytest.mark.parametrize(("after", "every"), [(False, 1), (True, 3)])
def test_a_kill_at_any_step_leaves_the_old_state_or_the_new(
    after: bool, every: int, release: Publish, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before each step; after each third, which leaves on disk what a kill before the next does."""
    release("2022-01")
    old = tree(state.issues)
    outcomes = []
    original = issue_module._repaired
    for at in range(1, 100, every):
        shutil.rmtree(state.issues / "2022-02", ignore_errors=True)
        (state.issues / "index.json").write_bytes(old["index.json"])
        with monkeypatch.context() as patch:
            # gates and candidates are written before publication; only steps of publication count
            release_steps = Killer(patch, at=10_000, after=False)

            def start(state: StateFolder, killer: Killer = release_steps, at: int = at) -> Any:
                chain = original(state)
                killer.steps, killer.at, killer.after = 0, at, after
                return chain

            patch.setattr(issue_module, "_repaired", start)
            try:
                release("2022-02")
            except Killed:
                pass
            else:
                break
        now = tree(state.issues)
        published = {name: content for name, content in now.items() if not name.startswith("2022-02")}
        appeared = {name for name in now if name.startswith("2022-02")}
        assert {**published, "index.json": b""} == {**old, "index.json": b""}
        whole = 2 * len(TABLES) + len({"manifest.json", "gate.json", "gate.html", "timeliness.json"})
        assert not appeared or len(appeared) == whole, f"half an issue after step {at}: {sorted(appeared)}"
        kinds = {problem.kind for problem in verify(state)}
        in_index = [issue.period for issue in list_issues(state)]
        if not appeared:
            outcomes.append("old")
            assert (in_index, kinds) == (["2022-01"], set())
        elif in_index == ["2022-01"]:
            outcomes.append("renamed")
            assert kinds == {"index_differs"}
        else:
            outcomes.append("new")
            assert kinds == set()
        # the next publication tidies up and goes on; where the state is the old one, mostly its tidying up alone
        if outcomes[-1] == "old" and at % 5:
            repair(state)
        else:
            result = release("2022-02")
            assert result.outcome == ("published" if outcomes[-1] == "old" else "unchanged")
        assert verify(state) == []
        assert not list(state.issues.rglob(".tmp-*"))
    else:
        pytest.fail("publication never came to its end")
    assert outcomes == sorted(outcomes, key=["old", "renamed", "new"].index)
    assert set(outcomes) == {"old", "renamed", "new"}


@pytest.mark.usefixtures("quick_gate")
def test_a_full_disk_leaves_nothing_behind(
    release: Publish, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(issue_module, "csv_bytes", full)
        with pytest.raises(OSError, match="No space left"):
            release("2022-01")
    assert [p.name for p in state.issues.iterdir()] == [".publication.lock"]


@pytest.mark.usefixtures("quick_gate")
def test_repair_sweeps_what_a_kill_left_and_makes_the_index_again(release: Publish, state: StateFolder) -> None:
    release("2022-01")
    index = (state.issues / "index.json").read_bytes()
    release("2022-02")
    complete = (state.issues / "index.json").read_bytes()
    (state.issues / "index.json").write_bytes(index)
    (state.issues / "2022-03" / ".tmp-r1-x").mkdir(parents=True)
    (state.issues / ".tmp-index.json-y").write_text("{")
    assert [issue.period for issue in repair(state)] == ["2022-01", "2022-02"]
    assert (state.issues / "index.json").read_bytes() == complete
    assert sorted(p.name for p in state.issues.iterdir()) == [
        ".publication.lock",
        "2022-01",
        "2022-02",
        "index.json",
    ]


def alter_score(state: StateFolder) -> Path:
    path = state.issues / "2022-01" / "r1" / "scores.csv"
    path.write_bytes(path.read_bytes().replace(b"measured", b"imagined", 1))
    return path


def drop_file(state: StateFolder) -> Path:
    path = state.issues / "2022-01" / "r1" / "gate.html"
    path.unlink()
    return path


def add_file(state: StateFolder) -> Path:
    path = state.issues / "2022-01" / "r1" / "extra.csv"
    path.write_text("x")
    return path


def rewrite_manifest(state: StateFolder) -> Path:
    """Alter a file and its hash in the manifest: only the chain and the index tell."""
    folder = state.issues / "2022-01" / "r1"
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["published_at"] = "2021-01-01T00:00:00+00:00"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return state.issues / "2022-02" / "r1" / "manifest.json"


def lose_manifest(state: StateFolder) -> Path:
    path = state.issues / "2022-01" / "r1" / "manifest.json"
    path.unlink()
    return path


def lose_issue(state: StateFolder) -> Path:
    shutil.rmtree(state.issues / "2022-02")
    return state.issues / "2022-02" / "r1"


def lose_index(state: StateFolder) -> Path:
    path = state.issues / "index.json"
    path.unlink()
    return path


def alter_index(state: StateFolder) -> Path:
    path = state.issues / "index.json"
    path.write_text(path.read_text().replace('"revision": 1', '"revision": 7'))
    return path


def add_folder(state: StateFolder) -> Path:
    path = state.issues / "drafts"
    path.mkdir()
    return path


@pytest.mark.usefixtures("quick_gate")
@pytest.mark.parametrize(
    ("tamper", "kind"),
    [
        (alter_score, "changed_file"),
        (drop_file, "missing_file"),
        (add_file, "stray_file"),
        (rewrite_manifest, "broken_chain"),
        (lose_manifest, "unreadable_manifest"),
        (lose_issue, "missing_issue"),
        (lose_index, "missing_index"),
        (alter_index, "index_differs"),
        (add_folder, "stray_file"),
    ],
)
def test_every_change_after_publication_is_found(
    tamper: Callable[[StateFolder], Path], kind: str, release: Publish, state: StateFolder
) -> None:
    release("2022-01")
    release("2022-02")
    assert verify(state) == []
    path = tamper(state)
    problems = verify(state)
    assert (kind, path) in {(problem.kind, problem.path) for problem in problems}, problems
    assert all(problem.remedy and str(problem.path) in str(problem) for problem in problems)


@pytest.mark.usefixtures("quick_gate")
@pytest.mark.parametrize("tamper", [rewrite_manifest, lose_manifest, lose_issue])
def test_nothing_is_published_on_top_of_a_broken_chain(
    tamper: Callable[[StateFolder], Path], release: Publish, state: StateFolder
) -> None:
    release("2022-01")
    release("2022-02")
    tamper(state)
    index = (state.issues / "index.json").read_bytes()
    with pytest.raises(PublicationRefused, match="issues verify"):
        release("2022-03")
    with pytest.raises(ChainBrokenError):
        reindex(state)
    assert (state.issues / "index.json").read_bytes() == index
    assert not (state.issues / "2022-03").exists()


@pytest.mark.usefixtures("quick_gate")
def test_a_lost_index_is_made_again(release: Publish, state: StateFolder) -> None:
    release("2022-01")
    index = lose_index(state)
    release("2022-02")
    assert index.exists()
    assert [issue.period for issue in list_issues(state)] == ["2022-01", "2022-02"]
    assert verify(state) == []
