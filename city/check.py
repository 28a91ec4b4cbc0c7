"""The check of a whole city's folder: every fault at once, with file, row, column and what to write.

Belongs here: the order of the checks and how faults are shown. Does not belong here: what is wrong with each
file (check_shapes, check_territory, check_framework, check_feeds). Nothing raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from city.check_feeds import Project, check_feeds
from city.check_framework import Method, check_method, read_method
from city.check_reading import Fault, Report, month, read_document, read_table
from city.check_territory import Territory, check_population, check_territory, read_territory
from city.folder import CITIES, city_key

__all__ = ["Fault", "check_city", "errors", "format_faults"]

#: Lines that format_faults shows of one kind of fault before it counts the rest.
_ALIKE = 3
#: Lines of one screen.
_SCREEN = 45


def check_city(folder: Path, project: Path = CITIES.parent) -> list[Fault]:
    """Every fault of a city's folder, in the order of files and rows; empty when all is well.

    `project` holds contracts and measures models (schemas/, dbt_project/). Contracts are imported, for their
    columns, only when the city is one of the project's own (data/<city>).
    Errors forbid a run, warnings do not.
    """
    report = Report()
    folder = folder.expanduser().resolve()
    if not folder.is_dir():
        report.add("", 0, "", str(folder), "a folder with a city.yaml", "name a city of data/ or a folder")
        return list(report.faults)
    territory = read_territory(folder, report)
    measures = read_table(folder, "measures.csv", "measures", report)
    feeds = read_document(folder, "feeds.yaml", "feeds", report)
    check_territory(territory, report)
    methods = _check_versions(folder, territory, report)
    for method in methods:
        check_method(method, territory, measures, report)
    _check_residents(territory, methods, report)
    is_own = (project / "data").resolve() == folder.parent
    known = bool(methods) and all(m.framework.readable and m.rules.readable and _uses_known(m) for m in methods)
    used = {measure for method in methods for measure in method.measures_used} if known else None
    check_feeds(folder, feeds, territory, measures, used, Project(project, city_key(folder), is_own), report)
    return sorted(report.faults)


def errors(faults: Iterable[Fault]) -> list[Fault]:
    """The faults that forbid a run."""
    return [fault for fault in faults if fault.severity == "error"]


def format_faults(faults: Sequence[Fault], whole: bool = False) -> str:
    """One screen: faults by file, alike ones counted after the third; `whole` shows every one.

    Examples of a line: `第 12 行 row 12 · weight: "-3" → 大于 0 more than 0. Weight among the siblings …`.
    """
    if not faults:
        return "城市文件夹无误 The city's folder is sound."
    wrong = len(errors(faults))
    head = f"城市文件夹 city folder: {wrong} 处错误 errors, {len(faults) - wrong} 处提醒 warnings"
    alike = _ALIKE
    while True:
        lines = [head]
        for file, group in groupby(sorted(faults), key=lambda fault: fault.file):
            lines += ["", file or ".", *_lines(list(group), len(faults) if whole else alike)]
        if whole or len(lines) <= _SCREEN or alike == 1:
            break
        alike -= 1
    if not whole and len(lines) > _SCREEN:
        hidden = len(lines) - _SCREEN
        lines = [*lines[:_SCREEN], f"… {hidden} 行未显示 more lines not shown"]
    return "\n".join(lines)


def _lines(faults: Sequence[Fault], alike: int) -> list[str]:
    lines: list[str] = []
    shown: dict[tuple[str, str], int] = {}
    for fault in faults:
        kind = (fault.column.rpartition(".")[2], fault.remedy)
        shown[kind] = shown.get(kind, 0) + 1
        if shown[kind] <= alike:
            place = f"第 {fault.row} 行 row {fault.row}" if fault.row else "全文件 file"
            column = f" · {fault.column}" if fault.column else ""
            word = "提醒 warning: " if fault.severity == "warning" else ""
            lines.append(f"  {place}{column}: {word}{fault.found} → {fault.expected}. {fault.remedy}")
    rest = sum(count - alike for count in shown.values() if count > alike)
    if rest:
        lines.append(f"  … 同类 {rest} 处 {rest} more like these")
    return lines


def _check_versions(folder: Path, territory: Territory, report: Report) -> list[Method]:
    place = folder / "versions"
    names = sorted(path.name for path in place.iterdir() if path.is_dir()) if place.is_dir() else []
    if not names:
        remedy = "make versions/<first month in force>/ with framework.csv and rules.yaml"
        report.add("versions", 0, "", "no version", "at least one folder named YYYY-MM", remedy)
    methods = []
    for name in names:
        if month(name) is None or not name.isascii():
            remedy = "name it by the first month in which it is in force, or move it out of versions/"
            report.add(f"versions/{name}", 0, "", name, "a month like 2022-01", remedy)
        else:
            methods.append(read_method(folder, name, report))
    issue = territory.period("first_issue")
    first = month(methods[0].name) if methods else None
    if issue is not None and first is not None and first > issue:
        found, expected = methods[0].name, f"{territory.settings.content['first_issue']} or earlier"
        remedy = "the first issue needs a method: rename the folder or move first_issue"
        report.add(f"versions/{found}", 0, "", found, expected, remedy)
    return methods


def _uses_known(method: Method) -> bool:
    """Whether no cell that names a measure is faulty: a measure only misspelt must not seem unused."""
    columns = ("scoring", "numerator", "denominator", "params")
    return all(row.sound(*columns) for row in method.framework.rows) and method.rules.sound("veto")


def _check_residents(territory: Territory, methods: Sequence[Method], report: Report) -> None:
    reasons = [code for method in methods for code in method.residents_needed_by]
    first_month = territory.period("first_month")
    first_year = None
    if first_month is not None:
        first_year = min([first_month // 12, *(method.first_year(first_month) for method in methods)])
    check_population(territory, reasons, first_year, report)
