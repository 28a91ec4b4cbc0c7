"""The ASEM Sustainable Connectivity index as a city of monthly returns, and the scores published for it.

51 countries, 49 indicators, four tiers; min-max 0-100 with bounds from the data, arithmetic means, one month
(2018-01). Data: ../shared/data/oracles/asem (MIT, COINr; ASEM portal, European Commission JRC). The folder uses no
Python and no SQL: it is what a stranger with a published index would write. Where the publisher has no value there
is no row in the return, and no minimum of coverage, as in the published means.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import xlsxwriter

ORACLE = Path(__file__).resolve().parents[2] / "shared" / "data" / "oracles" / "asem"
PERIOD = "2018-01"
READERS = ("csv", "xlsx", "json", "sql")
HEADER = ("月份", "国家代码", "国家", "指标", "数值")
#: The publisher counts levels from the indicators up, framework.csv from the overall index down.
_TOP = 4
_SCORES = "A_raw_norm_agg/normalised__minmax_0_100.csv"
_AGGREGATES = "A_raw_norm_agg/aggregates__minmax_0_100__a_amean.csv"
_RULES = """\
minimum_coverage: 0
carry_forward: {months: 0, except: []}
colours:
  - {key: green, name_zh: 绿, name_en: green, word_zh: 优秀, word_en: excellent, from: 60, hex: "#1a7f4b"}
  - {key: blue, name_zh: 蓝, name_en: blue, word_zh: 良好, word_en: good, from: 45, hex: "#1f6fb2"}
  - {key: red, name_zh: 红, name_en: red, word_zh: 预警, word_en: warning, from: 0, hex: "#c0312b"}
"""
_CITY = f"""\
name_zh: 亚欧会议国家
name_en: ASEM countries
index_name_zh: 可持续互联互通指数
index_name_en: Sustainable Connectivity Index
time_zone: UTC
first_month: {PERIOD}
first_issue: {PERIOD}
unit_levels: [country]
"""
_FRAMEWORK = (
    "code", "parent", "level", "name_zh", "name_en", "weight", "aggregation", "department", "numerator",
    "denominator", "scale", "window", "direction", "scoring", "params", "applies_to", "smoothing", "unit", "note",
)  # fmt: skip
#: Department key of each sub-index: who sends the indicators below it.
_DEPARTMENTS = {"Conn": "connectivity", "Sust": "sustainability"}

_Rows = list[tuple[str, str, str, str, float]]


def write_asem_city(target: Path, *readers: str) -> tuple[Path, Path]:
    """Write `asem/` (the city's folder) and `sources/` (its returns for 2018-01) below a folder; answer both.

    `readers` are one for both departments or one for each: csv, xlsx, json or sql; ValueError names them for any other.
    """
    for reader in readers:
        if reader not in _WRITERS:
            raise ValueError(f"no reader {reader!r}: one of {', '.join(READERS)}")
    reader_of = dict(zip(_DEPARTMENTS, readers * 2, strict=False))
    city, sources = target / "asem", target / "sources"
    nodes = _nodes()
    indicators = [node for node in nodes if node["Level"] == "1"]
    departments = {node["iCode"]: _sub_index(node["iCode"], nodes) for node in indicators}
    (city / "versions" / PERIOD).mkdir(parents=True)
    (city / "city.yaml").write_text(_CITY, encoding="utf-8")
    (city / "versions" / PERIOD / "rules.yaml").write_text(_RULES, encoding="utf-8")
    _write(city / "departments.csv", ("code", "key", "name_zh", "name_en"), _departments(nodes))
    _write(
        city / "units.csv",
        ("code", "name_zh", "name_en", "parent", "level", "peer_group", "aliases", "valid_from", "valid_to"),
        [(row["uCode"], row["uName"], row["uName"], "", "country", "", "", "", "") for row in _data()],
    )
    _write(
        city / "measures.csv",
        ("measure", "kind", "department", "unit", "name_zh", "name_en"),
        [(n["iCode"], "stock", departments[n["iCode"]], n["Unit"], n["iName"], n["iName"]) for n in indicators],
    )
    _write(city / "versions" / PERIOD / "framework.csv", _FRAMEWORK, [_framework_row(node, nodes) for node in nodes])
    feeds = [_feed(code, key, reader_of[code]) for code, key in _DEPARTMENTS.items()]
    (city / "feeds.yaml").write_text("feeds:\n" + "".join(feeds), encoding="utf-8")
    for code, key in _DEPARTMENTS.items():
        rows = [
            (PERIOD, row["uCode"], row["uName"], indicator, float(row[indicator]))
            for row in _data()
            for indicator, department in departments.items()
            if department == code and row[indicator]
        ]
        place = sources / _location(key, reader_of[code]).format(period=PERIOD)
        place.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[reader_of[code]](place, rows)
    return city, sources


def oracle_scores() -> dict[tuple[str, str], float]:
    """Published scores by unit and node code, all four levels; a value that is missing has no score."""
    scores = {
        (row["uCode"], code): float(text)
        for row in _read(_SCORES)
        for code, text in row.items()
        if code != "uCode" and text not in ("", "NA")
    }
    return scores | {(row["uCode"], row["iCode"]): float(row["Score"]) for row in _read(_AGGREGATES)}


def node_levels() -> dict[str, int]:
    """Level of each node as framework.csv counts: 0 the index, 3 an indicator."""
    return {node["iCode"]: _TOP - int(node["Level"]) for node in _nodes()}


def _read(name: str) -> list[dict[str, str]]:
    with (ORACLE / name).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def _data() -> list[dict[str, str]]:
    return _read("input/data.csv")


def _nodes() -> list[dict[str, str]]:
    """Nodes of the index from the top down; groups and denominators of the publisher's file are not nodes."""
    nodes = [row for row in _read("input/framework.csv") if row["Type"] in ("Indicator", "Aggregate")]
    return sorted(nodes, key=lambda node: -int(node["Level"]))


def _sub_index(code: str, nodes: list[dict[str, str]]) -> str:
    parents = {node["iCode"]: node["Parent"] for node in nodes}
    while code not in _DEPARTMENTS:
        code = parents[code]
    return code


def _departments(nodes: list[dict[str, str]]) -> list[tuple[str, str, str, str]]:
    names = {node["iCode"]: node["iName"] for node in nodes}
    return [(code, key, names[code], names[code]) for code, key in _DEPARTMENTS.items()]


def _framework_row(node: dict[str, str], nodes: list[dict[str, str]]) -> tuple[object, ...]:
    code, indicator = node["iCode"], node["Type"] == "Indicator"
    values = [float(row[code]) for row in _data() if row[code]] if indicator else []
    return (
        code,
        node["Parent"],
        _TOP - int(node["Level"]),
        node["iName"],
        node["iName"],
        node["Weight"],
        "" if indicator else "arithmetic",
        _sub_index(code, nodes) if indicator else "",
        code if indicator else "",
        "",
        "",
        "month" if indicator else "",
        node["Direction"] if indicator else "",
        "minmax" if indicator else "",
        json.dumps({"lo": min(values), "hi": max(values), "L": 0, "U": 100}) if indicator else "",
        "",
        "",
        node["Unit"],
        "",
    )


def _location(key: str, reader: str) -> str:
    return f"{key}.sqlite" if reader == "sql" else f"{key}/{{period}}.{reader}"


def _feed(code: str, key: str, reader: str) -> str:
    month, unit, name, measure, value = HEADER
    options = f"        options: {{table: returns, period_column: {month}}}\n" if reader == "sql" else ""
    return f"""\
  - department: {code}
    due_day: 5
    record_sets:
      - name: indicator_return
        title_zh: 指标月报
        title_en: Indicator return
        contract: monthly_return
        reader: {reader}
        location: "{_location(key, reader)}"
        columns: {{{month}: period, {measure}: measure, {value}: value}}
        unit: {{code: {unit}, name: {name}}}
        month_by: period
{options}"""


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_csv(path: Path, rows: _Rows) -> None:
    _write(path, HEADER, [tuple(map(str, row)) for row in rows])


def _write_xlsx(path: Path, rows: _Rows) -> None:
    """As an office sends it: a title above the header, a total below the rows."""
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet("月报")
        sheet.merge_range(0, 0, 0, len(HEADER) - 1, "指标月报表")
        for place, row in enumerate([HEADER, *rows, ("合计", "", "", "", sum(row[-1] for row in rows))], start=1):
            sheet.write_row(place, 0, row)


def _write_json(path: Path, rows: _Rows) -> None:
    pages = list(_pages(rows, 1000))
    content = [
        {"page": number, "pages": len(pages), "total": len(rows), "rows": page} for number, page in enumerate(pages, 1)
    ]
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _pages(rows: _Rows, size: int) -> Iterator[list[dict[str, object]]]:
    for first in range(0, len(rows), size):
        yield [dict(zip(HEADER, row, strict=True)) for row in rows[first : first + size]]


def _write_sql(path: Path, rows: _Rows) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute("create table returns (月份 text, 国家代码 text, 国家 text, 指标 text, 数值 real)")
        connection.executemany("insert into returns values (?, ?, ?, ?, ?)", rows)
        connection.commit()
    finally:
        connection.close()


_WRITERS: dict[str, Callable[[Path, _Rows], None]] = {
    "csv": _write_csv,
    "xlsx": _write_xlsx,
    "json": _write_json,
    "sql": _write_sql,
}
