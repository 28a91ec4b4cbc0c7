"""The receipt (回执) that goes back to a department: counts, what to correct and where, with masked values."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from arrivals.receipts import latest_receipt, receipt_text
from arrivals.taking import note_delivery
from arrivals.wording import REASONS
from city import City, Feed, StateFolder, load_city
from feeds.landing import land_department

TIANSHUI = load_city("tianshui")
PERIOD = "2023-01"
NOW = datetime(2023, 2, 4, 1, tzinfo=UTC)
HEADER = "纠纷编号,受理时间,化解期限,化解时间,纠纷类别,行政区划代码,所属乡镇街道"
GOOD = [f"T-{n},2023-01-02 10:00:00,2023-01-20 10:00:00,,邻里,620502001," for n in range(97)]
BAD = [
    "T-900,2023-01-02 10:00:00,2023-01-20 10:00:00,,秘密类别,620502001,",
    "T-901,2023-01-02 10:00:00,2023-01-20 10:00:00,,邻里,999999999,",
    "T-1,2023-01-02 10:00:00,2023-01-20 10:00:00,,邻里,620502001,",
]


@pytest.fixture
def feed() -> Feed:
    whole = TIANSHUI.feed("political_legal")
    return replace(whole, record_sets=tuple(r for r in whole.record_sets if r.name == "dispute"))


@pytest.fixture
def city(feed: Feed) -> City:
    return replace(TIANSHUI, feeds=(feed,))


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "home", "tianshui")


def deliver(city: City, state: StateFolder, lines: list[str] | None, now: datetime = NOW) -> Path | None:
    """One delivery, landed, and what goes back."""
    (feed,) = city.feeds
    place = state.sources / "political_legal" / PERIOD / "dispute.csv"
    place.parent.mkdir(parents=True, exist_ok=True)
    if lines is not None:
        place.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    taken = land_department(city, state, "political_legal", PERIOD, str(state.sources), {})
    return note_delivery(city, state, feed, PERIOD, taken, str(state.sources), {}, now=now)


def test_it_counts_rows_and_says_what_to_correct_and_where(city: City, state: StateFolder) -> None:
    page = deliver(city, state, [*GOOD, *BAD, "合计,,,,,,"])
    assert page is not None
    assert page == state.receipts / "political_legal" / PERIOD / "1.html"
    content = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    (told,) = content["record_sets"]
    assert {k: told[k] for k in ("received", "accepted", "quarantined", "other_month", "layout")} == {
        "received": 101, "accepted": 97, "quarantined": 3, "other_month": 0, "layout": 1,
    }  # fmt: skip
    problems = {p["reason"]: p for p in told["problems"]}
    assert set(problems) == {"unknown_category", "unit_code_unknown", "duplicate"}
    assert problems["unknown_category"]["column"] == "纠纷类别"
    assert "邻里" in problems["unknown_category"]["expected"], "in the department's own words"
    assert problems["unknown_category"]["places"] == [{"file": f"political_legal/{PERIOD}/dispute.csv", "line": 99}]
    assert problems["unknown_category"]["do_zh"] == "改为规定的类别"
    assert content["received_at"] == "2023-02-04T09:00:00+08:00"
    for text in (page.read_text(encoding="utf-8"), receipt_text(content), json.dumps(content, ensure_ascii=False)):
        assert "秘密类别" not in text
        assert "999999999" not in text
        assert TIANSHUI.settings["notice_zh"] in text
        assert "模拟" in text
        assert "第 99 行" in text or "99" in text
    assert "://" not in page.read_text(encoding="utf-8")


def test_a_refused_delivery_is_sent_back_with_the_remedy(city: City, state: StateFolder) -> None:
    page = deliver(city, state, ["half,a"])
    assert page is not None
    content = latest_receipt(page.parent)
    assert content is not None
    (told,) = content["record_sets"]
    assert (told["status"], told["status_zh"]) == ("refused", "退回，未接收")
    assert told["message"]
    assert told["remedy"]
    assert content["corrections_needed"] == 1


def test_there_is_a_new_receipt_only_for_something_new(city: City, state: StateFolder) -> None:
    assert deliver(city, state, None) is None, "nothing came: reminders speak of that"
    first = deliver(city, state, [*GOOD, *BAD])
    again = deliver(city, state, [*GOOD, *BAD], NOW.replace(hour=5))
    corrected = deliver(city, state, GOOD, NOW.replace(hour=6))
    assert first is not None
    assert again is None
    assert corrected is not None
    assert [p.name for p in (first, corrected)] == ["1.html", "2.html"]
    whole = latest_receipt(corrected.parent)
    assert whole is not None
    assert (whole["number"], whole["corrections_needed"]) == (2, 0)
    assert "无。" in corrected.read_text(encoding="utf-8")


def test_what_a_cell_holds_cannot_become_markup(city: City, state: StateFolder) -> None:
    lines = [*GOOD, "<script>alert(1)</script>,2023-01-02,2023-01-20,,邻里,<b>,"]
    page = deliver(city, state, lines)
    assert page is not None
    assert "<script>" not in page.read_text(encoding="utf-8")
    assert "<b>" not in page.read_text(encoding="utf-8").replace("<b>2023-01</b>", "")


def test_every_reason_of_quarantine_has_words() -> None:
    source = "".join(p.read_text(encoding="utf-8") for p in Path("feeds").glob("*.py"))
    known = [reason for reason in REASONS if f'"{reason}"' in source]
    assert sorted(known) == sorted(REASONS), "words for a reason that no longer exists"
    import re

    from feeds.judgement import _CHECKS

    used = {reason for reason, _ in _CHECKS.values()} | set(re.findall(r"Resolution\(\s*None,\s*\"(\w+)\"", source))
    assert used <= set(REASONS)


def test_the_command_shows_a_list_and_one_receipt(
    city: City, state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.command_line import cli

    monkeypatch.setenv("PINGAN_HOME", str(state.home))
    run = CliRunner().invoke
    assert "尚无回执" in run(cli, ["receipts"]).output
    deliver(city, state, [*GOOD, *BAD])
    listed = run(cli, ["receipts"])
    assert listed.exit_code == 0
    assert "1 个记录集须更正" in listed.output
    shown = run(cli, ["receipts", "D01", PERIOD])
    assert shown.exit_code == 0
    assert "退改 quarantined 3" in shown.output
    assert run(cli, ["receipts", "police", PERIOD]).exit_code == 1
    assert run(cli, ["receipts", "nobody"]).exit_code == 2
    told = run(cli, ["timeliness", PERIOD])
    assert told.exit_code == 0
    assert "political_legal" in told.output
