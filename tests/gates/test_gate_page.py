"""gate.html: verdict first, everything escaped, nothing loaded from anywhere; the store keeps the last answer."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from small_candidate import small_city, small_tables, write_candidate

from city import StateFolder
from gates.candidate import folder_of_last_month
from gates.report import render_gate_page
from gates.result import Finding, GateResult, Override
from gates.store import read_gate, write_gate

BAD = GateResult(
    "C",
    "2022-02",
    (
        Finding("scores_unique", True, title_zh="得分无重复行", observed="81 行", expected="每键一行"),
        Finding(
            "largest_change",
            False,
            "major",
            title_zh="最大变动",
            title_en="Largest <change>",
            observed="68.00",
            expected="≤ 25",
            rows=({"unit": "<script>alert(1)</script>", "unit_name": "单位", "node": "Z", "value": -68.0},),
            rows_total=41,
            remedy_zh="核对",
            remedy_en="Check & decide",
        ),
        Finding("rank_correlation", True, not_applicable_zh="没有上月", not_applicable_en="No month before"),
    ),
)
GOOD = GateResult("C", "2022-02", BAD.findings[:1], compared_with="2022-01")


@pytest.fixture
def candidate(tmp_path: Path) -> Path:
    feeds = small_tables("2022-02")["feeds"].with_columns(reported=pl.col("department") != "D3")
    return write_candidate(tmp_path / "2022-02", "2022-02", feeds=feeds)


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "br", "link", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_nothing_is_loaded_and_nothing_runs(candidate: Path) -> None:
    page = render_gate_page(BAD, candidate, small_city())
    tags = Tags(page)
    assert not tags.open
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags.found}
    assert not [a for _, attributes in tags.found for a in attributes if a in {"src", "href"} or a.startswith("on")]
    assert not re.search(r"https?://|url\(|@import", page)


def test_what_comes_from_data_is_escaped(candidate: Path) -> None:
    override = Override("largest_change", "<b>核实</b>", "ann<i>")
    page = render_gate_page(BAD, candidate, small_city(), reason="a & <u>b</u>", override=override)
    for raw in ("<script>", "<change>", "<b>核实", "ann<i>", "<u>"):
        assert raw not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "&lt;b&gt;核实&lt;/b&gt;" in page


@pytest.mark.parametrize(
    ("result", "override", "verdict"),
    [
        (GOOD, None, "通过审核，可以发布"),
        (BAD, None, "未通过审核，不得发布"),
        (BAD, Override("largest_change", "核实"), "未通过审核，经授权放行"),
    ],
)
def test_the_verdict_stands_before_the_checks(
    result: GateResult, override: Override | None, verdict: str, candidate: Path
) -> None:
    page = render_gate_page(result, candidate, small_city(), override=override)
    assert page.index("模拟数据") < page.index(verdict) < page.index("检查项目")
    assert ("放行人" in page) == (override is not None)


def test_failing_rows_say_how_many_there_are(candidate: Path) -> None:
    page = render_gate_page(BAD, candidate, small_city())
    assert "共 41 行" in page
    assert "-68.00" in page
    assert "No month before" in page


def test_the_feed_table_counts_by_department_and_names_what_is_absent(candidate: Path) -> None:
    page = " ".join(render_gate_page(GOOD, candidate, small_city()).split())
    assert "health局" in page
    assert page.count("not reported: cases") == 1
    assert "3 / 4" in page
    assert "4,800" in page
    assert "0.58%" in page


def test_the_store_keeps_the_last_answer_of_each_gate(tmp_path: Path) -> None:
    state = StateFolder(tmp_path, "small")
    assert read_gate(state, "2022-02", "C") is None
    write_gate(state, BAD)
    write_gate(state, GOOD)
    stored = read_gate(state, "2022-02", "C")
    assert stored is not None
    assert stored.to_dict() == GOOD.to_dict()
    assert read_gate(state, "2022-02", "A") is None
    assert [path.name for path in (state.gates / "2022-02").iterdir()] == ["C.json"]


def test_a_gate_is_not_a_path(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a gate's name"):
        read_gate(StateFolder(tmp_path, "small"), "2022-02", "../C")


def test_last_month_is_its_candidate_then_its_latest_issue(tmp_path: Path) -> None:
    state = StateFolder(tmp_path, "small")
    month = write_candidate(state.candidate("2022-02"), "2022-02")
    assert folder_of_last_month(state, month) is None
    for revision in (2, 10):
        (state.issues / "2022-01" / f"r{revision}").mkdir(parents=True)
    assert folder_of_last_month(state, month) == state.issues / "2022-01" / "r10"
    before = write_candidate(state.candidate("2022-01"), "2022-01")
    assert folder_of_last_month(state, month) == before
    assert folder_of_last_month(state, before) is None
