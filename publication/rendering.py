"""Renderings of an issue: what readers look at (site, bulletin, workbook …), made from the issue's data files alone.

A rendering is a name and a function that writes files into an empty folder. Here: which there are, making them beside
the issue and moving them in, and their manifest `renderings.json`. An issue never changes by being rendered: a
rendering lives in a folder of its own name in the revision's folder and can be made again at any time, with the same
bytes from the same code. What a rendering looks like is the business of its own module.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from city.folder import City
from city.state import StateFolder
from gates.store import json_text
from publication.files import sha256_of
from publication.reading import IssueData
from publication.verify import LOCK, RENDERINGS_FILE
from warehouse.processes import may_have_processes, worker_processes

log = logging.getLogger("pingan.rendering")

SCHEMA_VERSION = 1
_WAIT_SECONDS = 120


class RenderingError(RuntimeError):
    """A rendering was not made; the message says which and what to do. The issue's data is complete all the same."""


class PartlyMadeError(RenderingError):
    """Some files of a rendering were made and are of use by themselves; the message says which were not, and why."""


class UnknownRenderingError(LookupError):
    """No rendering has that name; the message lists those there are."""


@dataclass(frozen=True)
class Request:
    """What a rendering is made from, and where to."""

    data: IssueData
    city: City
    #: An empty folder; the function writes into it and nowhere else.
    target: Path
    #: Real boundaries of the units (GeoJSON, may be gzipped), where the city has them.
    boundaries: Path | None


@dataclass(frozen=True)
class Rendering:
    """A kind of rendering. `function` is `module:name`, imported only when it is used."""

    name: str
    function: str
    #: The files that readers are sent to, relative to the rendering's folder.
    entries: tuple[str, ...]
    #: As `function`, for what can be written only when the other renderings are in their places: links to them.
    finish: str = ""


def _function(named: str) -> Callable[[Request], None]:
    module, _, name = named.partition(":")
    return getattr(import_module(module), name)  # type: ignore[no-any-return]  # registered below, tested by name


_ALL: tuple[Rendering, ...] = (
    Rendering("site", "publication.site:render_site", ("index.html", "downloads.html"), "publication.site:finish_site"),
    Rendering("workbook", "publication.workbook:render_workbook", ("workbook.xlsx",)),
    Rendering(
        "bulletin",
        "publication.bulletin:render_bulletin",
        ("bulletin-zh.pdf", "bulletin-en.pdf", "bulletin-zh.docx", "bulletin-en.docx"),
    ),
    Rendering("data", "publication.data_package:render_data_package", ("datapackage.json",)),
)
#: Every rendering by name, in the order in which they are shown.
RENDERINGS: Mapping[str, Rendering] = {rendering.name: rendering for rendering in _ALL}


@dataclass(frozen=True)
class Rendered:
    """What came of one rendering: `made`, `unchanged` or, with the reason in `detail`, `partly made` or `failed`."""

    name: str
    outcome: str
    files: int
    bytes: int
    seconds: float
    detail: str = ""


def chosen(names: Sequence[str]) -> tuple[Rendering, ...]:
    """The renderings of these names, all when there are none; UnknownRenderingError otherwise."""
    unknown = [name for name in names if name not in RENDERINGS]
    if unknown:
        raise UnknownRenderingError(f"no rendering {', '.join(map(repr, unknown))}; there are {', '.join(RENDERINGS)}")
    return tuple(r for r in RENDERINGS.values() if not names or r.name in names)


def render(
    data: IssueData,
    city: City,
    *,
    code_version: str,
    names: Sequence[str] = (),
    boundaries: Path | None = None,
    processes: int = 2,
) -> list[Rendered]:
    """Make the renderings of an issue, move them in, and write `renderings.json` last.

    A rendering that fails leaves the one before it in place and does not stop the others; one that is partly made goes
    in where there was no whole one; what came of each is in the answer. With more than one to make, `processes` work
    side by side.
    """
    wanted = chosen(names)
    city_boundaries = next((p for p in (city.folder / n for n in BOUNDARIES) if p.exists()), None)
    with _work_folder(data.state) as work:
        requests = {}
        for rendering in wanted:
            target = work / rendering.name
            target.mkdir()
            requests[rendering.name] = (rendering, Request(data, city, target, boundaries or city_boundaries))
        rendered, unfinished = [], []
        for made in _made(list(requests.values()), min(processes, len(wanted))):
            if RENDERINGS[made.name].finish and made.outcome == "made":
                unfinished.append(made)
            else:
                rendered.append(_moved_in(data, _checked(*requests[made.name], made), work, code_version))
        for made in unfinished:
            finished = _run(RENDERINGS[made.name].finish, *requests[made.name], made.seconds)
            rendered.append(_moved_in(data, _checked(*requests[made.name], finished), work, code_version))
    _home(data, city, code_version)
    order = list(RENDERINGS)
    return sorted(rendered, key=lambda r: order.index(r.name))


def _home(data: IssueData, city: City, code_version: str) -> None:
    """The page of all issues says which of them can be read, so it is made again after every rendering."""
    from publication.home import write_home

    with _publication_lock(data.state):
        write_home(data.state, city, code_version=code_version)


#: Names under which a city's folder may hold the real boundaries of its units.
BOUNDARIES = ("boundaries.geojson", "boundaries.geojson.gz")


def read_renderings(folder: Path) -> dict[str, Any]:
    """Entries of a revision's `renderings.json` by rendering; empty when nothing has been rendered."""
    path = folder / RENDERINGS_FILE
    if not path.exists():
        return {}
    return dict(json.loads(path.read_text(encoding="utf-8"))["renderings"])


def _made(requests: Sequence[tuple[Rendering, Request]], processes: int) -> Iterator[Rendered]:
    if processes <= 1 or not may_have_processes():
        yield from (_make(rendering, request) for rendering, request in requests)
        return
    with worker_processes(processes) as pool:
        waiting: list[Future[Rendered]] = [pool.submit(_make, *job) for job in requests]
        for future in as_completed(waiting):
            yield future.result()


def _make(rendering: Rendering, request: Request) -> Rendered:
    """Make one rendering in its own folder, but for what is left to its `finish`."""
    return _run(rendering.function, rendering, request)


def _run(function: str, rendering: Rendering, request: Request, seconds_before: float = 0.0) -> Rendered:
    """Call a rendering's function; a fault becomes an outcome, so that the others go on."""
    began = time.monotonic() - seconds_before
    try:
        _function(function)(request)
    except Exception as error:
        log.debug("%s failed", rendering.name, exc_info=True)
        words = str(error) if isinstance(error, RenderingError) else f"{type(error).__name__}: {error}"
        outcome = "partly made" if isinstance(error, PartlyMadeError) else "failed"
        return Rendered(rendering.name, outcome, *_counted(request.target), time.monotonic() - began, words)
    return Rendered(rendering.name, "made", *_counted(request.target), time.monotonic() - began)


def _checked(rendering: Rendering, request: Request, made: Rendered) -> Rendered:
    """A rendering that says it is made and lacks a file that readers are sent to has failed."""
    absent = [name for name in rendering.entries if not (request.target / name).is_file()]
    if made.outcome != "made" or not absent:
        return made
    return replace(made, outcome="failed", detail=f"it made no {', '.join(absent)}: report this as a defect")


def _counted(folder: Path) -> tuple[int, int]:
    """Files of a folder and their bytes."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes)


def _moved_in(data: IssueData, made: Rendered, work: Path, code_version: str) -> Rendered:
    """Put a finished rendering in its place and write the manifest; the same bytes are left where they are."""
    if made.detail:
        log.error("%s r%d %s: %s", data.period, data.issue.revision, made.name, made.detail)
    if made.outcome == "failed" or (made.outcome == "partly made" and _complete(data.folder, made.name)):
        return replace(made, outcome="failed")
    target = data.folder / made.name
    entry: dict[str, Any] = {"code_version": code_version, "files": _files(work / made.name, made.name)}
    with _publication_lock(data.state):
        before = read_renderings(data.folder)
        outcome = made.outcome
        if before.get(made.name, {}).get("files") == entry["files"] and _on_disk(data.folder, entry["files"], target):
            outcome = "unchanged"
        else:
            if target.exists():
                # what stands there is moved away, not into: a reader sees the old pages, then the new
                target.rename(work / f"{made.name}.before")
            (work / made.name).rename(target)
        content = {
            "schema_version": SCHEMA_VERSION,
            "issue_manifest_sha256": data.issue.manifest_sha256,
            "renderings": {**before, made.name: entry},
        }
        # written beside, in the work folder: a kill leaves nothing in the issue's own
        (work / RENDERINGS_FILE).write_text(json_text(content), encoding="utf-8")
        (work / RENDERINGS_FILE).replace(data.folder / RENDERINGS_FILE)
    log.info(
        "%s r%d %s: %s, %d files, %.1f MB in %.1f s",
        data.period, data.issue.revision, made.name, outcome, made.files, made.bytes / 1e6, made.seconds,
    )  # fmt: skip
    return replace(made, outcome=outcome)


def _complete(folder: Path, name: str) -> bool:
    """Whether a rendering with all the files that readers are sent to stands in an issue's folder."""
    files = {file["name"] for file in read_renderings(folder).get(name, {}).get("files", ())}
    return {f"{name}/{entry}" for entry in RENDERINGS[name].entries} <= files


def _files(folder: Path, name: str) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{name}/{path.relative_to(folder).as_posix()}",
            "bytes": path.stat().st_size,
            "sha256": sha256_of(path),
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def _on_disk(folder: Path, files: Sequence[Mapping[str, Any]], target: Path) -> bool:
    """Whether exactly these files lie in the rendering's folder."""
    if not target.is_dir():
        return False
    there = {path.relative_to(folder).as_posix(): path for path in target.rglob("*") if path.is_file()}
    return set(there) == {f["name"] for f in files} and all(sha256_of(there[f["name"]]) == f["sha256"] for f in files)


@contextmanager
def _work_folder(state: StateFolder) -> Iterator[Path]:
    """A folder beside the issues, on their file system. One process renders a city at a time; what a kill left there
    is swept by the next.
    """
    place = state.root / "rendering"
    place.mkdir(parents=True, exist_ok=True)
    with _held(FileLock(place / ".lock"), f"another process is rendering {state.city_key}"):
        for left in place.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
        work = Path(tempfile.mkdtemp(dir=place))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _publication_lock(state: StateFolder) -> Iterator[None]:
    """No publication and no other rendering moves folders at the same time."""
    with _held(FileLock(state.issues / LOCK), f"a publication of {state.city_key} holds the issues"):
        yield


@contextmanager
def _held(lock: FileLock, otherwise: str) -> Iterator[None]:
    try:
        lock.acquire(timeout=_WAIT_SECONDS)
    except Timeout as error:
        raise RenderingError(f"{otherwise} for more than {_WAIT_SECONDS} s: wait for it to end, try again") from error
    try:
        yield
    finally:
        lock.release()
