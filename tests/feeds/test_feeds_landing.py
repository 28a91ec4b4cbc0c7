from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import fsspec  # type: ignore[import-untyped]
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_feeds import CRIME, HEADER, RETURN, reasons, small_city

from city.folder import RecordSet
from city.state import StateFolder
from feeds import judgement, location
from feeds.contract import load_contract
from feeds.errors import FeedError
from feeds.judgement import Delivered, judge_rows
from feeds.landed import current_landing, read_attempt, read_receipt
from feeds.landing import Reception, land, land_department
from feeds.raw import raw_file
from feeds.receipt import Receipt

Put = Callable[..., Path]
Take = Callable[..., Reception]
DISPUTE = replace(
    CRIME,
    name="dispute",
    contract="police.Dispute",
    location="police/{period}/dispute.csv",
    columns={"编号": "record_id", "受理": "opened_at", "期限": "due_at", "办结": "closed_at"},
    values={},
    unit={"code": "单位代码"},
    month_by="due_at",
)


def line(
    record_id: str, date: str = "2022-01-05", category: str = "命案", deaths: str = "0", code: str = "110101001"
) -> str:
    return f"{record_id},{date},{category},{deaths},{code},"


@pytest.fixture
def landed(tmp_path: Path, sources: Path, state: StateFolder) -> Callable[..., Receipt]:
    def run(record_set: RecordSet = CRIME, period: str = "2022-01") -> Receipt:
        return land(small_city(tmp_path, record_set), state, record_set, period, str(sources), {})

    return run


def test_every_row_of_a_delivery_has_one_verdict(put: Put, take: Take) -> None:
    put(
        "police/2022-01/crime.csv",
        [
            line("A1"),
            line("A2", deaths="-1"),
            line("A3", category="盗窃"),
            line("A4", deaths="两"),
            line("A5", code="999999999"),
            line("A1", deaths="3"),
            line("", deaths="x", category=""),
            line("A6", date="2021-12-31"),
            line("A7", date="2021-10-01"),
            line("A8", date="2022-02-01"),
            line("A9", date="没有"),
            line("B1", date=""),
            "合计,,,4,,",
            ",,,,,",
        ],
    )
    taken = take()
    assert reasons(taken) == {
        "out_of_range": 1,
        "unknown_category": 1,
        "type": 2,
        "unit_code_unknown": 1,
        "duplicate": 1,
        "missing": 1,
        "month_out_of_reach": 2,
        "month_unreadable": 2,
    }
    receipt = taken.receipt
    assert (receipt.received, receipt.accepted, receipt.quarantined, receipt.other_month, receipt.layout) == (
        14,
        1,
        10,
        1,
        2,
    )
    found = {f["reason"]: f for f in receipt.failures}
    assert found["duplicate"]["lines"] == [7]
    assert found["duplicate"]["details"] == ["first in police/2022-01/crime.csv, line 2"]
    assert found["unknown_category"]["expected"] == "one of homicide, robbery"
    assert found["unknown_category"]["values"] == ["盗*"]
    assert found["month_out_of_reach"]["expected"] == "a date in 2021-12 to 2022-01"


def test_a_bad_row_does_not_push_out_its_repetition(put: Put, take: Take) -> None:
    put("police/2022-01/crime.csv", [line("A1", deaths="-1"), line("A1")])
    assert take().receipt.accepted == 1


def test_impossible_orders_of_time_are_quarantined(put: Put, take: Take) -> None:
    rows = [
        "1,2022-01-03,2022-01-05,2022-01-04,110101001",
        "2,2022-01-03,2022-01-05,,110101001",
        "3,2022-01-03,2022-01-05,2022-01-02,110101001",
        "4,2022-01-06,2022-01-05,,110101001",
    ]
    put("police/2022-01/dispute.csv", "编号,受理,期限,办结,单位代码\n" + "\n".join(rows) + "\n")
    taken = take(DISPUTE)
    assert taken.accepted is not None
    assert taken.accepted["record_id"].to_list() == ["1", "2"]
    assert {(f["reason"], f["column"]) for f in taken.receipt.failures} == {
        ("time_order", "closed_at"),
        ("time_order", "due_at"),
    }


def test_late_rows_come_from_the_next_delivery_and_are_counted_there(put: Put, take: Take) -> None:
    put("police/2022-01/crime.csv", [line("A1")])
    put("police/2022-02/crime.csv", [line("A2", date="2022-01-30"), line("A3", date="2022-02-02"), line("A1")])
    january, february = take().receipt, take(period="2022-02").receipt
    assert (january.accepted, january.late, january.other_month, january.quarantined) == (2, 1, 1, 1)
    assert (february.accepted, february.other_month) == (1, 2)
    assert take(replace(CRIME, late_months=0)).receipt.accepted == 1


def test_a_broken_later_delivery_does_not_hold_back_the_month(put: Put, take: Take) -> None:
    put("police/2022-01/crime.csv", [line("A1")])
    put("police/2022-02/crime.csv", b"\xff\xfe\x00")
    receipt = take().receipt
    assert receipt.status == "accepted"
    assert "2022-02" in receipt.notes[0]


def test_one_location_of_many_months_gives_each_month_its_rows(put: Put, take: Take) -> None:
    whole = replace(CRIME, location="police/all.csv", date_formats=("%d-%b-%y",))
    put("police/all.csv", [line("A1", "1-Apr-12"), line("A2", "30-Apr-12"), line("A3", "1-May-12")])
    april = take(whole, "2012-04").receipt
    assert (april.accepted, april.other_month, april.quarantined) == (2, 1, 0)


def test_a_delivery_in_several_files_gives_the_same_rows(put: Put, take: Take) -> None:
    rows = [line(f"A{n}", code="110101001" if n % 2 else "110102001") for n in range(10)]
    put("police/2022-01/crime.csv", rows)
    put("police/2022-01/part1.csv", rows[:4])
    put("police/2022-01/part2.csv", rows[4:])
    whole, split = take().accepted, take(replace(CRIME, location="police/{period}/part*.csv")).accepted
    assert whole is not None
    assert split is not None
    place = ["source_file", "source_line"]
    assert whole.drop(place).sort("record_id").equals(split.drop(place).sort("record_id"))
    assert split["source_file"].unique().sort().to_list() == ["police/2022-01/part1.csv", "police/2022-01/part2.csv"]


def test_a_monthly_return_lands_unit_measure_and_value(put: Put, take: Take) -> None:
    head = "月份,单位代码,指标,数值\n"
    put(
        "police/2022-01/figures.csv",
        head + "2022年1月,110101001,在册,12\n2022-01,110102001,在册,-0.5\n"
        "2022-01,110102001,在册,3\n2022-01,110101,别的,3\n202201,110101002,在册,inf\n",
    )
    taken = take(RETURN)
    assert taken.accepted is not None
    assert taken.accepted.columns == ["unit_code", "measure", "value", "source_file", "source_line"]
    assert taken.accepted.select("unit_code", "measure", "value").rows() == [
        ("110101001", "registered", 12.0),
        ("110102001", "registered", -0.5),
    ]
    assert reasons(taken) == {"duplicate": 1, "unknown_measure": 1, "type": 1}
    assert reasons(take(replace(RETURN, options={"non_negative": True})))["out_of_range"] == 1
    put("police/2022-01/figures.csv", head)
    assert "at least 1" in take(RETURN).receipt.message


def test_too_many_quarantined_rows_refuse_the_delivery(put: Put, take: Take) -> None:
    put("police/2022-01/crime.csv", [line("A1"), *(line(f"B{n}", category="?") for n in range(3))])
    receipt = take(replace(CRIME, max_quarantined_share=0.5)).receipt
    assert (receipt.status, receipt.reported) == ("refused", False)
    assert "75.0%" in receipt.message
    assert "category: unknown_category (3 rows)" in receipt.message


def test_another_months_file_is_not_a_month_without_events(put: Put, take: Take) -> None:
    put("police/2022-01/crime.csv", [line(f"A{n}", date="2021-12-05") for n in range(20)])
    assert "none is of 2022-01" in take().receipt.message
    put("police/2022-01/crime.csv", [line("A1", date="2021-12-05")])
    assert take().receipt.reported
    assert "at least 1" in take(replace(CRIME, options={"minimum_rows": 1})).receipt.message


def test_a_month_that_the_records_do_not_cover_is_unreported(put: Put, take: Take) -> None:
    put("police/2022-01/crime.csv", [line("A1")])
    receipt = take(replace(CRIME, complete_through="2022-01-30")).receipt
    assert (receipt.status, receipt.reported, receipt.accepted) == ("accepted", False, 1)
    assert take(replace(CRIME, complete_through="2022-01-31")).receipt.reported


def test_the_same_delivery_lands_as_the_same_bytes(
    put: Put, landed: Callable[..., Receipt], state: StateFolder
) -> None:
    put("police/2022-01/crime.csv", [line(f"A{n}") for n in range(50)] + [line("B", deaths="-1")])
    first = landed()
    kept = {p: p.read_bytes() for p in state.root.rglob("*") if p.is_file()}
    location.READ_CACHE.clear()
    assert landed() == first
    assert {p: p.read_bytes() for p in state.root.rglob("*") if p.is_file()} == kept
    assert location.sha256((state.landing / first.landing_file).read_bytes()) == first.hash
    assert pl.read_parquet(state.landing / first.landing_file).height == 50
    assert pl.read_parquet(state.quarantine / first.quarantine_file)["source_line"].to_list() == [52]


def test_a_restated_month_is_a_new_file_and_a_refused_one_changes_nothing(
    put: Put, landed: Callable[..., Receipt], state: StateFolder, tmp_path: Path
) -> None:
    put("police/2022-01/crime.csv", [line("A1")])
    first = landed()
    path = put("police/2022-01/crime.csv", [line("A1"), line("A2")])
    second = landed()
    assert first.landing_file != second.landing_file
    assert (state.landing / first.landing_file).is_file()

    put("police/2022-01/crime.csv", "x\n")
    refused = landed()
    assert (refused.status, refused.in_force) == ("refused", second.hash)
    assert read_receipt(state, CRIME, "2022-01") == second
    assert read_attempt(state, CRIME, "2022-01") == refused
    path.unlink()
    assert landed().status == "not_delivered"
    assert current_landing(state, [CRIME], ["2021-12", "2022-01"]) == [second]

    put("police/2022-01/crime.csv", [line("A1")])
    assert landed().hash == first.hash
    assert read_attempt(state, CRIME, "2022-01") is None
    (state.landing / first.landing_file).unlink()
    with pytest.raises(FeedError, match="gone"):
        current_landing(state, [CRIME], ["2022-01"])


def test_nothing_ever_delivered_leaves_its_attempt_as_receipt(
    landed: Callable[..., Receipt], state: StateFolder
) -> None:
    assert read_receipt(state, CRIME, "2022-01") is None
    receipt = landed()
    assert (receipt.status, receipt.in_force) == ("not_delivered", "")
    assert "nothing was delivered for 2022-01 at police/2022-01/crime.csv" in receipt.message
    assert read_receipt(state, CRIME, "2022-01") == receipt


def test_a_department_lands_all_its_record_sets_in_order(
    put: Put, tmp_path: Path, sources: Path, state: StateFolder
) -> None:
    put("police/2022-01/crime.csv", [line("A1")])
    city = small_city(tmp_path, CRIME, RETURN)
    receipts = land_department(city, state, "police", "2022-01", str(sources), {})
    assert [(r.key, r.status) for r in receipts] == [
        ("police__crime", "accepted"),
        ("police__figures", "not_delivered"),
    ]


def test_receipts_show_masked_rows_and_survive_json(put: Put, landed: Callable[..., Receipt]) -> None:
    put("police/2022-01/crime.csv", [line("A12345")])
    receipt = landed()
    assert receipt.preview[0]["record_id"] == "A****5"
    assert "A12345" not in receipt.to_json()
    assert Receipt.from_json(receipt.to_json()) == receipt
    assert json.loads(receipt.to_json())["columns"]["deaths"] == "Int64"


def test_deliveries_may_lie_on_any_filesystem_that_fsspec_knows(take: Take) -> None:
    with fsspec.open("memory://feeds-test/police/2022-01/crime.csv", "wb") as stream:
        stream.write(f"{HEADER}\n{line('A1')}\n".encode())
    assert take(root="memory://feeds-test").receipt.accepted == 1


@pytest.mark.parametrize("where", ["../crime.csv", "/etc/passwd", "police/../../x.csv", "http://host/x.csv", "~/x"])
def test_a_location_cannot_leave_the_sources(take: Take, where: str) -> None:
    receipt = take(replace(CRIME, location=where)).receipt
    assert receipt.status == "refused"
    assert "below the sources' root" in receipt.message


def test_sources_that_cannot_be_opened_are_said_so_without_their_address(take: Take) -> None:
    receipt = take(root="nosuch://user:word@host/x").receipt
    assert (receipt.status, receipt.remedy) == ("refused", "check --sources")
    assert "word" not in receipt.to_json()


def test_a_delivery_that_is_too_large_is_refused(put: Put, take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(location, "MAX_BYTES", 50)
    put("police/2022-01/crime.csv", [line("A1")])
    assert "larger than" in take().receipt.message


def test_a_record_set_that_feeds_yaml_maps_wrongly_says_so(put: Put, take: Take) -> None:
    put("police/2022-01/crime.csv", [line("A1")])
    without = {h: c for h, c in CRIME.columns.items() if c != "deaths"}
    assert "maps nothing to deaths" in take(replace(CRIME, columns=without)).receipt.message
    assert "no class Nothing" in take(replace(CRIME, contract="police.Nothing")).receipt.message
    assert "no contract module" in take(replace(CRIME, contract="fire.Crime")).receipt.message


def test_a_file_is_parsed_once_for_a_range_of_months(put: Put, take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    from feeds import csv_reader, readers

    parsed: list[str] = []
    real = csv_reader.read_csv

    def counting(feed: str, path: str, *arguments: object, **options: object) -> object:
        parsed.append(path)
        return real(feed, path, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(readers, "read_csv", counting)
    for month in ("2022-01", "2022-02", "2022-03"):
        put(f"police/{month}/crime.csv", [line("A1", date=f"{month}-05")])
    for month in ("2022-01", "2022-02", "2022-03"):
        take(period=month)
    assert sorted(parsed) == [f"police/2022-0{n}/crime.csv" for n in (1, 2, 3)]
    put("police/2022-01/crime.csv", [line("A2"), line("A3")])
    assert take().receipt.accepted == 2


def test_a_lost_row_would_stop_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [*CRIME.columns, "单位代码", "所属乡镇"]
    rows = pl.DataFrame(
        [["A1", "2022-01-05", "命案", "0", "110101001", None]], schema=dict.fromkeys(names, pl.String), orient="row"
    )
    raw = raw_file("x.csv", "", rows, pl.Series([2], dtype=pl.Int32))
    real = judgement._split_by_month

    def losing(*arguments: object) -> object:
        wanted, out, others = real(*arguments)  # type: ignore[arg-type]
        return wanted.head(0), out, others

    monkeypatch.setattr(judgement, "_split_by_month", losing)
    with pytest.raises(AssertionError, match="1 rows received, 0 accounted for"):
        judge_rows(small_city(tmp_path, CRIME), CRIME, "2022-01", [Delivered(raw, "2022-01", True)])


cell = st.one_of(
    st.none(),
    st.sampled_from(
        ["A1", "2022-01-05", "2021-12-31 10:00", "命案", "抢劫", "0", "-1", "110101001", "110101", "河口镇"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(rows=st.lists(st.tuples(*[cell] * 6), max_size=12), own=st.booleans())
def test_whatever_the_cells_no_row_is_lost(tmp_path: Path, rows: list[tuple[str | None, ...]], own: bool) -> None:
    names = [*CRIME.columns, "单位代码", "所属乡镇"]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    raw = raw_file("x.csv", "", frame, pl.int_range(2, len(rows) + 2, dtype=pl.Int32, eager=True))
    judged = judge_rows(small_city(tmp_path, CRIME), CRIME, "2022-01", [Delivered(raw, "2022-01", own)])
    assert judged.received == len(rows)
    places = judged.quarantine.select("source_line").to_series().to_list()
    assert not set(places) & set(judged.accepted["source_line"])
    assert judged.accepted.height + len(set(places)) + judged.other_month + judged.layout == len(rows)
    assert (
        judged.accepted["occurred_at"]
        .is_between(datetime.datetime(2022, 1, 1), datetime.datetime(2022, 2, 1), closed="left")
        .all()
    )
    load_contract(small_city(tmp_path, CRIME), CRIME).model.validate(judged.accepted)
