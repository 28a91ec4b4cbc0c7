"""A version of the method: is the tree sound, and is everything that decides a score given?

Belongs here: framework.csv, rules.yaml and the reference files of one version. Does not
belong here: who supplies the measures (check_feeds). docs/city-folder.md explains formulas and parameters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from city import reference_quantiles
from city.check_reading import Document, Report, Row, Table, month, quoted, read_document, read_table, spelled
from city.check_territory import Territory
from city.folder import RESIDENTS, CityFolderError
from city.reference_quantiles import read_quantiles_file

_POSTS = ("p0", "p60", "p100")
#: Scoring kinds whose bounds may be frozen in reference.csv, and the columns that hold them.
_FROZEN = {"relative_minmax": ("lo", "hi"), "minmax": ("lo", "hi"), "zscore": ("mean", "sd")}


@dataclass
class Method:
    """A version's files as far as they could be read, and what it needs from elsewhere."""

    name: str
    framework: Table
    reference: Table
    reference_values: Table
    rules: Document
    quantiles: Path
    measures_used: set[str] = field(default_factory=set)
    residents_needed_by: list[str] = field(default_factory=list)

    @property
    def indicators(self) -> list[Row]:
        """Rows that are scored from measures."""
        return [row for row in self.framework.rows if row.get("code") and row.get("scoring")]

    def first_year(self, first_month: int) -> int:
        """The earliest year whose residents the version reads; the reference year may come first."""
        ends = [month(row.get("last_period")) for row in self.reference.rows]
        known = [end for end in ends if end is not None]
        start = month(self.name)
        year = first_month // 12
        if len(self.residents_needed_by) and (known or start is not None):
            year = min(year, (max(known) if known else start or first_month) // 12)
        return year


def read_method(folder: Path, name: str, report: Report) -> Method:
    """Read a version's files with their JSON Schemas."""
    place = f"versions/{name}/"
    return Method(
        name=name,
        framework=read_table(folder, f"{place}framework.csv", "framework", report),
        reference=read_table(folder, f"{place}reference.csv", "reference", report, required=False),
        reference_values=read_table(folder, f"{place}reference_values.csv", "reference_values", report, required=False),
        rules=read_document(folder, f"{place}rules.yaml", "rules", report),
        quantiles=folder / place / reference_quantiles.FILE,
    )


def check_method(method: Method, territory: Territory, measures: Table, report: Report) -> None:
    """All faults of sense in one version; notes in `method` which measures and residents it needs."""
    if method.framework.readable:
        _check_tree(method.framework, report)
        for row in method.indicators:
            _check_indicator(method, row, territory, measures, report)
    if method.framework.readable and method.reference.readable:
        _check_reference(method, territory, report)
    if method.framework.readable and method.reference_values.readable:
        _check_reference_values(method, territory, report)
    if method.framework.readable:
        _check_quantiles(method, report)
    if method.rules.readable:
        _check_rules(method, territory, measures, report)


def _check_tree(framework: Table, report: Report) -> None:
    file = framework.file
    nodes: dict[str, Row] = {}
    folded: dict[str, int] = {}
    for row in framework.rows:
        if code := row.get("code"):
            first = folded.setdefault(code.casefold(), row.number)
            if first != row.number:
                report.add(file, row.number, "code", code, "not used before", f"row {first} has it; change one")
            nodes.setdefault(code, row)
    if all(row.sound("level") for row in framework.rows):
        roots = [row for row in framework.rows if row.get("level", None) == 0]
        if not roots:
            report.add(file, 0, "level", "no row of level 0", "one overall index", "add it, with an empty parent")
        for row in roots[1:]:
            remedy = f"row {roots[0].number} is the overall index already"
            report.add(file, row.number, "level", 0, "exactly one row of level 0", remedy)
    placed = [_check_parent(row, nodes, file, report) for row in framework.rows]
    if all(placed):
        _check_leaves(framework, report)


def _check_parent(row: Row, nodes: Mapping[str, Row], file: str, report: Report) -> bool:
    """Whether the row hangs where it may: no parent at level 0, else a parent of a lower level."""
    if not row.sound("code", "parent", "level"):
        return False
    parent, level = row.get("parent"), row.get("level")
    if level == 0:
        if not parent:
            return True
        report.add(file, row.number, "parent", parent, "nothing 留空", "the overall index has no parent")
    elif parent not in nodes:
        report.add(file, row.number, "parent", parent, "the code of another row", "write the node it belongs to")
    elif nodes[parent].sound("level") and nodes[parent].get("level") >= level:
        way = _way_back(row, nodes)
        found = " → ".join(way) if way else f"{parent} (level {nodes[parent].get('level')})"
        remedy = "break the circle: a node cannot lie in itself" if way else "a parent stands nearer the overall index"
        report.add(file, row.number, "parent", found, f"a node of a level under {level}", remedy)
    else:
        return True
    return False


def _way_back(row: Row, nodes: Mapping[str, Row]) -> list[str]:
    """Codes from a row up to itself; empty when going up does not come back."""
    way = [str(row.get("code"))]
    above = nodes.get(row.get("parent"))
    while above is not None and above.get("code") not in way:
        way.append(str(above.get("code")))
        above = nodes.get(above.get("parent"))
    return [*way, way[0]] if above is not None and above.get("code") == way[0] else []


def _check_leaves(framework: Table, report: Report) -> None:
    parents = {row.get("parent") for row in framework.rows}
    for row in framework.rows:
        if not row.sound("code", "scoring"):
            continue
        code, scoring = row.get("code"), row.get("scoring")
        if scoring and code in parents:
            remedy = "empty scoring (the node is averaged from its children) or move the children"
            report.add(framework.file, row.number, "scoring", scoring, "nothing: the node has children", remedy)
        elif not scoring and code not in parents:
            remedy = "write how it is scored, or give it children"
            report.add(framework.file, row.number, "scoring", "", "a scoring kind: the node has no children", remedy)


def _check_indicator(method: Method, row: Row, territory: Territory, measures: Table, report: Report) -> None:
    file, scoring, params = method.framework.file, row.get("scoring"), row.get("params", {})
    used = [("numerator", row.get("numerator")), ("denominator", row.get("denominator"))]
    if scoring == "zero_tolerance":
        used = [("params", c["measure"]) for c in params.get("classes", ())]
        for measure in sorted({m for _, m in used if [m for _, m in used].count(m) > 1}):
            remedy = "one class per measure: add the deductions up"
            report.add(file, row.number, "params", measure, "each measure in one class", remedy)
    known = measures.values("measure") | {RESIDENTS}
    faulty_measures = any(not r.sound("measure") for r in measures.rows)
    for column, measure in filter(lambda pair: pair[1], used):
        method.measures_used.add(measure)
        if measures.readable and measure not in known and not faulty_measures:
            remedy = "add it to measures.csv, or mend the name"
            report.add(file, row.number, column, measure, "a measure of measures.csv, or residents", remedy)
    if territory.departments.readable and row.get("department") not in {"", *territory.department_keys}:
        remedy = "add it to departments.csv, or mend the code"
        report.add(file, row.number, "department", row.get("department"), "a code of departments.csv", remedy)
    _check_window(method, row, [measure for _, measure in used], measures, report)
    groups = _check_applies(method, row, territory, report)
    _note_residents(method, row, territory, groups)
    if not row.sound("params"):
        return
    if scoring == "goalpost":
        _check_posts(method, row, territory, groups, report)
    elif scoring == "minmax":
        _rising(method, row, params, ("lo", "hi"), report)
        _rising(method, row, {"L": 0.0, "U": 100.0} | params, ("L", "U"), report)
    if scoring in _FROZEN and _FROZEN[scoring][0] not in params and territory.leaves:
        _check_frozen(method, row, groups, report)
    if scoring == "percentile_rank" and territory.leaves:
        _check_reference_set(method, row, territory, groups, report)
    if row.get("smoothing"):
        _check_rates(method, row, territory, groups, report)


def _check_window(method: Method, row: Row, used: Iterable[str], measures: Table, report: Report) -> None:
    kinds = {r.get("measure"): r.get("kind") for r in measures.rows} | {RESIDENTS: "stock"}
    stocks = sorted({measure for measure in used if kinds.get(measure) == "stock"})
    if row.get("scoring") == "zero_tolerance" and str(row.get("window")).startswith("rolling") and stocks:
        # averaged over the window it would deduct a fraction of what it says
        remedy = "take the window month or stock, or count what happened (a flow)"
        found = f"{row.get('window')} over {quoted(stocks)}, a stock"
        report.add(method.framework.file, row.number, "window", found, "flows under zero_tolerance", remedy)
    if row.get("window") == "stock" and kinds.get(row.get("numerator")) == "flow":
        remedy = "take the window month for what happened in the month, or make the measure a stock"
        found = f"{row.get('numerator')} is a flow"
        report.add(method.framework.file, row.number, "window", found, "a stock", remedy, "warning")


def _check_applies(method: Method, row: Row, territory: Territory, report: Report) -> frozenset[str]:
    """The peer groups whose units count; named levels say which units are scored, not which count."""
    words = {word.strip() for word in row.get("applies_to").split(";") if word.strip()}
    if not words or not territory.leaves:
        return territory.peer_groups
    named = words - set(territory.levels)
    if unknown := named - territory.peer_groups:
        known = quoted((territory.peer_groups - {""}) | set(territory.levels))
        remedy = "write peer groups of units.csv (or unit levels), separated by semicolons"
        report.add(method.framework.file, row.number, "applies_to", quoted(unknown), known, remedy)
        return territory.peer_groups
    return frozenset(named) or territory.peer_groups


def _note_residents(method: Method, row: Row, territory: Territory, groups: frozenset[str]) -> None:
    """Note what residents are needed for: as a denominator, for weighted means of scores or of posts."""
    scoring, params = row.get("scoring"), row.get("params", {})
    upper = len(territory.levels) > 1
    per_group = scoring == "relative_minmax" or (scoring == "goalpost" and not set(_POSTS) & params.keys())
    if (
        RESIDENTS in (row.get("numerator"), row.get("denominator"))
        or any(c["measure"] == RESIDENTS for c in params.get("classes", ()))
        or (upper and scoring == "zero_tolerance")
        or (upper and per_group and len(groups) > 1)
    ):
        method.residents_needed_by.append(row.get("code"))


def _check_posts(method: Method, row: Row, territory: Territory, groups: frozenset[str], report: Report) -> None:
    file, params = method.framework.file, row.get("params", {})
    if set(_POSTS) & params.keys():
        _in_direction(method, row, "", params, report)
        return
    given = {group: posts for group, posts in params.items() if group != "cap"}
    for group, posts in given.items():
        _in_direction(method, row, group, posts, report)
    if not territory.leaves:
        return
    ungrouped = [unit for unit in territory.leaves if not unit.get("peer_group") and unit.sound("peer_group")]
    for unit in ungrouped if "" in groups else ():
        remedy = "write its peer group: some indicators have posts per peer group"
        report.add(territory.units.file, unit.number, "peer_group", "", quoted(given), remedy)
    missing, unknown = groups - {""} - given.keys(), given.keys() - territory.peer_groups
    if missing or unknown:
        remedy = "write posts for each peer group of units.csv that the indicator applies to"
        report.add(file, row.number, "params", quoted(given), f"posts for {quoted(groups - {''})}", remedy)


def _in_direction(method: Method, row: Row, group: str, posts: Mapping[str, Any], report: Report) -> None:
    if not row.sound("direction"):
        return
    direction = row.get("direction", 1)
    p0, p60, p100 = (posts[name] * direction for name in _POSTS)
    if not p0 < p60 < p100:
        found = f"{group} p0={posts['p0']}, p60={posts['p60']}, p100={posts['p100']}"
        order = "p0 < p60 < p100" if direction == 1 else "p0 > p60 > p100"
        remedy = "mend the posts or the direction"
        report.add(method.framework.file, row.number, "params", found, f"{order} for direction {direction}", remedy)


def _rising(method: Method, row: Row, params: Mapping[str, Any], names: tuple[str, str], report: Report) -> None:
    low, high = names
    if low in params and params[low] >= params[high]:
        found, remedy = (
            f"{low}={params[low]}, {high}={params[high]}",
            "the direction column turns the scale, not these",
        )
        report.add(method.framework.file, row.number, "params", found, f"{low} < {high}", remedy)


def _check_frozen(method: Method, row: Row, groups: Iterable[str], report: Report) -> None:
    """Bounds in reference.csv for each peer group; a row without a group serves those without their own."""
    code, scoring, reference = row.get("code"), row.get("scoring"), method.reference
    names = _FROZEN[scoring]
    if reference.present and not reference.readable:
        return
    rows = {r.get("group"): r for r in reference.rows if r.get("indicator") == code and not r.text.get("rate")}
    for group in sorted(groups):
        frozen = rows.get(group) or rows.get("")
        named = frozen.get("group") if frozen else group
        whose = f"{code}, peer group {named}" if named else code
        expected = f"{' and '.join(names)} for {whose}"
        if frozen is None:
            remedy = "calibrate (pingan calibrate), or write the row by hand with a note"
            report.add(reference.file, 0, names[0], "no row", expected, remedy)
        elif frozen.sound(*names):
            absent = [name for name in names if name not in frozen.cells]
            if absent:
                report.add(reference.file, frozen.number, absent[0], "", expected, "write it")
            elif scoring != "zscore" and frozen.get("lo") >= frozen.get("hi"):
                found = f"lo={frozen.get('lo')}, hi={frozen.get('hi')}"
                remedy = "equal bounds tell nothing: declare bounds by hand and say why in note"
                report.add(reference.file, frozen.number, "hi", found, f"lo < hi for {whose}", remedy)


def _check_reference_set(method: Method, row: Row, territory: Territory, groups: Iterable[str], report: Report) -> None:
    """A set of values for each peer group; upper units need one of their own or go without a score."""
    code, table = row.get("code"), method.reference_values
    if table.present and not table.readable:
        return
    own = [r for r in table.rows if r.get("indicator") == code and r.sound("value")]
    counts = Counter(r.get("group") for r in own)
    remedy = "calibrate (pingan calibrate), or write one row per value: indicator,group,value"
    for group in sorted({r.get("group") for r in own}):
        rows = [r for r in own if r.get("group") == group]
        if len(rows) > 1 and len({r.get("value") for r in rows}) == 1:
            found, expected = f"{len(rows)} times {rows[0].get('value')}", f"values that differ for {code}"
            told = "a set of one value ranks nothing: take a longer reference period or another scoring kind"
            report.add(table.file, rows[0].number, "value", found, expected, told)
    for group in sorted(groups):
        if (counts[group] or counts[""]) < 2:
            whose = f"{code}, peer group {group}" if group else code
            found = f"{counts[group] or counts['']} values"
            report.add(table.file, 0, "value", found, f"2 or more values for {whose}", remedy)
    if without := [unit for unit in territory.upper_units if counts[unit] < 2]:
        found, expected = f"{code}: none for {quoted(without)}", "2 or more values for each upper unit"
        report.add(table.file, 0, "group", found, expected, f"{remedy}; without them it has no score", "warning")


def _check_reference_values(method: Method, territory: Territory, report: Report) -> None:
    codes = {row.get("code") for row in method.indicators if row.get("scoring") == "percentile_rank"}
    groups = {"", *territory.peer_groups, *territory.by_code}
    sound = all(row.sound("code", "scoring") for row in method.framework.rows)
    file = method.reference_values.file
    for row in method.reference_values.rows:
        if sound and row.get("indicator", None) is not None and row.get("indicator") not in codes:
            expected, remedy = "a percentile_rank indicator of framework.csv", "mend the code, or remove the row"
            report.add(file, row.number, "indicator", row.get("indicator"), expected, remedy)
        if territory.leaves and row.get("group") not in groups:
            expected, remedy = "a peer group, the code of an upper unit, or nothing", "mend it, or remove the row"
            report.add(file, row.number, "group", row.get("group"), expected, remedy)


def _check_quantiles(method: Method, report: Report) -> None:
    try:
        read_quantiles_file(method.quantiles, {str(row.get("code")) for row in method.indicators})
    except CityFolderError as error:
        file = f"versions/{method.name}/{reference_quantiles.FILE}"
        where, _, complaint = str(error).removeprefix(str(method.quantiles)).lstrip(",: ").rpartition("): ")
        report.add(file, 0, "", f"{where})" if where else "rows", complaint, "mend it, or run `pingan calibrate` again")


def _check_rates(method: Method, row: Row, territory: Territory, groups: frozenset[str], report: Report) -> None:
    """A rate row for each parent unit whose members are smoothed."""
    reference, code = method.reference, row.get("code")
    if not territory.leaves or (reference.present and not reference.readable):
        return
    if len(territory.levels) < 2:
        remedy = "empty it: there is no level above whose rate could be taken"
        found, file = row.get("smoothing"), method.framework.file
        report.add(file, row.number, "smoothing", found, "nothing in a city of one level", remedy)
        return
    above = {code for code in territory.upper_units if territory.by_code[code].get("level") == territory.levels[-2]}
    parents = above & {unit.get("parent") for unit in territory.leaves if unit.get("peer_group") in groups}
    given = {r.get("group") for r in reference.rows if r.get("indicator") == code and r.text.get("rate")}
    if absent := parents - given:
        remedy = "calibrate (pingan calibrate), or write one row per parent unit: indicator,group,rate"
        report.add(
            reference.file,
            0,
            "rate",
            f"{code}: none for {quoted(absent)}",
            "a rate of each parent unit",
            remedy,
        )


def _check_reference(method: Method, territory: Territory, report: Report) -> None:
    file = method.reference.file
    codes = {row.get("code") for row in method.indicators}
    sound = all(row.sound("code", "scoring") for row in method.framework.rows)
    seen: dict[tuple[str, str, bool], int] = {}
    for row in method.reference.rows:
        indicator, group = row.get("indicator"), row.get("group")
        is_rate = bool(row.text.get("rate"))
        if sound and indicator and indicator not in codes:
            remedy = "mend the code, or remove the row"
            report.add(file, row.number, "indicator", indicator, "an indicator of framework.csv", remedy)
        known = set(territory.by_code) if is_rate else set(territory.peer_groups) | {""}
        if territory.leaves and group not in known:
            expected = "the code of a parent unit" if is_rate else f"a peer group: {quoted(known - {''})}, or nothing"
            report.add(file, row.number, "group", group, expected, "mend it, or remove the row")
        if is_rate and ("lo" in row.cells or "mean" in row.cells):
            remedy = "write bounds (group = peer group) and rate (group = parent unit) in rows of their own"
            report.add(file, row.number, "rate", row.text.get("rate"), "no bounds beside a rate", remedy)
        first = seen.setdefault((indicator, group, is_rate), row.number)
        if indicator and first != row.number:
            remedy = f"row {first} says it already: remove one"
            report.add(file, row.number, "group", f"{indicator} {group}", "each indicator and group once", remedy)
        first_period, last_period = month(row.get("first_period")), month(row.get("last_period"))
        if first_period is not None and last_period is not None and last_period < first_period:
            expected = f"{row.get('first_period')} or later"
            report.add(
                file,
                row.number,
                "last_period",
                row.get("last_period"),
                expected,
                "write the later month last",
            )


def _check_rules(method: Method, territory: Territory, measures: Table, report: Report) -> None:
    rules, content = method.rules, method.rules.content

    def fault(path: tuple[str | int, ...], found: object, expected: str, remedy: str) -> None:
        report.add(rules.file, rules.line(path), spelled(path), found, expected, remedy)

    colours = content.get("colours", []) if rules.sound("colours") else []
    keys = [colour["key"] for colour in colours]
    for place, (colour, before) in enumerate(zip(colours[1:], colours, strict=False), start=1):
        if colour["from"] >= before["from"]:
            remedy = "write the best colour first, each with a lower cut point"
            fault(("colours", place, "from"), colour["from"], f"less than {before['from']}", remedy)
        if colour["key"] in keys[:place]:
            fault(("colours", place, "key"), colour["key"], "each colour once", "change the key")
    for place, veto in enumerate(content.get("veto", []) if rules.sound("veto") else []):
        method.measures_used.add(veto["measure"])
        if measures.readable and veto["measure"] not in measures.values("measure"):
            remedy = "add it there, or mend the name"
            fault(("veto", place, "measure"), veto["measure"], "a measure of measures.csv", remedy)
        if keys and veto["cap"] not in keys:
            fault(("veto", place, "cap"), veto["cap"], f"one of {', '.join(keys)}", "write a colour's key")
        for level in veto.get("rises_to", []):
            if territory.levels and level not in territory.levels:
                remedy = "see unit_levels of city.yaml"
                fault(("veto", place, "rises_to"), level, f"of {', '.join(territory.levels)}", remedy)
    carry = content.get("carry_forward", {}) if rules.sound("carry_forward") else {}
    for code in carry.get("except", []):
        if territory.departments.readable and code not in territory.department_keys:
            fault(("carry_forward", "except"), code, "codes of departments.csv", "mend the code or remove it")
