"""What a receipt and a template say to a department in Chinese and English: words, no judgement."""

from __future__ import annotations

from collections.abc import Mapping

from feeds.receipt import ACCEPTED, NOT_DELIVERED, REFUSED

STATUS: Mapping[str, tuple[str, str]] = {
    ACCEPTED: ("已接收", "accepted"),
    REFUSED: ("退回，未接收", "refused"),
    NOT_DELIVERED: ("未收到", "not received"),
}

#: Reason of a quarantined row: what is wrong, and what to correct, each in Chinese and English.
REASONS: Mapping[str, tuple[str, str, str, str]] = {
    "missing": ("必填项为空", "a required value is blank", "补填该列", "fill the column in"),
    "type": ("格式不符", "cannot be read as what it should be", "按要求的格式重填", "write it in the form required"),
    "unknown_category": (
        "类别不在规定范围",
        "not one of the accepted values",
        "改为规定的类别",
        "use an accepted value",
    ),
    "out_of_range": ("数值超出范围", "outside its range", "核对数值", "check the number"),
    "malformed": ("文本格式不符", "a text of another form", "按规定格式填写", "write it in the form required"),
    "contract": ("不符合报送规定", "against the contract", "按要求更正", "correct it as required"),
    "time_order": ("时间先后颠倒", "times in the wrong order", "核对两个时间", "check both times"),
    "duplicate": (
        "编号重复",
        "the key is delivered twice",
        "删除重复行或改正编号",
        "delete the repetition or mend the key",
    ),
    "unit_missing": ("未填单位", "no unit is given", "填写单位代码或名称", "give the unit's code or name"),
    "unit_code_unknown": (
        "单位代码不在名录",
        "the unit's code is not in the list",
        "按名录改正代码",
        "use a code of the list",
    ),
    "unit_name_unknown": (
        "单位名称不在名录",
        "the unit's name is not known",
        "按名录改正名称",
        "use a name of the list",
    ),
    "unit_code_and_name_disagree": (
        "单位代码与名称不一致",
        "the unit's code and name disagree",
        "改正其中之一",
        "correct one of them",
    ),
    "unit_name_ambiguous": (
        "单位名称有重名",
        "several units have this name",
        "名称前加上县区",
        "add the county to the name",
    ),
    "unknown_measure": (
        "指标不属于本部门",
        "not a measure of this department",
        "按模板改正指标名",
        "use a measure of the template",
    ),
    "month_unreadable": (
        "日期无法识别",
        "the date that decides the month cannot be read",
        "重填日期",
        "write the date again",
    ),
    "month_out_of_reach": (
        "日期不在本月及补报范围",
        "the date is of a month that this delivery is not for",
        "核对日期，或另按所属月份报送",
        "check the date, or deliver it with its own month",
    ),
    "fields": (
        "列数与表头不符",
        "more or fewer fields than the header",
        "检查该行的分隔符",
        "check the line's separators",
    ),
    "dropped_by_correction": ("按更正登记剔除", "left out by a registered correction", "无须处理", "nothing to do"),
}

KINDS: Mapping[str, tuple[str, str, str]] = {
    "text": ("文本", "text", "A-2023-0001"),
    "integer": ("整数", "whole number", "3"),
    "float": ("数值", "number", "12.5"),
    "boolean": ("是或否", "是 or 否 (yes or no)", "是"),
    "date": ("日期", "date", "{period}-05"),
    "datetime": ("日期和时间", "date and time", "{period}-05 13:05:00"),
    "month": ("月份", "month", "{period}"),
}


def reason_words(reason: str) -> tuple[str, str, str, str]:
    """Wrong and what to do, Chinese and English; a reason without words of its own is shown as it is."""
    return REASONS.get(reason, (reason, reason, "按要求更正", "correct it as required"))
