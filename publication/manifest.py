"""manifest.json: what an issue is, which bytes belong to it, what it was computed from, and what came
before it.

Manifests form a chain in the order of publication: each holds the SHA-256 of the one before, so that an
issue that was altered or taken away shows. Only reading and building is here; `publication.issue` writes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from city.periods import Period, month_index
from gates.store import json_text

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"


class ManifestError(ValueError):
    """A manifest on disk cannot be read; the message names the file."""


@dataclass(frozen=True)
class Issue:
    """A published revision as its folder shows it."""

    folder: Path
    manifest: Mapping[str, Any]
    manifest_sha256: str

    @property
    def period(self) -> Period:
        """The month."""
        return str(self.manifest["period"])

    @property
    def revision(self) -> int:
        """1 for the first publication of a month."""
        return int(self.manifest["revision"])

    @property
    def sequence(self) -> int:
        """Place in the order of publication, from 1."""
        return int(self.manifest["chain"]["sequence"])

    @property
    def previous_manifest_sha256(self) -> str | None:
        """Hash of the manifest published before this one; None for the first."""
        value = self.manifest["chain"]["previous_manifest_sha256"]
        return None if value is None else str(value)

    @property
    def files(self) -> Mapping[str, Mapping[str, Any]]:
        """Files by name: sha256, bytes, kind (`data`, `gate` or `account`)."""
        return {str(entry["name"]): entry for entry in self.manifest["files"]}


def manifest_bytes(content: Mapping[str, Any]) -> bytes:
    """The manifest as it is written and hashed."""
    return json_text(content).encode("utf-8")


def sha256_of_bytes(content: bytes) -> str:
    """Hash in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read_issue(folder: Path) -> Issue:
    """Read a revision's manifest; ManifestError says what is wrong with it."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        manifest = json.loads(content.decode("utf-8"))
        issue = Issue(folder, manifest, sha256_of_bytes(content))
        month_index(issue.period)
        _ = issue.revision, issue.sequence, issue.previous_manifest_sha256, issue.files
    except FileNotFoundError as error:
        raise ManifestError(f"{path} is missing") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ManifestError(f"{path} is not a manifest: {error}") from error
    return issue


def revision_folders(issues: Path) -> list[Path]:
    """Folders `<period>/r<n>` on disk, by month and revision; unfinished and foreign ones are left out."""
    found: list[tuple[str, int, Path]] = []
    for folder in issues.glob("*/r*"):
        number = folder.name[1:]
        if folder.is_dir() and number.isdigit() and is_period(folder.parent.name):
            found.append((folder.parent.name, int(number), folder))
    return [folder for _, _, folder in sorted(found)]


def is_period(text: str) -> bool:
    """Whether a folder's name is a month."""
    try:
        month_index(text)
    except ValueError:
        return False
    return True
