"""The city's folder as it was when an issue was computed, for whoever asks what stood behind its numbers.

Whose months count, what a column means and how many residents there were stand in the folder; it changes, issues do
not. The departments' SQL is part of the program: where its version is another one, that is said.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from city import City, load_city
from publication.reading import IssueData
from warehouse.inputs import folder_hashes, restore_folder


@dataclass(frozen=True)
class ComputedFrom:
    """The folder an issue was computed from. `changed`: its files that are others now; `kept`: whether it is known.

    `code_then` is the version of the program that computed the issue, empty where the issue does not say.
    """

    city: City
    changed: tuple[str, ...]
    kept: bool
    code_then: str


@contextmanager
def city_of_issue(city: City, issue: IssueData) -> Iterator[ComputedFrom]:
    """Today's folder where nothing has changed, else the kept one; InputGoneError names a kept file that is gone.

    An issue that kept no folder has only today's, and says so. A folder that is put back is there while the context is.
    """
    code = str(issue.manifest.get("candidate_code_version") or "")
    inputs = issue.manifest.get("inputs")
    if not inputs:
        yield ComputedFrom(city, (), False, code)
        return
    then = {entry["path"]: entry["sha256"] for entry in inputs["city_folder"]}
    now = folder_hashes(city)
    changed = tuple(sorted(path for path in then.keys() | now.keys() if then.get(path) != now.get(path)))
    if not changed:
        yield ComputedFrom(city, (), True, code)
        return
    with tempfile.TemporaryDirectory(prefix="pingan-city-") as folder:
        target = Path(folder) / str(issue.manifest["city"]["key"])
        restore_folder(issue.state, inputs, target)
        yield ComputedFrom(load_city(target), changed, True, code)
