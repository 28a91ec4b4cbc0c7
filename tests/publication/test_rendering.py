"""Renderings: made beside the issue from its data, moved in whole, verified, and never a change of the issue."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_candidate import small_city, write_candidate

from city import City, StateFolder
from gates.result import Finding, GateResult
from gates.store import write_gate
from publication import rendering
from publication.issue import publish
from publication.reading import read_issue_data
from publication.rendering import (
    PartlyMadeError,
    Rendering,
    RenderingError,
    Request,
    UnknownRenderingError,
    render,
)
from publication.verify import verify

#: What the two renderings below write; a test changes it to change what "the code" makes.
PAGES = {"page.html": "one", "deep/picture.svg": "two"}


def render_pages(request: Request) -> None:
    for name, text in PAGES.items():
        path = request.target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text} of {request.data.period}", encoding="utf-8")


def link_to_others(request: Request) -> None:
    there = sorted(path.relative_to(request.data.folder).as_posix() for path in request.data.folder.glob("*/*.html"))
    (request.target / "links.txt").write_text("\n".join(there), encoding="utf-8")


def render_nothing(request: Request) -> None:
    (request.target / "half.html").write_text("half", encoding="utf-8")
    raise RenderingError("there is no ink")


def render_half(request: Request) -> None:
    (request.target / "word.html").write_text("half", encoding="utf-8")
    raise PartlyMadeError("there is no ink for page.html")


@pytest.fixture(scope="module")
def published_once(tmp_path_factory: pytest.TempPathFactory) -> StateFolder:
    """A state folder with one published month; the gate takes a second, so it is asked once for all tests."""
    state = StateFolder(tmp_path_factory.mktemp("published") / "home", "small")
    write_candidate(state.candidate("2022-02"), "2022-02")
    for gate in ("A", "B"):
        write_gate(state, GateResult(gate, "2022-02", (Finding("all", True),)))
    now = datetime(2022, 3, 10, 9, tzinfo=UTC)
    publish(state.candidate("2022-02"), state, small_city(), now=now, code_version="abc123")
    return state


@pytest.fixture
def published(published_once: StateFolder, state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published month and three kinds of rendering: two that work and one that cannot."""
    shutil.copytree(published_once.root, state.root)
    kinds = {
        name: Rendering(name, f"{__name__}:{function}", entries)
        for name, function, entries in (
            ("pages", "render_pages", ("page.html",)),
            ("broken", "render_nothing", ("page.html",)),
            ("other", "render_pages", ("page.html",)),
        )
    }
    monkeypatch.setattr(rendering, "RENDERINGS", kinds)
    return state.issues / "2022-02" / "r1"


def made(state: StateFolder, city: City, *names: str, code: str = "abc") -> Mapping[str, str]:
    data = read_issue_data(state, "2022-02")
    return {r.name: r.outcome for r in render(data, city, code_version=code, names=names, processes=1)}


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_rendering_is_moved_in_whole_and_the_issue_stays_as_it_was(
    published: Path, state: StateFolder, city: City
) -> None:
    issue = hashes(published)
    assert made(state, city, "pages") == {"pages": "made"}
    after = hashes(published)
    assert issue.items() <= after.items()
    assert set(after) - set(issue) == {"renderings.json", "pages/page.html", "pages/deep/picture.svg"}
    manifest = json.loads((published / "renderings.json").read_text())
    assert {f["name"]: f["sha256"] for f in manifest["renderings"]["pages"]["files"]} == {
        name: after[name] for name in ("pages/page.html", "pages/deep/picture.svg")
    }
    assert manifest["issue_manifest_sha256"] == issue["manifest.json"]
    assert verify(state) == []
    assert [p.name for p in (state.root / "rendering").iterdir()] == [".lock"]


def test_made_again_it_is_the_same_and_is_left_where_it_is(published: Path, state: StateFolder, city: City) -> None:
    made(state, city, "pages")
    first, place = hashes(published), (published / "pages").stat().st_ino
    assert made(state, city, "pages") == {"pages": "unchanged"}
    assert (hashes(published), (published / "pages").stat().st_ino) == (first, place)


def test_other_code_replaces_a_rendering_whole(
    published: Path, state: StateFolder, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(state, city, "pages")
    monkeypatch.setitem(PAGES, "new.html", "three")
    monkeypatch.delitem(PAGES, "deep/picture.svg")
    assert made(state, city, "pages", code="def") == {"pages": "made"}
    assert {p.name for p in (published / "pages").iterdir()} == {"page.html", "new.html"}
    assert json.loads((published / "renderings.json").read_text())["renderings"]["pages"]["code_version"] == "def"
    assert verify(state) == []


def test_one_that_fails_says_why_and_leaves_the_others_and_what_was_there(
    published: Path, state: StateFolder, city: City
) -> None:
    data = read_issue_data(state, "2022-02")
    rendered = {r.name: r for r in render(data, city, code_version="abc", processes=1)}
    assert {n: r.outcome for n, r in rendered.items()} == {"pages": "made", "broken": "failed", "other": "made"}
    assert rendered["broken"].detail == "there is no ink"
    assert not (published / "broken").exists()
    assert verify(state) == []


def test_where_no_other_process_may_be_started_they_are_made_in_this_one(
    published: Path, state: StateFolder, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(count: int) -> None:
        raise AssertionError("daemonic processes are not allowed to have children")

    monkeypatch.setattr(rendering, "may_have_processes", lambda: False)
    monkeypatch.setattr(rendering, "worker_processes", refused)
    data = read_issue_data(state, "2022-02")
    rendered = render(data, city, code_version="abc", names=["pages", "other"], processes=2)
    assert {r.name: r.outcome for r in rendered} == {"pages": "made", "other": "made"}


def test_links_are_written_when_the_others_are_in_their_places_and_know_what_these_lack(
    published: Path, state: StateFolder, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rendering that links comes first here, one beside it is partly made and one fails."""
    kinds = {
        "linking": Rendering("linking", f"{__name__}:render_pages", ("links.txt",), f"{__name__}:link_to_others"),
        "half": Rendering("half", f"{__name__}:render_half", ("word.html", "page.html")),
        "broken": Rendering("broken", f"{__name__}:render_nothing", ("half.html",)),
        "other": rendering.RENDERINGS["other"],
    }
    monkeypatch.setattr(rendering, "RENDERINGS", kinds)
    assert made(state, city) == {"linking": "made", "half": "partly made", "broken": "failed", "other": "made"}
    links = (published / "linking" / "links.txt").read_text(encoding="utf-8").split()
    assert links == ["half/word.html", "other/page.html"]
    assert verify(state) == []


def test_one_that_cannot_be_finished_is_not_moved_in(
    published: Path, state: StateFolder, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = f"{__name__}:render_pages"
    kinds = {"pages": Rendering("pages", function, ("page.html",), f"{__name__}:render_nothing")}
    monkeypatch.setattr(rendering, "RENDERINGS", kinds)
    assert made(state, city) == {"pages": "failed"}
    assert not (published / "pages").exists()


def test_one_that_is_partly_made_goes_in_where_there_was_no_whole_one(
    published: Path, state: StateFolder, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = rendering.RENDERINGS
    half = {**kinds, "pages": Rendering("pages", f"{__name__}:render_half", ("page.html",))}
    monkeypatch.setattr(rendering, "RENDERINGS", half)
    data = read_issue_data(state, "2022-02")
    (result,) = render(data, city, code_version="abc", names=["pages"], processes=1)
    assert (result.outcome, result.detail) == ("partly made", "there is no ink for page.html")
    assert [p.name for p in (published / "pages").iterdir()] == ["word.html"]
    assert verify(state) == []
    monkeypatch.setattr(rendering, "RENDERINGS", kinds)
    assert made(state, city, "pages") == {"pages": "made"}
    whole = hashes(published)
    monkeypatch.setattr(rendering, "RENDERINGS", half)
    assert made(state, city, "pages") == {"pages": "failed"}
    assert hashes(published) == whole


def test_an_entry_that_was_not_written_is_a_failure(
    published: Path, state: StateFolder, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(PAGES, "page.html")
    assert made(state, city, "pages") == {"pages": "failed"}
    assert not (published / "pages").exists()


def test_an_unknown_name_is_refused_with_those_there_are(published: Path, state: StateFolder, city: City) -> None:
    with pytest.raises(UnknownRenderingError, match=r"'pagse'.*pages, broken, other"):
        made(state, city, "pagse")


@pytest.mark.parametrize("what", ["changed", "missing", "stray", "stale", "unreadable"])
def test_verifying_finds_what_is_wrong_with_a_rendering(
    published: Path, state: StateFolder, city: City, what: str
) -> None:
    made(state, city, "pages")
    manifest = published / "renderings.json"
    if what == "changed":
        page = published / "pages" / "page.html"
        page.write_text(page.read_text().replace("one", "two"))  # of the same length
    elif what == "missing":
        (published / "pages" / "page.html").unlink()
    elif what == "stray":
        (published / "pages" / "note.txt").write_text("mine")
    elif what == "stale":
        manifest.write_text(manifest.read_text().replace('"issue_manifest_sha256": "', '"issue_manifest_sha256": "0'))
    else:
        manifest.write_text('{"renderings": []}')
    kinds = {
        "changed": {"changed_rendering"},
        "missing": {"missing_rendering"},
        "stray": {"stray_file"},
        "stale": {"stale_renderings"},
        "unreadable": {"unreadable_renderings", "stray_file"},
    }
    problems = verify(state)
    assert {p.kind for p in problems} == kinds[what]
    if what != "stray":
        assert "pingan render 2022-02" in str(problems[0])
        assert made(state, city, "pages")["pages"] in {"made", "unchanged"}
        assert verify(state) == []


def test_what_a_kill_left_is_swept_by_the_next(published: Path, state: StateFolder, city: City) -> None:
    left = state.root / "rendering" / "tmp-of-a-killed-one" / "pages"
    left.mkdir(parents=True)
    (left / "page.html").write_text("half")
    made(state, city, "pages")
    assert [p.name for p in (state.root / "rendering").iterdir()] == [".lock"]
