"""What each check of gate C is called and what to do when it fails, in Chinese and English: words, no
arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
