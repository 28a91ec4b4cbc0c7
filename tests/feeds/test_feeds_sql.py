from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from small_feeds import CRIME

from feeds.landing import Reception

Take = Callable[..., Reception]
TABLE = replace(
    CRIME, reader="sql", location="police/police.sqlite", options={"table": "立案", "period_column": "报送月份"}
)


@pytest.fixture
def database(sources: Path) -> Path:
    path = sources / "police" / "police.sqlite"
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute(
            'create table "立案" ("案件编号" text, "立案时间" text, "案件类别" text, "死亡人数" integer, '
            '"单位代码" text, "所属乡镇" text, "报送月份" text, "备注" text)'
        )
        connection.executemany(
            'insert into "立案" values (?, ?, ?, ?, ?, ?, ?, ?)',
            [
                ("A2", "2022-01-06 00:00:00", "抢劫", 0, "110101002", None, "2022-01", "x"),
                ("A1", "2022-01-05 13:05:00", "命案", 1, "110101001", None, "2022-01", "x"),
                ("A3", "2022-01-31 23:00:00", "命案", 1, "110101001", None, "2022-02", "x"),
                ("A4", "2022-02-01 01:00:00", "命案", 1, "110101001", None, "2022-02", "x"),
            ],
        )
    return path


def test_a_month_of_a_table_with_its_late_rows(database: Path, take: Take) -> None:
    taken = take(TABLE)
    assert taken.accepted is not None
    assert sorted(taken.accepted["record_id"]) == ["A1", "A2", "A3"]
    assert (taken.receipt.late, taken.receipt.other_month) == (1, 1)
    assert "备注" in taken.receipt.header


def test_lines_do_not_depend_on_the_order_in_the_table(database: Path, take: Take) -> None:
    first = take(TABLE).accepted
    with sqlite3.connect(database) as connection:
        connection.execute('create table again as select * from "立案" order by "案件编号"')
        connection.execute('delete from "立案"')
        connection.execute('insert into "立案" select * from again')
    second = take(TABLE).accepted
    assert first is not None
    assert second is not None
    assert first.equals(second)


def test_a_server_named_by_a_variable_is_read_like_a_file(database: Path, take: Take, tmp_path: Path) -> None:
    elsewhere = replace(TABLE, root="POLICE_DATABASE")
    taken = take(elsewhere, root=str(tmp_path), environment={"POLICE_DATABASE": f"sqlite:///{database}"})
    assert taken.receipt.accepted == 3
    wrong = {"POLICE_DATABASE": "sqlite:////no/such/secret-place/x.db"}
    message = take(elsewhere, environment=wrong).receipt.message
    assert "cannot be read" in message
    assert "secret-place" not in message


def test_no_rows_of_a_month_is_not_delivered_unless_declared_zero(database: Path, take: Take) -> None:
    assert take(TABLE, "2022-03").receipt.status == "not_delivered"
    zero = replace(TABLE, options={**TABLE.options, "empty_is_zero": True})
    assert take(zero, "2022-03").receipt.reported


def test_a_table_or_column_that_is_not_there_is_named(database: Path, take: Take) -> None:
    assert "no table" in take(replace(TABLE, options={"table": "x; drop table 立案"})).receipt.message
    assert "'月'" in take(replace(TABLE, options={"table": "立案", "period_column": "月"})).receipt.message


def test_a_table_with_a_column_of_names_is_refused_by_its_header(database: Path, take: Take) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute('alter table "立案" add column "当事人姓名" text')
    receipt = take(TABLE).receipt
    assert receipt.status == "refused"
    assert "当事人姓名" in receipt.message


def test_a_file_that_is_no_database_is_refused(database: Path, take: Take) -> None:
    database.write_bytes(b"nothing")
    assert "not a SQLite database" in take(TABLE).receipt.message
