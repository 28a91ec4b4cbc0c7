"""issues/index.json: which issues there are, which revision of a month is the latest, and the head of the
chain.

The index only repeats what the manifests say and moves last, so it can always be made again; `reindex`
does that after a kill, and refuses where the manifests on disk are not one unbroken chain or the index
knows of issues that are gone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from city.state import StateFolder
from gates.store import json_text, replace_text
from publication.manifest import SCHEMA_VERSION, Issue, ManifestError, read_issue, revision_folders

INDEX = "index.json"


class ChainBrokenError(RuntimeError):
    """Manifests on disk are not one chain, or contradict the index: nothing may be published on top of
    that.
    """


def chain_on_disk(state: StateFolder) -> list[Issue]:
    """All revisions in the order of publication; ChainBrokenError says where the chain breaks."""
    try:
        issues = sorted((read_issue(f) for f in revision_folders(state.issues)), key=lambda i: i.sequence)
    except ManifestError as error:
        raise ChainBrokenError(f"{error}. {_ADVICE}") from error
    faults = chain_faults(issues)
    if faults:
        raise ChainBrokenError(f"{faults[0][1]}. {_ADVICE}")
    return issues


def chain_faults(issues: list[Issue]) -> list[tuple[Path, str]]:
    """Where revisions, sorted by sequence, do not follow one another: folder and what is wrong there."""
    faults: list[tuple[Path, str]] = []
    before: Issue | None = None
    for place, issue in enumerate(issues, start=1):
        name = f"{issue.folder.parent.name}/{issue.folder.name}"
        if issue.sequence != place:
            faults.append((issue.folder, f"{name} is number {issue.sequence} in the chain, expected {place}"))
        if issue.previous_manifest_sha256 != (before.manifest_sha256 if before else None):
            named = f"{before.folder.parent.name}/{before.folder.name}" if before else "no issue before it"
            faults.append((issue.folder, f"{name} does not follow {named} as it is on disk"))
        if (issue.period, f"r{issue.revision}") != (issue.folder.parent.name, issue.folder.name):
            faults.append((issue.folder, f"{name} holds {issue.period} r{issue.revision}"))
        before = issue
    return faults


def index_content(issues: list[Issue]) -> dict[str, Any]:
    """What index.json says of a chain of revisions."""
    latest: dict[str, int] = {}
    for issue in issues:
        latest[issue.period] = max(latest.get(issue.period, 0), issue.revision)
    head = issues[-1] if issues else None
    return {
        "schema_version": SCHEMA_VERSION,
        "city": head.manifest["city"] if head else None,
        "head": {"sequence": head.sequence, "manifest_sha256": head.manifest_sha256} if head else None,
        "latest": latest,
        "issues": [_entry(issue, latest[issue.period]) for issue in issues],
    }


def read_index(state: StateFolder) -> dict[str, Any] | None:
    """index.json, None when it is not there; ChainBrokenError when it cannot be read."""
    path = state.issues / INDEX
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise ChainBrokenError(f"{path} is not JSON ({error}): move it away, then run the repair again") from error
    if not isinstance(content, dict) or not isinstance(content.get("issues"), list):
        raise ChainBrokenError(f"{path} is not an index: move it away, then run the repair again")
    return content


def reindex(state: StateFolder) -> list[Issue]:
    """Make index.json say what the manifests on disk say; answers the chain. A kill between the rename of
    an issue and the move of the index is repaired by this. Call it under the publication lock.
    """
    chain = chain_on_disk(state)
    index = read_index(state)
    known: list[Mapping[str, Any]] = index["issues"] if index else []
    hashes = [issue.manifest_sha256 for issue in chain]
    for place, entry in enumerate(known):
        if place >= len(hashes) or entry.get("manifest_sha256") != hashes[place]:
            raise ChainBrokenError(
                f"the index knows {entry.get('folder')} as something else than is on disk. {_ADVICE}"
            )
    content = index_content(chain)
    if chain and content != index:
        replace_text(state.issues / INDEX, json_text(content))
    return chain


def _entry(issue: Issue, latest: int) -> dict[str, Any]:
    manifest = issue.manifest
    return {
        "sequence": issue.sequence,
        "period": issue.period,
        "issue_number": manifest["issue_number"],
        "revision": issue.revision,
        "latest": issue.revision == latest,
        "folder": f"{issue.period}/r{issue.revision}",
        "manifest_sha256": issue.manifest_sha256,
        "published_at": manifest["published_at"],
        "reason": manifest["reason"],
        "synthetic": manifest["synthetic"]["synthetic"],
        "released_by_override": manifest["override"] is not None,
    }


_ADVICE = "Run `pingan issues verify` and restore the folder issues/ from a copy"
