"""Defects of whole deliveries: absent, late, in another encoding, cut off, empty. What blocks, and what is said."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from test_defects_of_rows import CSV, CSV_BY_NAME, JSON, RETURN, SQL, XLSX
from tianshui_office import MONTH, Office

BEFORE = "2022-02"
READERS = (CSV, CSV_BY_NAME, JSON, XLSX, SQL, RETURN)


def place(office: Office, feed: str) -> str:
    """How messages name the place of a delivery."""
    record_set = office.record_set(feed)
    table = f"#{record_set.options['table']}" if record_set.reader == "sql" else ""
    return record_set.location.replace("{period}", MONTH) + table


def assert_blocked(office: Office, expected: dict[str, tuple[str, str]]) -> None:
    """Refused with a message (words) that names feed and file, and a remedy; what was landed before stays in force."""
    before = {feed: office.current(feed) for feed in expected}
    receipts = office.land()
    gate = office.gate(receipts)
    assert not gate.passed
    assert sorted(f.check for f in gate.failures) == sorted(expected)
    assert len(gate.screen().splitlines()) <= 24
    for finding in gate.failures:
        feed, receipt, landed = finding.check, receipts[finding.check], before[finding.check]
        words, remedy = expected[feed]
        assert (receipt.status, receipt.reported, receipt.landing_file) == ("refused", False, "")
        assert receipt.message.startswith(f"{feed}: {place(office, feed)}")
        assert re.search(words, receipt.message), receipt.message
        assert remedy in receipt.remedy
        assert (finding.severity, finding.observed, finding.remedy_en) == ("critical", receipt.message, receipt.remedy)
        assert receipt.message in gate.screen() or feed in gate.screen().splitlines()[-1]
        assert receipt.in_force == (landed.hash if landed and landed.hash else "")
        assert office.current(feed) == (landed or receipt)


def assert_blocked_before_and_after(office: Office, kind: str, expected: dict[str, tuple[str, str]]) -> None:
    """Blocked as a first delivery, and as one after a good one; a good one afterwards is landed as if nothing was."""
    defects = [f"{kind}:{feed}:{MONTH}" for feed in expected]
    office.send(*defects)
    assert_blocked(office, expected)
    office.send()
    whole = office.land()
    assert office.gate(whole).passed
    office.send(*defects)
    assert_blocked(office, expected)
    office.send()
    assert office.land() == whole


def test_nothing_came_and_last_months_values_may_be_carried(fire: Office) -> None:
    fire.send(*(f"missing_delivery:{feed}:{MONTH}" for feed in READERS), months=(BEFORE, MONTH))
    fire.land(BEFORE)
    receipts = fire.land()
    for feed in READERS:
        receipt = receipts[feed]
        assert (receipt.status, receipt.received, receipt.landing_file) == ("not_delivered", 0, "")
        assert place(fire, feed) in receipt.message
        finding = fire.finding(receipts, feed)
        assert (finding.passed, finding.severity) == (False, "warning")
        assert finding.observed.endswith("; its last values are carried forward")
        assert "ask the department" in finding.remedy_en
    assert fire.gate(receipts).passed


@pytest.mark.parametrize("except_", [("fire_rescue",), ("D03",)])
def test_nothing_came_from_a_department_whose_values_may_not_be_carried(fire: Office, except_: tuple[str, ...]) -> None:
    fire.send(f"missing_delivery:{CSV}:{MONTH}", months=(BEFORE, MONTH))
    fire.with_carry(1, *except_).land(BEFORE)
    receipts = fire.land()
    assert [(f.check, f.severity) for f in fire.gate(receipts).failures] == [(CSV, "critical")]


def test_nothing_came_where_nothing_is_carried_or_nothing_came_before(fire: Office) -> None:
    fire.send(f"missing_delivery:{CSV}:{BEFORE}", f"missing_delivery:{CSV}:{MONTH}", months=(BEFORE, MONTH))
    fire.land(BEFORE)
    assert not fire.gate(fire.land()).passed
    assert not fire.with_carry(0).gate(fire.land()).passed
    optional = replace(fire.record_set(CSV), required=False)
    sets = tuple(optional if r.name == optional.name else r for r in fire.city.feeds[0].record_sets)
    fire.city = replace(fire.city, feeds=(replace(fire.city.feeds[0], record_sets=sets),))
    assert fire.finding(fire.land(), CSV).severity == "warning"
    assert fire.gate(fire.land()).passed


def test_a_department_of_which_nothing_came_is_named_record_set_by_record_set(fire: Office) -> None:
    fire.send(f"missing_delivery:fire_rescue:{MONTH}")
    receipts = fire.land()
    assert {r.status for r in receipts.values()} == {"not_delivered"}
    gate = fire.gate(receipts)
    assert {f.check for f in gate.failures} == set(receipts)
    assert all(name in gate.screen() for name in receipts)
    assert len(gate.screen().splitlines()) <= 24


def test_a_delivery_that_is_withdrawn_stays_in_force_as_it_was_landed(fire: Office) -> None:
    fire.send()
    landed = fire.land()[CSV]
    fire.send(f"missing_delivery:{CSV}:{MONTH}")
    receipts = fire.with_carry(0).land()
    assert receipts[CSV].in_force == landed.hash
    assert fire.current(CSV) == landed
    assert fire.finding(receipts, CSV).severity == "warning"
    assert "stays in force" in fire.finding(receipts, CSV).observed


def test_a_late_delivery_is_picked_up_when_it_has_arrived(fire: Office) -> None:
    fire.send()
    on_time = fire.land()
    fire.state = replace(fire.state, home=fire.state.home / "late")
    fire.send(*(f"late_delivery:{feed}:{MONTH}" for feed in READERS))
    receipts = fire.land()
    assert {receipts[feed].status for feed in READERS} == {"not_delivered"}
    # Nothing was reported within the carry limit.
    assert sorted(f.check for f in fire.gate(receipts).failures) == sorted(READERS)
    for feed in READERS:
        fire.arrive(feed)
    receipts = fire.land()
    assert receipts == on_time
    assert {feed: fire.current(feed) for feed in receipts} == on_time
    assert fire.gate(receipts).passed
    assert not list(fire.state.landing.rglob("attempt.json"))


def test_a_late_delivery_is_known_to_the_months_that_read_it_for_late_rows(office: Callable[..., Office]) -> None:
    """Rows of February that come with March's delivery are landed in February, whenever it arrives."""
    feed = "health/ems_call"
    health = office("health")
    health.send(f"late_delivery:{feed}:{MONTH}", months=(BEFORE, MONTH))
    without = health.land(BEFORE)[feed]
    assert (without.status, without.late) == ("accepted", 0)
    health.arrive(feed)
    with_late = health.land(BEFORE)[feed]
    header = next(h for h, c in health.record_set(feed).columns.items() if c == "called_at")
    late = health.delivered(feed).where(lambda row: row[header].startswith(BEFORE))
    assert len(late) == with_late.late > 0
    assert with_late.accepted - without.accepted == with_late.late
    assert with_late.hash != without.hash


def test_another_encoding_than_declared_is_refused_not_guessed(fire: Office) -> None:
    use = "set `encoding: {}` for this record set in feeds.yaml"
    expected = {
        CSV: (r"declared as gb18030 but the file is UTF-8", use.format("utf-8")),
        CSV_BY_NAME: (r"row \d+: not utf-8: it looks like gb18030", use.format("gb18030")),
        RETURN: (r"row 1: not utf-8: it looks like gb18030", "ask for utf-8"),
        JSON: (r"not UTF-8", "ask the department to send the file as UTF-8"),
    }
    assert_blocked_before_and_after(fire, "wrong_encoding", expected)


def test_a_file_that_ends_in_the_middle_is_refused_whole(fire: Office) -> None:
    expected = {
        CSV: (r"row \d+: the file is cut off: its last line has 1 of 5 fields", "send the whole file again"),
        CSV_BY_NAME: (r"row \d+: the file is cut off: its last line has 1 of 5 fields", "send the whole file again"),
        RETURN: (r"row \d+: the file is cut off: its last line has 1 of 4 fields", "send the whole file again"),
        JSON: (r"not JSON, or cut off", "send the file again"),
        XLSX: (r"not a workbook: damaged, locked or cut off", "save the workbook again"),
    }
    assert_blocked_before_and_after(fire, "truncated_file", expected)


def test_a_workbook_without_even_headers_is_refused(fire: Office) -> None:
    fire.send(f"empty_sheet:{XLSX}:{MONTH}")
    assert_blocked(fire, {XLSX: ("the sheet is empty: not even a header", "save the workbook again")})


def test_a_return_without_a_row_is_refused(fire: Office) -> None:
    fire.send(f"empty_sheet:{RETURN}:{MONTH}")
    receipts = fire.land()
    assert receipts[RETURN].status == "refused"
    assert "0 rows of 2022-03, at least 1 were expected" in receipts[RETURN].message
    assert [f.check for f in fire.gate(receipts).failures] == [RETURN]


def test_a_table_without_a_row_of_the_month_was_not_delivered(fire: Office) -> None:
    fire.send(f"empty_sheet:{SQL}:{MONTH}")
    receipts = fire.land()
    assert receipts[SQL].status == "not_delivered"
    assert [f.check for f in fire.gate(receipts).failures] == [SQL]


def test_no_row_where_there_were_hundreds_is_a_mistake_and_no_zero(fire: Office) -> None:
    feeds = (CSV, CSV_BY_NAME, JSON)
    fire.send(*(f"empty_sheet:{feed}:{MONTH}" for feed in feeds), months=(BEFORE, MONTH))
    last = fire.land(BEFORE)
    words = f"no row of {MONTH}; {{}} rows of {{}} were delivered before"
    assert_blocked(fire, {f: (words.format(last[f].accepted, BEFORE), "minimum_rows: 0") for f in feeds})
    fire.send()
    whole = fire.land()
    fire.send(*(f"empty_sheet:{feed}:{MONTH}" for feed in feeds))
    assert_blocked(fire, {f: (words.format(whole[f].accepted, MONTH), "ask the department") for f in feeds})


def test_a_department_may_say_that_zero_is_zero(fire: Office) -> None:
    fire.send(f"empty_sheet:{CSV}:{MONTH}", months=(BEFORE, MONTH))
    fire.land(BEFORE)
    record_set = fire.record_set(CSV)
    said = replace(record_set, options={**record_set.options, "minimum_rows": 0})
    sets = tuple(said if r.name == said.name else r for r in fire.city.feeds[0].record_sets)
    fire.city = replace(fire.city, feeds=(replace(fire.city.feeds[0], record_sets=sets),))
    receipt = fire.land()[CSV]
    assert (receipt.status, receipt.reported, receipt.accepted) == ("accepted", True, 0)


def test_what_is_rare_reports_zero_with_a_header_and_no_row(office: Callable[..., Office]) -> None:
    rare = ("emergency/disaster", "emergency/wildfire")
    emergency = office("emergency")
    emergency.send(*(f"empty_sheet:{feed}:{MONTH}" for feed in rare), months=(BEFORE, MONTH))
    emergency.land(BEFORE)
    receipts = emergency.land()
    for feed in rare:
        receipt = receipts[feed]
        assert emergency.delivered(feed).rows == []
        assert (receipt.status, receipt.reported, receipt.received, receipt.accepted) == ("accepted", True, 0, 0)
        assert receipt.landing_file
        assert emergency.finding(receipts, feed).passed
    assert emergency.gate(receipts).passed


def test_several_defects_in_one_month_are_each_told(fire: Office) -> None:
    fire.send(
        f"wrong_encoding:{CSV}:{MONTH}",
        f"truncated_file:{JSON}:{MONTH}",
        f"missing_delivery:{SQL}:{MONTH}",
        f"empty_sheet:{XLSX}:{MONTH}",
        f"duplicate_rows:{CSV_BY_NAME}:{MONTH}",
    )
    receipts = fire.land()
    gate = fire.gate(receipts)
    assert sorted(f.check for f in gate.failures) == sorted([CSV, JSON, SQL, XLSX])
    assert all(f.observed and f.remedy_en for f in gate.failures)
    assert receipts[CSV_BY_NAME].status == "accepted"
    assert receipts[RETURN].status == "accepted"
