"""People's names and numbers in a delivery: refused before anything is landed; nothing of them is kept anywhere."""

from __future__ import annotations

import csv
import io
import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import xlsxwriter  # type: ignore[import-untyped]
from tianshui_office import MONTH, Office

CSV, JSON, SQL = "petitions/petition", "petitions/petition_item", "petitions/petition_backlog"
XLSX = "fire_rescue/fire_training"
#: Made up: the area code is of no place, and the check digits are computed, as those of real numbers are.
NAME, MOBILE = "欧阳无此人", "13800007654"
IDENTITIES = ("81999919991231001", "81999919880229002", "81999919750607003")


def identity(first: str) -> str:
    """Seventeen digits and the check digit of GB 11643 (ISO 7064, MOD 11-2)."""
    total = sum(int(d) * (2 ** (17 - place) % 11) for place, d in enumerate(first))
    return first + "10X98765432"[total % 11]


NUMBERS = [identity(first) for first in IDENTITIES]


@pytest.fixture
def petitions(office: Callable[..., Office]) -> Iterator[Office]:
    """Logs are kept at their most talkative, so that what is not in them was not said."""
    opened = office("petitions")
    opened.send()
    levels = {name: logging.getLogger(name).level for name in ("", "sqlalchemy", "httpx")}
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield opened
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def assert_nothing_kept(office: Office, feed: str, secrets: list[str], log: str) -> None:
    """Refused, header kept, no row landed or quarantined; none of the values in the state folder or in the log."""
    before = office.current(feed)
    receipts = office.land()
    receipt = receipts[feed]
    assert (receipt.status, receipt.reported, receipt.received) == ("refused", False, 0)
    assert (receipt.landing_file, receipt.quarantine_file, receipt.preview, receipt.failures) == ("", "", [], [])
    assert receipt.header
    assert "deliver without this column" in receipt.remedy
    finding = office.finding(receipts, feed)
    assert (finding.passed, finding.severity) == (False, "critical")
    attempt = office.state.landing / feed / MONTH / "attempt.json"
    assert json.loads(attempt.read_text(encoding="utf-8"))["header"] == receipt.header
    assert office.current(feed) == (before or receipt)
    if before is None:
        assert [p.name for p in attempt.parent.iterdir()] == ["attempt.json"]
    for path in office.state.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [s for s in secrets if s.encode() in content or s.encode("gb18030") in content], path
    said = log + office.gate(receipts).screen()
    assert not [s for s in secrets if s in said]


def edit_csv(path: Path, edit: Callable[[list[dict[str, str]]], object], *, with_header: bool = True) -> None:
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode("gb18030"))))
    edit(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    if with_header:
        writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode("gb18030"))


@pytest.mark.parametrize(
    ("header", "values"),
    [("姓名", [NAME]), ("身份证号", NUMBERS), ("联系电话", [MOBILE]), ("信访人", [NAME])],
)
def test_a_column_of_names_or_numbers_in_csv(
    petitions: Office, header: str, values: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    def add(rows: list[dict[str, str]]) -> None:
        for number, row in enumerate(rows):
            row[header] = values[number % len(values)]

    edit_csv(petitions.path(CSV), add)
    assert_nothing_kept(petitions, CSV, values, caplog.text)
    receipt = petitions.current(CSV)
    assert receipt is not None
    assert f"there is {header}" in receipt.message
    assert header in receipt.header


@pytest.mark.parametrize("secret", [NUMBERS, [MOBILE]])
@pytest.mark.parametrize("header", ["信访形式", "备注", "信访件编号"])
def test_numbers_inside_a_column_of_text_whether_it_is_landed_or_not(
    petitions: Office, header: str, secret: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    def write(rows: list[dict[str, str]]) -> None:
        for number, row in enumerate(rows):
            row[header] = f"本人，号码{secret[number % len(secret)]}。" if number < 3 else row.get(header, "")

    edit_csv(petitions.path(CSV), write)
    assert_nothing_kept(petitions, CSV, secret, caplog.text)
    receipt = petitions.current(CSV)
    assert receipt is not None
    assert header in receipt.message


def test_a_good_delivery_before_stays_in_force(petitions: Office, caplog: pytest.LogCaptureFixture) -> None:
    landed = petitions.land()[CSV]
    edit_csv(petitions.path(CSV), lambda rows: [row.update({"姓名": NAME}) for row in rows])
    assert_nothing_kept(petitions, CSV, [NAME], caplog.text)
    assert petitions.current(CSV) == landed


def test_a_file_without_a_header_does_not_put_its_first_row_into_a_message(
    petitions: Office, caplog: pytest.LogCaptureFixture
) -> None:
    def write(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["信访形式"] = NAME
            row["人次"] = NUMBERS[0]

    edit_csv(petitions.path(CSV), write, with_header=False)
    assert_nothing_kept(petitions, CSV, [NAME, NUMBERS[0]], caplog.text)


def test_names_alone_in_the_place_of_a_header_are_masked(petitions: Office, caplog: pytest.LogCaptureFixture) -> None:
    edit_csv(petitions.path(CSV), lambda rows: rows[0].update({"信访形式": NAME}), with_header=False)
    receipt = petitions.land()[CSV]
    assert receipt.status == "refused"
    assert "is missing" in receipt.message
    assert NAME not in receipt.to_json() + caplog.text


def test_json_fields(petitions: Office, caplog: pytest.LogCaptureFixture) -> None:
    path = petitions.path(JSON)
    pages = json.loads(path.read_bytes())
    pages[-1]["rows"][-1]["身份证号"] = NUMBERS[0]
    path.write_text(json.dumps(pages, ensure_ascii=False), encoding="utf-8")
    assert_nothing_kept(petitions, JSON, NUMBERS, caplog.text)


def test_a_column_of_a_table_is_refused_by_its_name_and_never_fetched(
    petitions: Office, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(petitions.path(SQL))) as connection, connection:
        connection.execute('alter table petition_backlog add column "联系电话" text')
        connection.execute('update petition_backlog set "联系电话" = ?', (MOBILE,))
    assert_nothing_kept(petitions, SQL, [MOBILE], caplog.text)


def test_a_workbook_of_an_office(office: Callable[..., Office], caplog: pytest.LogCaptureFixture) -> None:
    fire = office("fire_rescue")
    fire.send()
    rows = fire.delivered(XLSX).rows
    with xlsxwriter.Workbook(fire.path(XLSX)) as workbook:
        sheet = workbook.add_worksheet()
        sheet.merge_range(0, 0, 0, len(rows[0]), "消防宣传培训登记表")
        sheet.write_row(1, 0, [*rows[0], "联系人"])
        for number, row in enumerate(rows, start=2):
            sheet.write_row(number, 0, [*row.values(), NAME])
    assert_nothing_kept(fire, XLSX, [NAME], caplog.text)
