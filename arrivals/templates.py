"""Delivery templates: for each record set a CSV in its declared encoding and an XLSX with lists of accepted values.

Both hold the agreed headers and one example row that begins with 示例, which the reader does not count. The workbook
adds drop-down lists (accepted values, unit codes and names) and a sheet that explains each column in Chinese and
English. What a column may hold is read from the contract and feeds.yaml, never listed here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from arrivals.wording import KINDS
from city.folder import City, Feed, RecordSet
from city.periods import Period
from feeds.contract import PERIOD, Contract, load_contract
from feeds.corrections import cell_of_yaml
from feeds.raw import EXAMPLE
from feeds.units import unit_index

#: Rows of a sheet that have the drop-down lists.
ROWS = 5000
_YES_NO = ("是", "否")
#: The time that workbooks carry: with the clock in it the same template would be other bytes each time.
_CREATED = datetime(2020, 1, 1)
_READS = {
    "csv": ("报送 CSV 文件（工作簿供对照）", "deliver the CSV; the workbook is for reference"),
    "xlsx": ("报送本工作簿（CSV 供对照）", "deliver the workbook; the CSV is for reference"),
    "json": ("由接口报送，字段同表头", "delivered by the interface (JSON); its fields are these headers"),
    "sql": ("由数据库表报送，字段同表头", "delivered by a database table; its columns are these headers"),
    "issue": ("由该市已发布的各期读取，无须填报", "read from the city's published issues; nothing to fill in"),
}


@dataclass(frozen=True)
class Field:
    """A column of a template: header, what it is, whether it must be filled, what it accepts (empty: anything)."""

    header: str
    meaning: str
    kind_zh: str
    kind_en: str
    required: bool
    accepted: tuple[str, ...]
    example: str


def write_templates(city: City, target: Path, period: Period) -> list[Path]:
    """Write `<target>/<department>/<record set>.csv` and `.xlsx` for every record set; answers the files."""
    written: list[Path] = []
    for feed in city.feeds:
        folder = target / feed.department.key
        folder.mkdir(parents=True, exist_ok=True)
        for record_set in feed.record_sets:
            fields = template_fields(city, record_set, period)
            for suffix, content in (
                ("csv", template_csv(record_set, fields)),
                ("xlsx", template_xlsx(city, feed, record_set, fields, period)),
            ):
                path = folder / f"{record_set.name}.{suffix}"
                path.write_bytes(content)
                written.append(path)
    return written


def template_fields(city: City, record_set: RecordSet, period: Period) -> list[Field]:
    """The agreed headers in the order of feeds.yaml: columns, then the unit's; FeedError for a faulty contract."""
    contract = load_contract(city, record_set)
    fields = [_field(city, record_set, contract, h, c, period) for h, c in record_set.columns.items()]
    index = unit_index(city, record_set.code_list, period)
    lowest = {u.code for u in city.units if u.level == city.levels[-1]}
    first = next((code for code, unit in index.by_code.items() if unit in lowest), "")
    for part, header in record_set.unit.items():
        both = len(record_set.unit) > 1
        if part == "code":
            accepted, meaning = tuple(index.by_code), "单位代码 unit code"
            example = first
        else:
            accepted, meaning = tuple(index.labels.values()), "单位名称 unit name"
            example = index.labels[index.by_code[first]] if first else ""
        note = "（代码与名称须一致 must agree）" if both else ""
        fields.append(Field(header, meaning + note, "文本", "text", not both, accepted, example))
    return fields


def template_csv(record_set: RecordSet, fields: Sequence[Field]) -> bytes:
    """Header and example row in the encoding that the reader expects; UTF-8 with the mark that spreadsheets need."""
    stream = io.StringIO()
    delimiter = str(record_set.options.get("delimiter", ",")) if record_set.reader == "csv" else ","
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([field.header for field in fields])
    writer.writerow(_example_row(fields))
    encoding = record_set.encoding if record_set.reader == "csv" else "utf-8"
    is_utf8 = encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig")
    return stream.getvalue().encode("utf-8-sig" if is_utf8 else encoding)


def template_xlsx(city: City, feed: Feed, record_set: RecordSet, fields: Sequence[Field], period: Period) -> bytes:
    """The workbook: data sheet first (where the reader looks), explanation, lists. Text only, no formulas."""
    import xlsxwriter  # type: ignore[import-untyped]

    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": _CREATED, "title": f"{record_set.title_zh} {record_set.title_en}"})
        head = book.add_format({"bold": True, "bg_color": "#DCE6EC", "border": 1, "text_wrap": True})
        text = book.add_format({"num_format": "@"})
        faint = book.add_format({"num_format": "@", "italic": True, "font_color": "#7A7A7A"})
        wrap = book.add_format({"text_wrap": True, "valign": "top"})
        data = book.add_worksheet(_data_sheet(record_set))
        guide = book.add_worksheet("填报说明")
        lists = book.add_worksheet("可选值")
        for place, field in enumerate(fields):
            data.set_column(place, place, 20, text)
            data.write_string(0, place, field.header, head)
            data.write_string(1, place, _example_row(fields)[place], faint)
            lists.write_string(0, place, field.header, head)
            for row, word in enumerate(field.accepted, start=1):
                lists.write_string(row, place, word)
            if field.accepted:
                column = xlsxwriter.utility.xl_col_to_name(place)
                data.data_validation(
                    2, place, ROWS, place,
                    {
                        "validate": "list",
                        "source": f"='可选值'!${column}$2:${column}${len(field.accepted) + 1}",
                        "error_title": "不在可选值之内",
                        "error_message": f"{field.header}: 请从列表中选择 choose from the list",
                    },
                )  # fmt: skip
        data.freeze_panes(1, 0)
        for row, line in enumerate(_guide(city, feed, record_set, fields, period)):
            for place, cell in enumerate(line):
                guide.write_string(row, place, cell, head if row == _GUIDE_HEAD else wrap)
        guide.set_column(0, 6, 24)
    return stream.getvalue()


_GUIDE_HEAD = 4


def _guide(
    city: City, feed: Feed, record_set: RecordSet, fields: Sequence[Field], period: Period
) -> list[tuple[str, ...]]:
    zh, en = _READS[record_set.reader]
    return [
        (f"{feed.department.name_zh} · {record_set.title_zh}", f"{feed.department.name_en} · {record_set.title_en}"),
        (zh, en),
        (
            f"位置：{record_set.location.replace('{period}', period)}；编码：{record_set.encoding}；"
            f"每月 {feed.due_day} 日前报上月",
            f"place: {record_set.location.replace('{period}', period)}; encoding: {record_set.encoding}; "
            f"due on day {feed.due_day} of the following month",
        ),
        ("以“示例”开头的行不计，可删去", "a row that begins with 示例 (example) is not counted and may be deleted"),
        ("列 column", "含义 meaning", "类型", "kind", "必填 required", "可选值 accepted values", "示例 example"),
        *(
            (
                field.header,
                field.meaning,
                field.kind_zh,
                field.kind_en,
                "是 yes" if field.required else "否 no",
                _listed(field.accepted),
                field.example,
            )
            for field in fields
        ),
        *((n, n) for n in filter(None, (city.settings.get("notice_zh"), city.settings.get("notice_en")))),
    ]


def _field(city: City, record_set: RecordSet, contract: Contract, header: str, column: str, period: Period) -> Field:
    known = {c.name: c for c in contract.columns}
    if column == PERIOD and record_set.is_monthly_return:
        zh, en, example = KINDS["month"]
        return Field(header, column, zh, en, True, (), example.format(period=period))
    own = known[column]
    zh, en, example = KINDS[own.kind]
    accepted = _accepted(city, record_set, contract, column, own.kind)
    meaning = f"{column}（决定所属月份 decides the month）" if column == record_set.month_by else column
    shown = accepted[0] if accepted else example.format(period=period)
    return Field(header, meaning, zh, en, own.required and not own.nullable, accepted, shown)


def _accepted(city: City, record_set: RecordSet, contract: Contract, column: str, kind: str) -> tuple[str, ...]:
    """The words a department may write: those that feeds.yaml maps, and the contract's own that it maps to none."""
    mapped: Mapping[str, Any] = record_set.values.get(column, {})
    words = [str(cell_of_yaml(word)) for word in mapped]
    if kind == "boolean" and not words:
        return _YES_NO
    reached = {str(cell_of_yaml(value)) for value in mapped.values()}
    if record_set.is_monthly_return and column == "measure":
        own = [m.name for m in city.measures if m.department == record_set.department]
    else:
        own = _contract_values(contract, column)
    return tuple(dict.fromkeys([*words, *(value for value in own if value not in reached)]))


def _contract_values(contract: Contract, column: str) -> list[str]:
    for check in contract.model.to_schema().columns[column].checks:
        if check.name == "isin":
            return [str(value) for value in check.statistics["allowed_values"]]
    return []


def _example_row(fields: Sequence[Field]) -> list[str]:
    return [EXAMPLE, *(field.example for field in fields[1:])]


def _listed(words: Sequence[str]) -> str:
    if len(words) <= 30:
        return "、".join(words)
    return f"{len(words)} 个，见“可选值” {len(words)}, see the sheet 可选值"


def _data_sheet(record_set: RecordSet) -> str:
    sheet = record_set.options.get("sheet", 1)
    return sheet if isinstance(sheet, str) else "报送"
