"""What each check of gates B and C is called, and what to do when one of gate C fails, in Chinese and English: words,
no arithmetic. A check of gate A is a record set, which the city's folder names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from city.folder import City
from gates.result import WARNING

CRITICAL = "critical"
MAJOR = "major"


@dataclass(frozen=True)
class Wording:
    """A check's severity (see gates.result.Finding), title and remedy."""

    severity: str
    title_zh: str
    title_en: str
    remedy_zh: str
    remedy_en: str


_RECOMPUTE_ZH = "重新计算本月；如仍不合格，属程序缺陷，请连同本页报告维护人员。"
_RECOMPUTE_EN = "Materialize the month again; if it fails again it is a defect: report it with this page."

WORDING: Mapping[str, Wording] = {
    "tables_present": Wording(CRITICAL, "数据表齐全", "Every table and column is there", _RECOMPUTE_ZH, _RECOMPUTE_EN),
    "one_month": Wording(CRITICAL, "只含本月数据", "Only rows of this month", _RECOMPUTE_ZH, _RECOMPUTE_EN),
    "rows_per_level": Wording(
        CRITICAL, "各级行数", "Row counts per level (units × nodes)", _RECOMPUTE_ZH, _RECOMPUTE_EN
    ),
    "complete": Wording(
        CRITICAL, "单位×指标无缺行", "Every unit has a row for every node", _RECOMPUTE_ZH, _RECOMPUTE_EN
    ),
    "keys_known": Wording(
        CRITICAL,
        "单位与指标代码有效",
        "Units and nodes are those of the month",
        "核对 units.csv、framework.csv 的生效月份，然后重新计算本月。",
        "Check the months for which units.csv and framework.csv are in force, then materialize again.",
    ),
    "scores_unique": Wording(CRITICAL, "得分无重复行", "No duplicate keys in scores", _RECOMPUTE_ZH, _RECOMPUTE_EN),
    "values_unique": Wording(CRITICAL, "指标值无重复行", "No duplicate keys in values", _RECOMPUTE_ZH, _RECOMPUTE_EN),
    "measures_unique": Wording(
        CRITICAL, "基础数据无重复行", "No duplicate keys in measures", _RECOMPUTE_ZH, _RECOMPUTE_EN
    ),
    "scores_in_range": Wording(
        CRITICAL,
        "得分在规定范围内",
        "Scores within the range their kind declares",
        "核对该指标的计分参数与参照界限（framework.csv、reference.csv），然后重新计算。",
        "Check the indicator's scoring parameters and bounds (framework.csv, reference.csv), then run it.",
    ),
    "coverage_in_range": Wording(
        CRITICAL, "覆盖率在 0 与 1 之间", "Coverage between 0 and 1", _RECOMPUTE_ZH, _RECOMPUTE_EN
    ),
    "scores_status": Wording(
        CRITICAL,
        "得分状态在词表内",
        "Every status of a score is in the vocabulary",
        _RECOMPUTE_ZH,
        _RECOMPUTE_EN,
    ),
    "values_status": Wording(
        CRITICAL,
        "指标值状态在词表内",
        "Every status of a value is in the vocabulary",
        _RECOMPUTE_ZH,
        _RECOMPUTE_EN,
    ),
    "score_as_status_says": Wording(
        CRITICAL,
        "有无得分与状态一致",
        "A score is there exactly when its status says so",
        _RECOMPUTE_ZH,
        _RECOMPUTE_EN,
    ),
    "colours_known": Wording(
        CRITICAL,
        "等级颜色有效",
        "Colours are those of rules.yaml",
        "核对 rules.yaml 的 colours 与分界，然后重新计算。",
        "Check the colours and cut points of rules.yaml, then materialize.",
    ),
    "coverage": Wording(
        MAJOR,
        "总指数覆盖率",
        "Coverage of the overall index, above the lowest level",
        "查看报送情况表，催报未报送的部门后重新计算；确需发布的，由有权人员注明理由放行。",
        "See the table of deliveries: ask the departments that did not deliver, then materialize. "
        "If it must go out, a person may release it with a reason.",
    ),
    "scored_share": Wording(
        MAJOR,
        "有总分的基层单位比例",
        "Share of lowest-level units with an overall score",
        "查看无得分单位的状态与覆盖率，催报相关部门后重新计算。",
        "Look at status and coverage of the units without a score, ask the departments, then materialize.",
    ),
    "largest_change": Wording(
        MAJOR,
        "与上月相比的最大变动",
        "Largest change of an overall score against last month",
        "逐个核对所列单位的原始报送（重复、漏报、口径变化）；属实的，由有权人员注明理由放行。",
        "Check the deliveries of the units listed (duplicates, omissions, a change of definition). "
        "If the change is real, a person may release it with a reason.",
    ),
    "rank_correlation": Wording(
        MAJOR,
        "与上月排名的相关系数",
        "Rank correlation with last month (Spearman)",
        "排名大面积变动多因单位代码错配或某部门口径变化：核对所列单位与本月报送。",
        "Ranks that move everywhere mostly mean mismatched unit codes or a changed definition: "
        "check the units listed and this month's deliveries.",
    ),
    "departments_reporting": Wording(
        MAJOR,
        "按时报全的部门比例",
        "Share of departments that delivered all that is required",
        "催报所列部门的记录集，收到后重新计算本月。",
        "Ask the departments listed for their record sets, then materialize the month.",
    ),
    "red_share": Wording(
        MAJOR,
        "红色预警单位比例",
        "Share of lowest-level units in the lowest colour",
        "多数单位同时预警多因数据或参数有误：先核对报送与分界，再决定是否发布。",
        "Many red units at once mostly mean faulty data or parameters: check deliveries and cut points.",
    ),
    "indicators_vary": Wording(
        WARNING,
        "指标能区分单位",
        "Indicators tell units apart",
        "各单位得分相同的指标本月不含信息，仍按其权重计入，不影响发布。"
        "长期如此的，用 pingan audit 查看并考虑修订办法。",
        "An indicator that is the same for every unit holds no information this month and keeps its weight; it holds "
        "nothing back. Where it stays so, see pingan audit and think of revising the method.",
    ),
}

#: The tests of dbt_project/tests by name.
_TESTS: Mapping[str, tuple[str, str]] = {
    "changes_come_apart": ("变动分解之和等于变动", "The parts of every change add up to it"),
    "coverage_is_sound": ("覆盖率有效，有得分的不低于下限", "Coverage is sound, and enough where there is a score"),
    "effective_weights_sum_to_one": ("有效权重之和为 1", "Effective weights sum to one"),
    "every_unit_and_node_is_present": ("各月单位×指标无缺行", "Every unit has a row for every node of the month"),
    "measures_match_the_framework": ("基础数据与指标体系一致", "Measures offered are those the framework asks for"),
    "score_agrees_with_status": ("得分、颜色、位次与状态一致", "Score, colour and rank are there as the status says"),
    "scores_are_in_range": ("各级得分在规定范围内", "Scores of all levels lie within their range"),
    "upper_units_sum_their_members": ("上级单位等于下属单位之和", "Upper units are the sum of their members"),
}
#: The tests of dbt_project/tests/generic, which are asked of a table.
_TESTS_OF_A_TABLE: Mapping[str, tuple[str, str]] = {
    "unique_grain": ("{table}：无重复行", "{table}: no duplicate keys"),
    "not_missing": ("{table}：必填列无空值", "{table}: nothing missing in required columns"),
    "known_values": ("{table}：代码在词表内", "{table}: only words of the vocabulary"),
}
#: Tables of the warehouse that tests are asked of.
_TABLES: Mapping[str, tuple[str, str]] = {
    "own_measures": ("本级基础数据", "own measures"),
    "measures": ("汇总基础数据", "summed measures"),
    "indicator_months": ("指标逐月分子分母", "indicators by month"),
    "indicator_windows": ("指标窗口值", "indicators over their windows"),
    "indicator_values": ("指标值（计算）", "indicator values"),
    "node_scores": ("各级得分（计算）", "scores of nodes"),
    "change_effects": ("变动分解（计算）", "effects of changes"),
    "contributions": ("变动分解（按指标）", "changes by indicator"),
    "member_contributions": ("变动分解（按下属单位）", "changes by member"),
    "release_scores": ("得分（发布）", "published scores"),
    "release_values": ("指标值（发布）", "published values"),
    "release_measures": ("基础数据（发布）", "published measures"),
    "release_vetoes": ("一票降级（发布）", "published vetoes"),
}


def delivery_title(city: City, check: str) -> tuple[str, str] | None:
    """What a check of gate A, `<department>/<record set>`, is called in Chinese and English; None where the city's
    folder has no such record set.
    """
    for feed in city.feeds:
        for record_set in feed.record_sets:
            if check == f"{feed.department.key}/{record_set.name}":
                department = feed.department
                return f"{department.name_zh} · {record_set.title_zh}", f"{department.name_en} · {record_set.title_en}"
    return None


def check_title(check: str) -> tuple[str, str] | None:
    """What a check of gate B or C is called in Chinese and English; None for one that is not of this project."""
    if check in WORDING:
        return WORDING[check].title_zh, WORDING[check].title_en
    if check in _TESTS:
        return _TESTS[check]
    # dbt names such a test `<test>_<table>_<arguments>`; a table's name may begin as another's does
    for test, (zh, en) in _TESTS_OF_A_TABLE.items():
        asked_of = [table for table in _TABLES if check.startswith(f"{test}_{table}_")]
        if asked_of:
            table_zh, table_en = _TABLES[max(asked_of, key=len)]
            return zh.format(table=table_zh), en.format(table=table_en)
    return None
