"""Verifying what has been published: every byte against its manifest, manifests against each other and
the index.

Reads only. A problem is told with what to do; an empty list means that nothing has changed since
publication.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from city.state import StateFolder
from publication.files import sha256_of
from publication.index import INDEX, ChainBrokenError, chain_faults, index_content, read_index
from publication.manifest import MANIFEST, Issue, ManifestError, is_period, read_issue, revision_folders

#: The file that publication locks; it stays.
LOCK = ".publication.lock"
#: Manifest of the renderings of a revision, and of what shows all issues; written by `publication.rendering`.
RENDERINGS_FILE = "renderings.json"

_RESTORE = "restore it from a copy; readers' copies with the same manifest hash are as good"


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was published."""

    kind: str
    path: Path
    detail: str
    remedy: str

    def __str__(self) -> str:
        """One line for the person who has to act."""
        return f"{self.path}: {self.detail} ({self.kind}). What to do: {self.remedy}"


def verify(state: StateFolder) -> list[Problem]:
    """Re-hash every file of every issue and check chain, index, and stray or missing files."""
    if not state.issues.exists():
        return []
    problems: list[Problem] = []
    issues: list[Issue] = []
    for folder in revision_folders(state.issues):
        try:
            issue = read_issue(folder)
        except ManifestError as error:
            problems.append(Problem("unreadable_manifest", folder / MANIFEST, str(error), _RESTORE))
            continue
        issues.append(issue)
        problems.extend(_files(issue))
    issues.sort(key=lambda issue: issue.sequence)
    problems.extend(
        Problem(
            "broken_chain",
            folder / MANIFEST,
            detail,
            f"if the manifest was altered or an issue is gone, {_RESTORE}",
        )
        for folder, detail in chain_faults(issues)
    )
    problems.extend(_revisions(issues))
    problems.extend(_index(state, issues))
    problems.extend(_strays(state))
    return problems


def _files(issue: Issue) -> Iterator[Problem]:
    for name, entry in issue.files.items():
        path = issue.folder / name
        if not path.is_file():
            yield Problem("missing_file", path, "is in the manifest and not on disk", _RESTORE)
        elif path.stat().st_size != entry["bytes"] or sha256_of(path) != entry["sha256"]:
            yield Problem("changed_file", path, "is not what was published", _RESTORE)
    renderings = yield from _renderings(
        issue.folder, {"issue_manifest_sha256": issue.manifest_sha256}, f"run `pingan render {issue.period}`"
    )
    known = {MANIFEST, *issue.files, *renderings}
    for path in sorted(issue.folder.rglob("*")):
        name = path.relative_to(issue.folder).as_posix()
        if name not in known and not (path.is_dir() and any(k.startswith(f"{name}/") for k in renderings)):
            yield Problem("stray_file", path, "is not in the manifest", "move it out of the issue")


def _renderings(folder: Path, made_from: Mapping[str, Any], remedy: str) -> Generator[Problem, None, set[str]]:
    """Renderings against their manifest; answers the names that belong to them. They can be made again from the
    issue, so that a problem with them is never one of the issue.
    """
    path = folder / RENDERINGS_FILE
    if not path.exists():
        return set()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        files = [entry for made in content["renderings"].values() for entry in made["files"]]
        names = {str(entry["name"]): entry for entry in files}
        origin = {key: content[key] for key in made_from}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield Problem("unreadable_renderings", path, f"is not a manifest of renderings: {error}", remedy)
        return {RENDERINGS_FILE}
    if origin != made_from:
        yield Problem("stale_renderings", path, "was made from another state of what it shows", remedy)
    for name, entry in names.items():
        file = folder / name
        if not file.is_file():
            yield Problem("missing_rendering", file, "is in renderings.json and not on disk", remedy)
        elif file.stat().st_size != entry["bytes"] or sha256_of(file) != entry["sha256"]:
            yield Problem("changed_rendering", file, "is not what was rendered", remedy)
    return {RENDERINGS_FILE, *names}


def _revisions(issues: list[Issue]) -> Iterator[Problem]:
    found: dict[str, list[Issue]] = {}
    for issue in issues:
        found.setdefault(issue.period, []).append(issue)
    for period, revisions in found.items():
        numbers = sorted(issue.revision for issue in revisions)
        if numbers != list(range(1, len(numbers) + 1)):
            folder = revisions[0].folder.parent
            yield Problem("missing_revision", folder, f"{period} has revisions {numbers}", _RESTORE)


def _index(state: StateFolder, issues: list[Issue]) -> Iterator[Problem]:
    path = state.issues / INDEX
    repair = "the next publication repairs it, if the manifests are one chain"
    try:
        index = read_index(state)
    except ChainBrokenError as error:
        yield Problem("unreadable_index", path, str(error), f"move it away; {repair}")
        return
    if index is None:
        if issues:
            yield Problem("missing_index", path, "is not there", repair)
        return
    on_disk = {f"{i.folder.parent.name}/{i.folder.name}" for i in issues}
    for entry in index["issues"]:
        if entry.get("folder") not in on_disk:
            gone = state.issues / str(entry.get("folder"))
            yield Problem("missing_issue", gone, "is in the index and not on disk", _RESTORE)
    if index != index_content(issues):
        yield Problem("index_differs", path, "does not say what the manifests say", repair)


def _strays(state: StateFolder) -> Iterator[Problem]:
    """Things that publication did not put there. What a kill left unfinished (.tmp-…) is swept by the
    next one.
    """
    folders = set(revision_folders(state.issues))
    home = yield from _renderings(state.issues, {}, "run `pingan render` for any month")
    first = {name.partition("/")[0] for name in home}
    for place in sorted(first):
        for path in sorted((state.issues / place).rglob("*")):
            if path.is_file() and path.relative_to(state.issues).as_posix() not in home:
                yield Problem("stray_file", path, "does not belong to the page of all issues", "move it out of issues/")
    for path in sorted(state.issues.iterdir()):
        if path.name in {INDEX, LOCK} | first or path.name.startswith(".tmp-"):
            continue
        if not (path.is_dir() and is_period(path.name)):
            yield Problem("stray_file", path, "does not belong to an issue", "move it out of issues/")
            continue
        for inner in sorted(path.iterdir()):
            if inner not in folders and not inner.name.startswith(".tmp-"):
                yield Problem("stray_file", inner, "does not belong to an issue", "move it out of issues/")
