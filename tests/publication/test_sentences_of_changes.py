"""Why an index moved, in sentences: every text of a change in both languages, from tables made by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from small_candidate import no_effects, small_tables
from small_issue import full_tables

from city import City, StateFolder, Unit
from publication.catalogue import load_catalogue
from publication.charts.drawing import Drawer, site_palette
from publication.explanation import Explanation, explain, overall_changes
from publication.reading import read_issue_data
from publication.site.departments import department_page
from publication.site.facts import Facts
from publication.site.pages import Pages
from publication.site.units import unit_page
from publication.site.words import Words
from publication.telling import KINDS, Change, Compared, tell
from publication.wording import Wording
from publication.workbook import write_workbook

NOW, THEN = "2022-02", "2022-01"
UNIT = {"name_zh": "甲镇", "name_en": "Alpha"}
NODE = {"name_zh": "总指数", "name_en": "Overall index"}
#: Texts of a change that are no sentence of it: heads of tables, and what is said of records.
ELSEWHERE = re.compile(r"explain\.(column|record|records)(\.|$)|explain\.synthetic$")
SAID: set[tuple[str, str]] = set()


@dataclass(frozen=True)
class Listening(Wording):
    """A wording that remembers which texts it was asked for."""

    def text(self, key: str, **fields: Any) -> str:
        SAID.add((key, self.language))
        return super().text(key, **fields)


def compared(**changed: Any) -> Compared:
    usual: dict[str, Any] = {"comparison": "month", "now": NOW, "then": THEN, "published": True, "version": "2022-01"}
    usual |= {"version_then": "2022-01", "restated": None}
    usual |= {"nodes": {"Q": {"in_now": True, "in_then": True}}}
    return Compared(**(usual | changed))


def change(points: float | None = 1.5, **changed: Any) -> Change:
    score = {"score": 80.25, "rank": 3, "change_month": points, "change_month_reason": None, "rank_change_month": None}
    score |= changed.pop("score", {})
    usual: dict[str, Any] = {"unit": UNIT, "node": NODE, "score": score, "totals": {}, "indicators": [], "members": []}
    return Change(**(usual | changed))


def indicator(**changed: Any) -> dict[str, Any]:
    usual = {"indicator_code": "Q", "name_zh": "盗窃", "name_en": "Thefts", "total": -0.625, "scoring": "goalpost"}
    usual |= {"score": 70.0, "score_then": 72.5, "value": 12.5, "value_then": 10.0, "unit": "起"}
    usual |= {"numerator": 25.0, "numerator_then": 20.0, "denominator": 2.0, "denominator_then": 2.0}
    return usual | {"status": "measured", "status_then": "measured"} | changed


@dataclass(frozen=True)
class Case:
    """What is told of a change, the sentences that are of interest from `at` on."""

    zh: list[str]
    en: list[str]
    change: Change
    compared: Compared = field(default_factory=compared)
    at: slice = field(default_factory=lambda: slice(0, 1))


LAST = slice(-1, None)
CASES = {
    "up": Case(
        ["甲镇的“总指数”：2022年2月为80.25分，2022年1月为78.75分，上升1.50分。"],
        ["Overall index of Alpha: 80.25 in February 2022, 78.75 in January 2022; up 1.50 points."],
        change(1.5),
    ),
    "down": Case(
        ["甲镇的“总指数”：2022年2月为80.25分，2022年1月为82.75分，下降2.50分。"],
        ["Overall index of Alpha: 80.25 in February 2022, 82.75 in January 2022; down 2.50 points."],
        change(-2.5),
    ),
    "same": Case(
        ["甲镇的“总指数”：2022年2月为80.25分，2022年1月为80.25分，变化0.00分。"],
        ["Overall index of Alpha: 80.25 in February 2022, 80.25 in January 2022; a change of 0.00 points."],
        change(-0.004),
    ),
    "rank": Case(
        ["同级位次：2022年2月为第3位，2022年1月为第7位。"],
        ["Rank among its level: 3 in February 2022, 7 in January 2022."],
        change(score={"rank_change_month": 4}),
        at=slice(1, 2),
    ),
    "rank lost": Case(
        ["同级位次：2022年2月为第3位，2022年1月为第1位。"],
        ["Rank among its level: 3 in February 2022, 1 in January 2022."],
        change(score={"rank_change_month": -2}),
        at=slice(1, 2),
    ),
    "effects": Case(
        ["按原因分解：指标值 +2.00、权重 −0.25、数据有无 +0.50、评价方法 −1.00、常住人口 +0.25；合计+1.50分。"],
        ["By kind of effect: values +2.00, weights −0.25, availability of scores +0.50, method −1.00, residents +0.25; "
         "+1.50 in all."],
        change(totals=dict(zip(KINDS, (2.0, -0.25, 0.5, -1.0, 0.25), strict=True))),
        at=slice(1, 2),
    ),
    "effects too small to be shown": Case(
        ["按原因分解：指标值 +1.50；合计+1.50分。"],
        ["By kind of effect: values +1.50; +1.50 in all."],
        change(totals=dict(zip(KINDS, (1.5, -0.004, 0.004, 0.0, 0.0), strict=True))),
        at=slice(1, 2),
    ),
    "nothing moved it": Case(["没有任何指标使其变化。"], ["No indicator moved it."], change(0.0), at=LAST),
    "numerator and denominator": Case(
        ["影响最大的指标：",
         "Q 盗窃：影响−0.63分；得分72.50→70.00；指标值10.00→12.50起；分子20→25，分母2→2。"],
        ["The indicators that moved it most:",
         "Q Thefts: −0.63 points; score 72.50 → 70.00; value 10.00 → 12.50 cases; numerator 20 → 25, "
         "denominator 2 → 2."],
        change(indicators=[indicator()]),
        at=slice(1, None),
    ),
    "numerator alone": Case(
        ["Q 盗窃：影响−0.63分；得分72.50→70.00；指标值10.00→12.50起；分子20→25.50。"],
        ["Q Thefts: −0.63 points; score 72.50 → 70.00; value 10.00 → 12.50 cases; numerator 20 → 25.50."],
        change(indicators=[indicator(numerator=25.5, denominator=None, denominator_then=None)]),
        at=LAST,
    ),
    "points deducted": Case(
        ["Q 盗窃：影响−0.63分；得分72.50→70.00；扣分20→25。"],
        ["Q Thefts: −0.63 points; score 72.50 → 70.00; points deducted 20 → 25."],
        change(indicators=[indicator(scoring="zero_tolerance", denominator=None, denominator_then=None)]),
        at=LAST,
    ),
    "a score that came": Case(
        ["Q 盗窃：影响+0.40分；得分–→70.00；指标值–→12.50起；分子–→25，分母–→2；2022年1月无得分，2022年2月有。"],
        ["Q Thefts: +0.40 points; score – → 70.00; value – → 12.50 cases; numerator – → 25, denominator – → 2; "
         "no score in January 2022, one in February 2022."],
        change(indicators=[indicator(total=0.4, score_then=None, value_then=None, numerator_then=None,
                                     denominator_then=None, status_then="missing")]),
        at=LAST,
    ),
    "a score that went": Case(
        ["Q 盗窃：影响−0.63分；得分72.50→–；指标值10.00→–起；分子20→–，分母2→–；2022年1月有得分，2022年2月无。"],
        ["Q Thefts: −0.63 points; score 72.50 → –; value 10.00 → – cases; numerator 20 → –, denominator 2 → –; "
         "a score in January 2022, none in February 2022."],
        change(indicators=[indicator(score=None, value=None, numerator=None, denominator=None, status="missing")]),
        at=LAST,
    ),
    "an indicator that joined": Case(
        ["Q 盗窃：影响−0.63分；得分…→70.00；指标值…→12.50起；分子…→25，分母…→2；该指标自新方法起纳入。"],
        ["Q Thefts: −0.63 points; score … → 70.00; value … → 12.50 cases; numerator … → 25, denominator … → 2; "
         "the indicator is new in the method."],
        change(indicators=[indicator(score_then=None, value_then=None, numerator_then=None, denominator_then=None,
                                     status_then=None)]),
        compared(nodes={"Q": {"in_now": True, "in_then": False}}),
        at=LAST,
    ),
    "an indicator that left": Case(
        ["Q 盗窃：影响−0.63分；得分72.50→–；指标值10.00→–起；分子20→–，分母2→–；新方法不再包含该指标。"],
        ["Q Thefts: −0.63 points; score 72.50 → –; value 10.00 → – cases; numerator 20 → –, denominator 2 → –; "
         "the new method no longer has the indicator."],
        change(indicators=[indicator(score=None, value=None, numerator=None, denominator=None, status=None)]),
        compared(nodes={"Q": {"in_now": False, "in_then": True}}),
        at=LAST,
    ),
    "carried forward now": Case(
        ["Q 盗窃：影响−0.63分；得分72.50→70.00；指标值10.00→12.50起；分子20→25，分母2→2；2022年2月沿用此前月份的值。"],
        ["Q Thefts: −0.63 points; score 72.50 → 70.00; value 10.00 → 12.50 cases; numerator 20 → 25, "
         "denominator 2 → 2; the value of February 2022 is carried forward from an earlier month."],
        change(indicators=[indicator(status="carried_forward")]),
        at=LAST,
    ),
    "members": Case(
        ["影响最大的下属单位：乙镇 −1.25；不归属任何下属单位 +0.50。"],
        ["The members that moved it most: Beta −1.25; no single member +0.50."],
        change(members=[{"member_code": "b", "name_zh": "乙镇", "name_en": "Beta", "total": -1.25},
                        {"member_code": "", "name_zh": None, "name_en": None, "total": 0.5}]),
        at=LAST,
    ),
    "another method": Case(
        ["两个月份适用的方法版本不同：2022年1月为2021-06，2022年2月为2022-01。"],
        ["The method differs: 2021-06 in January 2022, 2022-01 in February 2022."],
        change(),
        compared(version_then="2021-06"),
        at=slice(1, 2),
    ),
    "restated": Case(
        ["2022年1月的数据在其发布后有更正：此处对比的是更正后的数，与已发布的2022年1月期有17处得分不同。"],
        ["January 2022 has been restated since it was published: the comparison is with the restated numbers, of which "
         "17 scores differ from those published."],
        change(),
        compared(restated=17),
        at=slice(1, 2),
    ),
    "earlier month not published": Case(
        ["2022年1月期尚未发布：只列出本月的指标值。"],
        ["January 2022 is not published: only this month's values are shown."],
        change(),
        compared(published=False, version_then=None),
        at=slice(1, 2),
    ),
}  # fmt: skip
REASONS = {
    "before_first_issue": ("该月早于首期", "that month is before the first issue"),
    "no_score_now": ("本月无得分", "it has no score this month"),
    "no_score_then": ("对比月无得分", "it had no score in that month"),
}
for reason, (zh, en) in REASONS.items():
    CASES[reason] = Case(
        [f"甲镇的“总指数”没有与2022年1月的比较：{zh}。"],
        [f"Overall index of Alpha has no comparison with January 2022: {en}."],
        change(None, score={"change_month_reason": reason}),
    )


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_change_is_told_as_the_numbers_say(city: City, case: Case, language: str) -> None:
    told = tell(Listening(city, NOW, language), case.compared, case.change)
    assert told.all[case.at] == getattr(case, language)


def test_no_text_of_a_change_is_left_untested(city: City) -> None:
    """Each case once more, so that this test stands alone; a new text in the catalogue wants a case here."""
    for case in CASES.values():
        for language in ("zh", "en"):
            tell(Listening(city, NOW, language), case.compared, case.change)
    texts = {key for key in load_catalogue().texts if key.startswith("explain.") and not ELSEWHERE.match(key)}
    assert {(key, language) for key in texts for language in ("zh", "en")} == {s for s in SAID if s[0] in texts}


def effects(node: str, unit: str, **by_indicator: tuple[float, ...]) -> list[dict[str, Any]]:
    return [
        {"period": NOW, "unit_code": unit, "comparison": "month", "node_code": node, "indicator_code": code}
        | {f"{kind}_effect": effect for kind, effect in zip(KINDS, found, strict=True)}
        | {"total": sum(found)}
        for code, found in by_indicator.items()
    ]


def with_an_indicator_more(table: pl.DataFrame, key: str) -> pl.DataFrame:
    """As `I4`, under the name of an indicator that the later method does not have."""
    more = table.filter(pl.col(key) == "I4").with_columns(pl.lit("LEFT").alias(key))
    if "name_zh" in table.columns:
        more = more.with_columns(pl.lit("旧指标").alias("name_zh"), pl.lit("Old indicator").alias("name_en"))
    return pl.concat([table, more])


@pytest.fixture
def explanations(release: Any, state: StateFolder, city: City) -> dict[str, Explanation]:
    """A county and a township of it, published twice; in between another township of the county was dissolved."""
    gone = Unit("99017", "旧镇", "Old Town", "9901", "township", "", {}, (), "", THEN)
    known = replace(city, units=(*city.units, gone))
    tables = full_tables() | {"units": small_tables(NOW)["units"]}
    points = {"9901": {"I1": (0.5, 0.0, 0.0, 0.25, -0.125), "LEFT": (0.0, -0.5, 0.25, 0.0, 0.0)}}
    points["99011"] = {"I1": (-1.0, 0.0, 0.0, 0.0, 0.0), "I2": (0.0, 0.0, 0.75, 0.0, 0.0)}
    points["9900"] = {"I1": (0.5, 0.0, 0.0, 0.0, 0.0), "LEFT": (0.0, -0.25, 0.0, 0.0, 0.0)}
    points["99012"] = {"I4": (0.5, 0.0, 0.0, 0.0, 0.0), "LEFT": (0.0, -0.25, 0.0, 0.0, 0.0)}
    rows = [row for unit, own in points.items() for row in effects("Z", unit, **own)]
    rows += effects("S1", "9901", I2=(0.5, 0.0, 1.5, 0.0, 0.0))
    members = [
        {key: value for key, value in row.items() if key != "node_code"} | {"member_code": member}
        for member, effect in (("99011", -0.5), ("99017", 0.75), ("", 0.125))
        for row in effects("Z", "9901", I1=(effect, 0.0, 0.0, 0.0, 0.0))
    ]
    changed = {"9901": 0.375, "99011": -0.25}
    own = pl.col("unit_code").replace_strict(changed, default=0.0, return_dtype=pl.Float64)
    indicator = (pl.col("unit_code") == "9901") & (pl.col("node_code") == "I2")
    scores = tables["scores"].with_columns(
        change_month=pl.when(indicator).then(4.0).otherwise(own), change_year_reason=pl.lit("before_first_issue")
    )
    before = {name: table.with_columns(period=pl.lit(THEN)) for name, table in tables.items() if "period" in table}
    before["scores"] = scores.with_columns(
        pl.lit(THEN).alias("period"), pl.col("score") - pl.col("change_month"), pl.lit(None).alias("change_month")
    )
    for name, key in (("framework", "code"), ("scores", "node_code"), ("values", "indicator_code")):
        before[name] = with_an_indicator_more((small_tables(THEN) | tables | before)[name], key)
    release(THEN, **(tables | before))
    contributions = no_effects("node_code")
    of_members = no_effects("member_code").with_columns(denominator_part=0.0)
    release(
        NOW,
        **tables
        | {
            "scores": scores,
            "contributions": pl.DataFrame(rows, contributions.schema),
            "member_contributions": pl.DataFrame([m | {"denominator_part": 0.0} for m in members], of_members.schema),
        },
    )
    issue = read_issue_data(state, NOW)
    found = {unit: explain(known, issue, unit) for unit in ("9901", "99011")}
    return found | {"I2": explain(known, issue, "9901", "I2")}


def test_sentences_follow_from_the_tables_of_an_issue(explanations: dict[str, Explanation]) -> None:
    county, township = explanations["9901"], explanations["99011"]
    told = county.sentences("en")
    assert "up 0.38 points" in told[0]
    assert "values +0.50, weights −0.50, availability of scores +0.25, method +0.25, residents −0.13; +0.38" in told[2]
    assert told[4].startswith("I1 I1: +0.63 points")
    assert told[5].startswith("LEFT Old indicator: −0.25 points")
    assert told[5].endswith("; the new method no longer has the indicator.")
    # a member that is no more has its name
    assert told[6] == "The members that moved it most: Old Town +0.75; Unit 99011 −0.50; no single member +0.13."
    assert county.sentences("zh")[6].endswith("旧镇 +0.75；单位99011 −0.50；不归属任何下属单位 +0.13。")
    told = township.sentences("zh")
    assert "下降0.25分" in told[0]
    assert [line[:12] for line in told[4:]] == ["I1 指标I1：影响−1", "I2 指标I2：影响+0"]


def test_every_unit_at_once_is_told_the_same(explanations: dict[str, Explanation]) -> None:
    county = explanations["9901"]
    both, changes = overall_changes(county.city, county.issue, "month")
    for unit in ("9901", "99011"):
        for language in ("zh", "en"):
            say = Wording(county.city, NOW, language)
            assert tell(say, both, changes[unit]).all == explanations[unit].sentences(language)


def test_a_page_gives_the_part_of_a_unit_that_is_no_more_to_no_single_one(explanations: dict[str, Explanation]) -> None:
    county = explanations["9901"]
    assert Facts(county.issue, county.city).member_effects["9901", "month"] == {"99011": -0.5, "": 0.875}


def test_a_page_names_an_indicator_that_is_no_more_without_a_link(
    explanations: dict[str, Explanation], tmp_path: Path
) -> None:
    """Its page is in the earlier issue alone; the row stands among those of the indicators that there are."""
    county = explanations["9901"]
    facts = Facts(county.issue, county.city)
    words = Words(facts, "zh")
    palette = site_palette([c["key"] for c in facts.colours])
    drawer = Drawer(palette, {})
    try:
        page = unit_page(facts, words, drawer, palette, "9901")
    finally:
        drawer.close()
    Pages(words, tmp_path).write("units/9901.html", "unit.html", "units", page)
    text = (tmp_path / "units" / "9901.html").read_text(encoding="utf-8")
    assert "indicators/I1.html" in text
    assert "<th>旧指标<td>" in text
    assert "LEFT.html" not in text


def test_a_departments_part_counts_its_indicator_that_is_no_more_and_says_so(
    explanations: dict[str, Explanation],
) -> None:
    county = explanations["9901"]
    facts = Facts(county.issue, county.city)
    page = department_page(facts, Words(facts, "zh"), "D1")
    assert page["effects"] == [("对环比变化的影响", 0.25)]
    assert page["dropped"] == "其中含本期办法已取消的指标：旧指标（环比−0.250）。"
    other = department_page(facts, Words(facts, "zh"), "D2")
    assert (other["effects"], other["dropped"]) == ([("对环比变化的影响", 0)], "")


def test_the_workbook_names_an_indicator_that_is_no_more_and_its_branch(
    explanations: dict[str, Explanation], tmp_path: Path
) -> None:
    """By itself in an upper unit, in its first-level indicator in a township: no row without a name."""
    county = explanations["9901"]
    (path,) = write_workbook(county.issue, county.city, tmp_path)
    rows = list(openpyxl.load_workbook(path)["贡献 Contributions"].iter_rows(min_row=5, values_only=True))
    named = {(row[0], row[4]): row[5] for row in rows}
    assert named["9900", "LEFT"] == "旧指标"
    assert named["99012", "F2"] == "指标F2"
    assert [row for row in rows if not (row[4] and row[5] and row[6])] == []
    assert [row[-1] for row in rows if row[0] == "99012"] == [0.25]


def test_an_indicators_own_change_keeps_what_its_members_scores_did_apart(
    explanations: dict[str, Explanation],
) -> None:
    """A quarter of its part in its parent is value, the rest members whose scores came or went: so it is of its own."""
    (row,) = explanations["I2"].effects.to_dicts()
    assert (row["value_effect"], row["availability_effect"], row["total"]) == (1.0, 3.0, 4.0)
