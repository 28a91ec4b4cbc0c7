"""Every word that a rendering shows and no table holds: `<file>.yaml` of this folder, `key: {zh: …, en: …}`.

Belongs here: the words and reading them. Names of units, nodes and departments are the issue's own and do not.
A key is written once over all files; a text may hold fields in braces, the same in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent
#: Chinese first: the order in which languages are shown and made.
LANGUAGES = ("zh", "en")


class CatalogueError(ValueError):
    """A text is missing, written twice, or differs in its fields between the languages; the message names it."""


@dataclass(frozen=True)
class Catalogue:
    """Texts by key and language."""

    texts: Mapping[str, Mapping[str, str]]

    def text(self, key: str, language: str, **fields: Any) -> str:
        """A text with its fields filled in; CatalogueError for a key or a field that is not there."""
        if key not in self.texts:
            raise CatalogueError(f"publication/catalogue has no text {key!r}: add it with zh and en")
        try:
            return self.texts[key][language].format(**fields)
        except KeyError as error:
            raise CatalogueError(f"text {key!r} in {language} needs the field {error}") from error


@cache
def load_catalogue(folder: Path = FOLDER) -> Catalogue:
    """All texts of the folder's YAML files; CatalogueError lists every fault at once."""
    texts: dict[str, Mapping[str, str]] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # nosec B506 # a SafeLoader
        for key, entry in (content or {}).items():
            faults += _faults(path.name, key, entry, texts)
            texts[key] = entry
    if faults:
        raise CatalogueError("\n".join(faults))
    return Catalogue(texts)


def _faults(file: str, key: str, entry: Any, texts: Mapping[str, Any]) -> list[str]:
    if key in texts:
        return [f"{file}: {key!r} is already in another file"]
    if (
        not isinstance(entry, dict)
        or set(entry) != set(LANGUAGES)
        or not all(isinstance(t, str) for t in entry.values())
    ):
        return [f"{file}: {key!r} must hold the texts zh and en and nothing else"]
    fields = {language: _fields(entry[language]) for language in LANGUAGES}
    if len(set(fields.values())) > 1:
        return [f"{file}: {key!r} has fields {sorted(fields['zh'])} in zh and {sorted(fields['en'])} in en"]
    return []


def _fields(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key written twice is a fault: the second would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping; CatalogueError for a repeated key."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1} if len(set(keys)) < len(keys) else set()
        if twice:
            raise CatalogueError(f"{node.start_mark}: {', '.join(map(repr, sorted(twice)))} is written twice")
        return super().construct_mapping(node, deep=True)
