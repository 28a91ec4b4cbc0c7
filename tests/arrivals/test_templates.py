"""Delivery templates: filled in by a department the reader accepts them, and does not count the example row."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from arrivals.templates import Field, template_csv, template_fields, template_xlsx, write_templates
from city import City, RecordSet, StateFolder, load_city
from feeds.landing import land
from feeds.receipt import ACCEPTED

CITY = load_city("tianshui")
PERIOD = "2023-01"
RECORD_SETS = list(CITY.record_sets)


def filled(city: City, record_set: RecordSet, fields: list[Field], row: int) -> list[str]:
    """A row as somebody would fill it: what the template shows as an example, with an identifier of its own."""
    values = [field.example for field in fields]
    for place, field in enumerate(fields):
        if record_set.columns.get(field.header) == "record_id":
            values[place] = f"T-{row}"
        if record_set.columns.get(field.header) == "period":
            values[place] = PERIOD
    return values


@pytest.mark.parametrize("record_set", RECORD_SETS, ids=lambda r: r.key)
def test_a_filled_template_is_accepted(record_set: RecordSet, tmp_path: Path) -> None:
    """Every record set of Tianshui: the CSV where CSV is read, the workbook where workbooks are; else as a CSV."""
    fields = template_fields(CITY, record_set, PERIOD)
    as_csv = record_set if record_set.reader in ("csv", "xlsx") else replace(record_set, reader="csv", options={})
    suffix = as_csv.reader
    place = tmp_path / "sources" / f"delivery.{suffix}"
    place.parent.mkdir()
    rows = [filled(CITY, record_set, fields, 1)]
    if suffix == "csv":
        content = template_csv(as_csv, fields)
        stream = io.StringIO(newline="")
        csv.writer(stream, delimiter=str(as_csv.options.get("delimiter", ","))).writerows(rows)
        encoding = "utf-8" if content.startswith(b"\xef\xbb\xbf") else as_csv.encoding
        place.write_bytes(content + stream.getvalue().encode(encoding))
    else:
        place.write_bytes(template_xlsx(CITY, CITY.feed(record_set.department_key), record_set, fields, PERIOD))
        book = openpyxl.load_workbook(place)
        for row in rows:
            book.worksheets[0].append(row)
        book.save(place)
    delivered = replace(as_csv, location=f"delivery.{suffix}", late_months=0)
    receipt = land(CITY, StateFolder(tmp_path / "home", "tianshui"), delivered, PERIOD, str(place.parent), {})
    assert (receipt.status, receipt.accepted, receipt.quarantined, receipt.layout) == (ACCEPTED, 1, 0, 1), receipt
    assert receipt.received == 2


@pytest.mark.parametrize("record_set", RECORD_SETS, ids=lambda r: r.key)
def test_every_value_a_template_offers_is_accepted(record_set: RecordSet, tmp_path: Path) -> None:
    """One row per accepted value of each column."""
    fields = template_fields(CITY, record_set, PERIOD)
    rows = []
    for place, field in enumerate(fields):
        if record_set.unit.get("code") == field.header or record_set.unit.get("name") == field.header:
            continue
        for word in field.accepted:
            row = filled(CITY, record_set, fields, len(rows))
            row[place] = word
            rows.append(row)
    plain = replace(record_set, reader="csv", options={}, location="x.csv", late_months=0, encoding="utf-8")
    (tmp_path / "x.csv").write_bytes(template_csv(plain, fields) + _lines(rows))
    receipt = land(CITY, StateFolder(tmp_path / "home", "tianshui"), plain, PERIOD, str(tmp_path), {})
    wrong = [f for f in receipt.failures if f["reason"] != "duplicate"]
    assert wrong == []
    assert receipt.received == len(rows) + 1


@pytest.mark.parametrize("record_set", RECORD_SETS[::12], ids=lambda r: r.key)
def test_every_unit_a_template_offers_is_known_to_the_reader(record_set: RecordSet) -> None:
    from feeds.units import unit_index

    index = unit_index(CITY, record_set.code_list, PERIOD)
    for field in template_fields(CITY, record_set, PERIOD):
        if field.header == record_set.unit.get("code"):
            assert all(index.resolve(code, None).unit_code for code in field.accepted)
        if field.header == record_set.unit.get("name"):
            assert all(index.resolve(None, name).unit_code for name in field.accepted)
            assert len(field.accepted) == len(set(field.accepted))


def test_the_workbook_has_lists_an_explanation_and_no_formula(tmp_path: Path) -> None:
    record_set = next(r for r in RECORD_SETS if r.reader == "xlsx" and r.values)
    fields = template_fields(CITY, record_set, PERIOD)
    place = tmp_path / "t.xlsx"
    feed = CITY.feed(record_set.department_key)
    place.write_bytes(template_xlsx(CITY, feed, record_set, fields, PERIOD))
    assert place.read_bytes() == template_xlsx(CITY, feed, record_set, fields, PERIOD), "the same bytes each time"
    book = openpyxl.load_workbook(place)
    data, guide, lists = book.worksheets
    listed = {next(iter(v.sqref.ranges)).min_col - 1: v.formula1 for v in data.data_validations.dataValidation}
    assert set(listed) == {place for place, field in enumerate(fields) if field.accepted}
    for number, field in enumerate(fields):
        words = [cell.value for cell in next(lists.iter_cols(number + 1, number + 1, 2)) if cell.value is not None]
        assert tuple(words) == field.accepted
        if field.accepted:
            assert listed[number].endswith(f"${len(field.accepted) + 1}")
    shown = [[cell.value for cell in row] for row in guide.iter_rows()]
    heads = [row[0] for row in shown]
    assert all(field.header in heads for field in fields)
    assert any(CITY.settings["notice_zh"] in str(row[0]) for row in shown), "synthetic data says so"
    kinds = {cell.data_type for sheet in book.worksheets for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds


def test_the_command_writes_a_pair_for_every_record_set(tmp_path: Path) -> None:
    from pipelines.command_line import cli

    result = CliRunner().invoke(cli, ["templates", "--to", str(tmp_path), "--city", "tianshui"])
    assert result.exit_code == 0, result.output
    names = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert names == {f"{r.department_key}/{r.name}.{suffix}" for r in RECORD_SETS for suffix in ("csv", "xlsx")}
    gb = next(r for r in RECORD_SETS if r.encoding == "gb18030")
    text = (tmp_path / gb.department_key / f"{gb.name}.csv").read_bytes().decode("gb18030")
    assert text.splitlines()[0].split(",")[: len(gb.columns)] == list(gb.columns)


def test_any_city_s_folder_gives_templates(tmp_path: Path) -> None:
    written = write_templates(load_city("chicago"), tmp_path, "2012-05")
    assert len(written) == 2 * len(list(load_city("chicago").record_sets))


def _lines(rows: list[list[str]]) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode()
