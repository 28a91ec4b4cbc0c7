"""A department's table on a real PostgreSQL: the same rows as from a file, and what is said when the server fails."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import polars as pl
import pytest
from postgresql_server import PASSWORD, USER, Server
from tianshui_office import MONTH, Office

from city.folder import RecordSet
from feeds.raw import RawFile
from feeds.readers import read_delivery

pytestmark = pytest.mark.server

ROOT = "PINGAN_POLICE_DATABASE"
TABLES = ("criminal_clearance", "public_order_case", "village", "register_return")
FEEDS = tuple(f"police/{table}" for table in TABLES)
Opened = Callable[..., Office]


@pytest.fixture
def police(office: Opened, postgresql: Server) -> Office:
    """The police's four tables, in the simulator's SQLite file and on the server."""
    opened = office("police", *TABLES)
    with postgresql.connect() as server:
        server.execute("drop schema public cascade")
        server.execute("create schema public")
        server.execute("grant usage on schema public to public")
    with closing(sqlite3.connect(opened.path(FEEDS[0]))) as connection:
        for table in TABLES:
            cursor = connection.execute(f'select * from "{table}"')
            postgresql.load(table, [d[0] for d in cursor.description], cursor.fetchall())
    return opened


@pytest.fixture
def talkative(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Logs at their most talkative, so that what is not in them was not said."""
    names = ("", "sqlalchemy", "psycopg")
    levels = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield caplog
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def rows(office: Office, feed: str) -> pl.DataFrame:
    receipt = office.current(feed)
    assert receipt is not None
    return pl.read_parquet(office.landed(receipt))


def assert_not_told(office: Office, log: str, secrets: tuple[str, ...]) -> None:
    """None of the words in a file of the state folder, in gate A's screen or in the log."""
    for path in office.state.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [s for s in secrets if s.encode() in content], path
    assert not [s for s in secrets if s in log]


def at_row_150(postgresql: Server, happens: str) -> None:
    """Put criminal_clearance behind a view in which something happens when row 150 is read."""
    with postgresql.connect() as connection:
        connection.execute("alter table criminal_clearance rename to behind")
        connection.execute("drop sequence if exists rows_read")
        connection.execute("create sequence rows_read")
        connection.execute(
            "create view criminal_clearance as select * from behind "
            f"where case when nextval('rows_read') = 150 then {happens} else true end"
        )


def test_the_same_rows_land_from_a_server_as_from_a_file(
    police: Office, postgresql: Server, talkative: pytest.LogCaptureFixture
) -> None:
    of_file = police.land()
    landed = {feed: rows(police, feed) for feed in FEEDS}
    of_server = police.land(environment={ROOT: postgresql.url})
    again = police.land(environment={ROOT: postgresql.url})
    for feed in FEEDS:
        file, server = of_file[feed], of_server[feed]
        assert server.status == "accepted"
        assert server.accepted > 200
        assert (server.received, server.accepted, server.quarantined) == (
            file.received,
            file.accepted,
            file.quarantined,
        )
        assert [f["sha256"] for f in server.files] == [f["sha256"] for f in file.files]
        # Where the rows were read is the one difference; lines and everything else are the same.
        table = feed.partition("/")[2]
        assert set(rows(police, feed)["source_file"]) == {table}
        assert set(landed[feed]["source_file"]) == {f"police/police.sqlite#{table}"}
        assert rows(police, feed).drop("source_file").equals(landed[feed].drop("source_file"))
        assert again[feed].hash == server.hash
    assert police.gate(of_server).passed
    assert_not_told(police, talkative.text, (PASSWORD, postgresql.url))


def test_only_the_months_rows_and_mapped_columns_leave_the_server(
    police: Office, postgresql: Server, talkative: pytest.LogCaptureFixture
) -> None:
    with postgresql.connect() as connection:
        connection.execute('alter table village add column "备注" text')
        connection.execute('update village set "备注" = %s', ("只在库里",))
        connection.execute("insert into village select * from village limit 5")
        connection.execute(
            "update village set \"报送月份\" = '2021-12' where ctid in (select ctid from village limit 7)"
        )
    receipt = police.land(environment={ROOT: postgresql.url})["police/village"]
    with postgresql.connect() as connection:
        counted = connection.execute('select count(*) from village where "报送月份" = %s', (MONTH,)).fetchone()
    assert counted == (receipt.received,)
    assert "备注" in receipt.header
    assert "只在库里" not in talkative.text
    assert_not_told(police, talkative.text, ("只在库里",))


@pytest.mark.parametrize("wrong", ["wrong/@:#%word", ""])
def test_a_wrong_password_is_a_clear_refusal_that_repeats_no_password(
    police: Office, postgresql: Server, talkative: pytest.LogCaptureFixture, wrong: str
) -> None:
    before = police.land()
    receipts = police.land(environment={ROOT: postgresql.address(wrong)})
    for feed in FEEDS:
        receipt = receipts[feed]
        assert receipt.status == "refused"
        assert receipt.message == f"{feed}: {feed.partition('/')[2]}: the database cannot be read (OperationalError)"
        assert "the variable named by `root` holds its address and password" in receipt.remedy
        assert receipt.in_force == before[feed].hash
        assert police.current(feed) == before[feed]
    screen = police.gate(receipts).screen()
    address = f"127.0.0.1:{postgresql.port}"
    secrets = (*filter(None, (wrong,)), PASSWORD, postgresql.address(wrong), f"{USER}:", address)
    assert not [s for s in secrets if s in screen]
    assert_not_told(police, talkative.text, secrets)


def test_a_user_without_the_right_to_read_is_refused(police: Office, postgresql: Server) -> None:
    with postgresql.connect() as connection:
        connection.execute("create role nobody_here login password 'x1'")
    url = f"postgresql+psycopg://nobody_here:x1@127.0.0.1:{postgresql.port}/postgres"
    receipt = police.land(environment={ROOT: url})["police/village"]
    assert "the database cannot be read (InsufficientPrivilege)" in receipt.message


def test_a_connection_that_breaks_in_the_middle_of_the_rows(police: Office, postgresql: Server) -> None:
    """The table is behind a view that ends its own connection at row 150: nothing of the 150 is landed."""
    at_row_150(postgresql, "pg_terminate_backend(pg_backend_pid())")
    feed = "police/criminal_clearance"
    receipts = police.land(environment={ROOT: postgresql.url})
    assert receipts[feed].status == "refused"
    assert receipts[feed].message.startswith(f"{feed}: criminal_clearance: the database cannot be read (")
    assert "check that it is up" in receipts[feed].remedy
    assert receipts[feed].accepted == 0
    assert [p.name for p in (police.state.landing / feed / MONTH).iterdir()] == ["attempt.json"]
    assert [f.check for f in police.gate(receipts).failures] == [feed]
    receipts = police.land(environment={ROOT: postgresql.url})
    assert receipts[feed].status == "accepted"
    assert police.gate(receipts).passed


def test_a_server_stopped_in_the_middle_of_a_query(police: Office, postgresql: Server) -> None:
    """At row 150 the query waits for a lock, until the server, seen waiting there, is stopped as when power fails."""
    at_row_150(postgresql, "pg_advisory_lock(1) is not null")
    feed = "police/criminal_clearance"
    with postgresql.connect() as holder, ThreadPoolExecutor(1) as landing:
        holder.execute("select pg_advisory_lock(1)")
        landed = landing.submit(police.land, environment={ROOT: postgresql.url})
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        while holder.execute(waiting).fetchone() == (0,):
            assert not landed.done()
        postgresql.stop()
        receipts = landed.result()
    assert receipts[feed].status == "refused"
    assert "the database cannot be read (" in receipts[feed].message
    assert receipts[feed].accepted == 0
    assert [p.name for p in (police.state.landing / feed / MONTH).iterdir()] == ["attempt.json"]
    assert feed in [f.check for f in police.gate(receipts).failures]
    postgresql.start()
    with postgresql.connect() as connection:  # with power back the table is there again, whole
        connection.execute("drop view criminal_clearance")
        connection.execute("alter table behind rename to criminal_clearance")
    receipts = police.land(environment={ROOT: postgresql.url})
    assert {receipt.status for receipt in receipts.values()} == {"accepted"}
    assert police.gate(receipts).passed


def test_a_server_that_stops_between_two_tables_and_is_up_for_the_next_run(
    police: Office, postgresql: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {ROOT: postgresql.url}

    def stopping(record_set: RecordSet, period: str, sources: str, environment: Mapping[str, str]) -> list[RawFile]:
        delivered = read_delivery(record_set, period, sources, environment)
        if (record_set.name, period) == (TABLES[1], "2022-04"):
            postgresql.stop()
        return delivered

    with monkeypatch.context() as patched:
        # Late rows of the month after are read last: three of them are the last that the server gives.
        with postgresql.connect() as connection:
            connection.execute("create table after as select * from public_order_case limit 3")
            connection.execute('update after set "报送月份" = \'2022-04\', "案件编号" = "案件编号" || \'B\'')
            connection.execute("insert into public_order_case select * from after")
            connection.execute("drop table after")
        patched.setattr("feeds.landing.read_delivery", stopping)
        receipts = police.land(environment=environment)
    assert [receipts[feed].status for feed in FEEDS] == ["accepted", "accepted", "refused", "refused"]
    assert receipts[FEEDS[1]].late == 3
    assert all("the database cannot be read" in receipts[feed].message for feed in FEEDS[2:])
    assert [f.check for f in police.gate(receipts).failures] == list(FEEDS[2:])
    postgresql.start()
    receipts = police.land(environment=environment)
    assert {receipt.status for receipt in receipts.values()} == {"accepted"}
    assert police.gate(receipts).passed


def test_names_are_quoted_and_nothing_of_them_is_executed(police: Office, postgresql: Server) -> None:
    """Names of a table and of its month column with all that would end a statement."""
    with closing(sqlite3.connect(police.path(FEEDS[2]))) as connection:
        cursor = connection.execute("select * from village")
        columns = [d[0] if d[0] != "报送月份" else 'Month"; --' for d in cursor.description]
        wild = '村"); drop table village; -- 台账'
        postgresql.load(wild, columns, cursor.fetchall())
    village = police.record_set("police/village")
    options = {**village.options, "table": wild, "period_column": 'Month"; --'}
    feed = police.city.feeds[0]
    police.city = replace(
        police.city, feeds=(replace(feed, record_sets=(replace(village, options=options, late_months=0),)),)
    )
    receipt = police.land(environment={ROOT: postgresql.url})["police/village"]
    assert (receipt.status, receipt.accepted) == ("accepted", 2387)
    hostile = replace(village, options={**options, "table": "village; drop table village"}, late_months=0)
    police.city = replace(police.city, feeds=(replace(feed, record_sets=(hostile,)),))
    refused = police.land(environment={ROOT: postgresql.url})["police/village"]
    assert "there is no table 'village; drop table village'" in refused.message
    with postgresql.connect() as connection:
        assert connection.execute("select count(*) from village").fetchone() == (2387,)


def test_a_column_of_names_on_the_server_is_never_fetched(
    police: Office, postgresql: Server, talkative: pytest.LogCaptureFixture
) -> None:
    with postgresql.connect() as connection:
        connection.execute('alter table village add column "户主姓名" text')
        connection.execute('update village set "户主姓名" = %s', ("欧阳无此人",))
    receipt = police.land(environment={ROOT: postgresql.url})["police/village"]
    assert receipt.status == "refused"
    assert "户主姓名" in receipt.message
    assert "户主姓名" in receipt.header
    assert_not_told(police, talkative.text, ("欧阳无此人",))
