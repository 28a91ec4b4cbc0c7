"""Reading a city's folder that may be wrong anywhere: every fault becomes a row of a list, nothing raises.

Belongs here: faults, and tolerant reading of CSV and YAML with rows and lines kept. Does not belong here: the
shapes of files (check_shapes), what files mean to each other (check_territory, _framework, _feeds).
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import yaml

from city.check_shapes import KINDS, DocumentPath, described, load_schema, schema_faults, shown
from city.folder import TextDates
from city.periods import month_index

Severity = Literal["error", "warning"]

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_ENDLESS = re.compile(r"[-+]?\.(inf|nan)", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong with a city's folder.

    `row` is the row of a CSV file as a spreadsheet counts (the header is 1), the line of a YAML file, or 0 for
    the file itself.
    """

    file: str
    row: int
    column: str
    found: str
    expected: str
    remedy: str
    severity: Severity = "error"


@dataclass
class Report:
    """Collects faults, each once."""

    faults: dict[Fault, None] = field(default_factory=dict)

    def add(
        self,
        file: str,
        row: int,
        column: str,
        found: object,
        expected: str,
        remedy: str,
        severity: Severity = "error",
    ) -> None:
        """Note a fault; `found` is shortened to what fits a line."""
        self.faults[Fault(file, row, column, shown(found), expected, remedy, severity)] = None


@dataclass(frozen=True)
class Row:
    """A row of a CSV file: cells that passed the schema, typed; empty and faulty ones are left out."""

    number: int
    text: Mapping[str, str]
    cells: Mapping[str, Any]
    faulty: frozenset[str]

    def get(self, column: str, default: Any = "") -> Any:
        """The typed cell, or the default when it is empty or faulty."""
        return self.cells.get(column, default)

    def sound(self, *columns: str) -> bool:
        """Whether none of these columns has a fault already listed."""
        return self.faulty.isdisjoint(columns)


@dataclass(frozen=True)
class Table:
    """A CSV file. `readable` is False when nothing can be said of its rows."""

    file: str
    rows: tuple[Row, ...] = ()
    readable: bool = False
    present: bool = False

    def values(self, column: str) -> set[Any]:
        """Every sound value of a column."""
        return {row.cells[column] for row in self.rows if column in row.cells}


@dataclass(frozen=True)
class Document:
    """A YAML file: what it says, where each thing stands, and which paths have a fault already listed."""

    file: str
    content: Any = field(default_factory=dict)
    lines: Mapping[DocumentPath, int] = field(default_factory=dict)
    faulty: frozenset[DocumentPath] = frozenset()
    readable: bool = False

    def line(self, path: DocumentPath) -> int:
        """The line of the nearest thing known on the way down to a path; 0 when there is none."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def sound(self, *path: str | int) -> bool:
        """Whether no fault is listed at this path, above it or below it."""
        return not any(other[: len(path)] == path[: len(other)] for other in self.faulty)


def month(text: object) -> int | None:
    """The month's index, or None when the text is no month (its own fault is listed by the schema)."""
    try:
        return month_index(str(text))
    except ValueError:
        return None


def quoted(words: Iterable[object], limit: int = 8) -> str:
    """A sorted list of words short enough for a line."""
    ordered = sorted(str(word) for word in words)
    more = f" … ({len(ordered)})" if len(ordered) > limit else ""
    return ", ".join(ordered[:limit]) + more or "none"


def read_table(folder: Path, file: str, schema: str, report: Report, required: bool = True) -> Table:
    """Read a CSV file and hold every row against its schema. A missing optional file is an empty table."""
    text = _read_text(folder, file, report, required)
    if text is None:
        return Table(file)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = list(reader)
    except csv.Error as error:
        remedy = "close quotes, double those inside a cell (JSON too), save as CSV with commas"
        report.add(file, reader.line_num, "", str(error), "a CSV file", remedy)
        return Table(file, present=True)
    if not lines or not any(cell.strip() for cell in lines[0]):
        report.add(file, 1, "", "no header", "column names in row 1", "write the header; see docs/city-folder.md")
        return Table(file, present=True)
    header = lines[0]
    if not _header_is_sound(file, header, schema, report):
        return Table(file, present=True)
    rows = []
    for number, cells in enumerate(lines[1:], start=2):
        # csv.DictReader, which load_city reads with, passes over blank rows but not over rows of commas
        if cells:
            _no_stray_cells(file, number, header, cells, report)
            rows.append(_row(file, number, dict(zip(header, map(str.strip, cells), strict=False)), schema, report))
    if required and not rows:
        report.add(file, 0, "", "no rows", "at least one row", "fill it in; see docs/city-folder.md")
    return Table(file, tuple(rows), readable=True, present=True)


def read_document(folder: Path, file: str, schema: str, report: Report) -> Document:
    """Read a YAML file and hold it against its JSON Schema."""
    text = _read_text(folder, file, report, required=True)
    if text is None:
        return Document(file)
    try:
        loader = TextDates(text)
        node = loader.get_single_node()
        lines, problems = _survey(node) if node is not None else ({}, [])
        content = loader.construct_document(node) if node is not None else None
        for line, name, problem in problems:
            report.add(file, line, shown(name), problem, "names once and as text, finite numbers", "mend or quote it")
        if problems:
            return Document(file)
        if content is None and load_schema(schema)["type"] == "array":
            return Document(file, [], readable=True)  # a file that lists nothing
        if not isinstance(content, list if load_schema(schema)["type"] == "array" else dict):
            expected = KINDS[load_schema(schema)["type"]]
            report.add(file, 0, "", content, expected, "see docs/city-folder.md for what it holds")
            return Document(file)
        faulty = _check(file, content, schema, lines, report)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = mark.line + 1 if mark else 0
        report.add(file, place, "", error.problem or "not YAML", "YAML", "mind indentation, colons and quotes")
        return Document(file)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError) as error:
        # explicit tags (`!!int abc`) fail inside PyYAML's constructors with whatever Python raises
        report.add(file, 0, "", str(error), "YAML", "mind indentation, colons and quotes")
        return Document(file)
    except RecursionError:
        report.add(file, 0, "", "nested without end", "a few levels of fields", "remove aliases that hold themselves")
        return Document(file)
    return Document(file, content, lines, faulty, readable=True)


def _read_text(folder: Path, file: str, report: Report, required: bool) -> str | None:
    path = folder / file
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        if required:
            report.add(file, 0, "", "no such file", "the file", "write it; docs/city-folder.md says what it holds")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        report.add(file, line, "", f"byte {error.start + 1} is not UTF-8", "UTF-8", "save the file as UTF-8")
    except OSError as error:
        report.add(file, 0, "", error.strerror or "cannot be read", "a readable file", "see who owns it, what it is")
    return None


def _header_is_sound(file: str, header: Sequence[str], schema: str, report: Report) -> bool:
    known = load_schema(schema)["properties"]
    sound = True
    for name in sorted({name for name in header if name and header.count(name) > 1}):
        report.add(file, 1, name, "named twice", "each column once", "remove or rename one of them")
        sound = False
    absent = [name for name in known if name not in header]
    for name in header:
        meant = get_close_matches(name, absent, n=1, cutoff=0.75) if name not in known else []
        if name and meant:
            remedy = f"rename the column to {meant[0]}, or it would be ignored"
            report.add(file, 1, meant[0], name, meant[0], remedy)
            absent.remove(meant[0])
            sound = sound and meant[0] not in load_schema(schema)["required"]
    for name in absent:
        if name in load_schema(schema)["required"]:
            report.add(file, 1, name, "no such column", "the column", f"add it: {described(known[name])}")
            sound = False
    return sound


def _no_stray_cells(file: str, number: int, header: Sequence[str], cells: Sequence[str], report: Report) -> None:
    stray = [
        cell
        for position, cell in enumerate(cells)
        if cell.strip() and (position >= len(header) or not header[position])
    ]
    if stray:
        report.add(file, number, "", ", ".join(stray), "no cell without a header", "quote cells that hold a comma")


def _row(file: str, number: int, text: dict[str, str], schema: str, report: Report) -> Row:
    cells: dict[str, Any] = {}
    unreadable: set[str] = set()
    for column, rule in load_schema(schema)["properties"].items():
        if text.get(column):
            try:
                cells[column] = _typed(text[column], rule["type"])
            except (ValueError, RecursionError) as error:
                report.add(file, number, column, text[column], "a JSON object", f"mend it: {error}")
                unreadable.add(column)
    faulty = set(unreadable)
    for path, found, expected, remedy in schema_faults(schema, cells):
        column = str(path[0]) if path else ""
        if column in unreadable:
            continue
        within = ".".join(map(str, path[1:]))
        expected = f"{within}: {expected}" if within else expected
        report.add(file, number, column, found, expected, remedy)
        faulty.add(column)
    sound = {column: value for column, value in cells.items() if column not in faulty}
    return Row(number, text, sound, frozenset(faulty))


def _typed(text: str, kind: str) -> Any:
    """The cell as the schema's type where it reads as one, else its text: the schema then objects."""
    if kind == "number" and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if kind == "object":
        return json.loads(
            text, object_pairs_hook=_each_once, parse_constant=_finite, parse_float=_finite, parse_int=_finite
        )
    return text


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{shown(name, 30)} is given twice")
    return dict(pairs)


def _finite(text: str) -> float:
    # 400 digits are an int to JSON and no number to anything after it
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{shown(text, 30)} is not a finite number")
    return int(text) if _INTEGER.fullmatch(text) else number


def _check(
    file: str, content: object, schema: str, lines: Mapping[DocumentPath, int], report: Report
) -> frozenset[DocumentPath]:
    document = Document(file, content, lines)
    faulty = set()
    for path, found, expected, remedy in schema_faults(schema, content):
        report.add(file, document.line(path), spelled(path), found, expected, remedy)
        faulty.add(path)
    return frozenset(faulty)


def spelled(path: DocumentPath) -> str:
    """`feeds[0].record_sets[2].reader`: a path as it is written in messages."""
    return "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")


def _names(name: yaml.ScalarNode, path: DocumentPath) -> bool:
    """Whether a name is text, or a delivered value such as 1 that means the same in quotes or not."""
    plain = name.tag == "tag:yaml.org,2002:int" and str(name.value) == str(int(name.value, 0))
    return name.tag == "tag:yaml.org,2002:str" or ("values" in path and plain)


def _survey(root: yaml.Node) -> tuple[dict[DocumentPath, int], list[tuple[int, str, str]]]:
    """The line of every path of a YAML document, and names that are repeated or not text."""
    lines: dict[DocumentPath, int] = {}
    problems: list[tuple[int, str, str]] = []
    visited: set[int] = set()
    pending: list[tuple[DocumentPath, yaml.Node]] = [((), root)]
    while pending:
        path, node = pending.pop()
        lines.setdefault(path, node.start_mark.line + 1)
        if id(node) in visited:  # an alias: its first place has been seen
            continue
        visited.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            pending.extend(((*path, position), child) for position, child in enumerate(node.value))
        elif isinstance(node, yaml.ScalarNode) and not node.style and _ENDLESS.fullmatch(node.value):
            problems.append((node.start_mark.line + 1, spelled(path), f"{node.value} is not a number"))
        elif isinstance(node, yaml.MappingNode):
            names: set[str] = set()
            for name, child in node.value:
                line = name.start_mark.line + 1
                if name.tag == "tag:yaml.org,2002:merge":
                    continue
                if not isinstance(name, yaml.ScalarNode) or not _names(name, path):
                    problems.append((line, spelled(path), f"the name {shown(str(name.value), 30)} is not text"))
                    continue
                if name.value in names:
                    problems.append((line, name.value, "given twice"))
                names.add(name.value)
                lines[(*path, name.value)] = line
                pending.append(((*path, name.value), child))
    return lines, problems
