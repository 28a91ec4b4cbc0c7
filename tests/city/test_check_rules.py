"""One planted fault at a time: each rule answers with exactly that fault, at its file, row and column."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from city_folders import WHOLE

from city.check import Fault, check_city

FRAMEWORK = "versions/2021-06/framework.csv"
REFERENCE = "versions/2021-06/reference.csv"
VALUES = "versions/2021-06/reference_values.csv"
RULES = "versions/2021-06/rules.yaml"


class Planted(NamedTuple):
    """Text to be changed in a file, and where the fault must be found; not `alone` when others follow from it."""

    file: str
    old: str
    new: str
    row: int
    column: str
    words: str = ""
    alone: bool = True
    severity: str = "error"


def in_city(old: str, new: str, row: int, column: str, words: str = "") -> Planted:
    return Planted("city.yaml", old, new, row, column, words)


def in_units(
    old: str, new: str, row: int, column: str, words: str = "", alone: bool = True, severity: str = "error"
) -> Planted:
    return Planted("units.csv", old, new, row, column, words, alone, severity)


def in_feeds(old: str, new: str, row: int, column: str, words: str = "") -> Planted:
    return Planted("feeds.yaml", old, new, row, column, words)


def in_framework(old: str, new: str, row: int, column: str, words: str = "", alone: bool = True) -> Planted:
    return Planted(FRAMEWORK, old, new, row, column, words, alone)


def in_reference(old: str, new: str, row: int, column: str, words: str = "") -> Planted:
    return Planted(REFERENCE, old, new, row, column, words)


def in_rules(old: str, new: str, row: int, column: str, words: str = "", alone: bool = True) -> Planted:
    return Planted(RULES, old, new, row, column, words, alone)


I101 = "I101,I1,3,发案率,,20,,D01,cases,residents,10000,rolling_3m,-1,relative_minmax,{},,county_reference;k=10000,,\n"
POSTS = '""street"":{""p0"":20,""p60"":40,""p100"":80}'
TOWN = '""town"":{""p0"":10,""p60"":30,""p100"":70}'
CASES = '{""measure"":""homicides"",""deduct"":40}'

CITY = [
    in_city("name_zh: 试验市\n", "", 1, "name_zh"),
    in_city("time_zone: Asia/Shanghai", "time_zone: Asia/Tianshui", 5, "time_zone", "IANA"),
    in_city("first_month: 2021-01", "first_month: 2021-13", 6, "first_month", "2021-13"),
    in_city("first_issue: 2022-01", "first_issue: 2022", 7, "first_issue"),
    in_city("day: 10", "day: 31", 10, "publication.day", "28"),
    in_city("synthetic: true", "synthetic: ja", 11, "synthetic"),
    in_city("notice_en: Synthetic data\n", "", 1, "notice_en"),
    in_city("notice_en:", "notise_en: x\nnotice_en:", 13, "notise_en"),
    in_city("time_zone:", "name_zh: 又\ntime_zone:", 5, "name_zh", "twice"),
    in_city("unit_levels: [city, county, township]", "unit_levels: [city, City, township]", 8, "unit_levels[1]"),
]
UNITS = [
    Planted("departments.csv", "D02,petitions", "D01,petitions", 3, "code", "D01", alone=False),
    Planted("departments.csv", "D02,petitions", "D02,Petitions", 3, "key"),
    Planted("departments.csv", "D02,petitions", "D02,police", 3, "key", alone=False),
    in_units("丁镇,D,1002,township,town", "丁镇,D,1002,township,town;x", 8, "peer_group"),
    in_units("100201,丙", "100102,丙", 7, "code", "100102", alone=False),
    in_units("乙镇,B,1001", "乙镇,B,1009", 6, "parent", "1009"),
    in_units("乙镇,B,1001", "乙镇,B,10", 6, "parent", "10 (city)"),
    in_units("乙镇,B,1001,township", "乙镇,B,1001,village", 6, "level", "village"),
    in_units("试验市,Testville,,city", "试验市,Testville,1001,city", 2, "parent"),
    in_units("乙镇,B,1001,township,town", "乙镇,B,1001,township,", 6, "peer_group", alone=False),
    in_units("other:900102", "other:900101", 6, "aliases", "other:900101"),
    in_units("other:900102", "other:", 6, "aliases"),
    in_units(";乙乡", "；乙乡", 6, "aliases"),
    in_units("2022-12", "2022-02", 8, "valid_to"),
    in_units("100102,乙镇", ",乙镇", 6, "code"),
    in_units("2022-12", "2022-12,x", 8, "", "header"),
    in_units("100202,丁镇", "1003,南区,,10,county,,,,\n100202,丁镇", 8, "code", "units below", severity="warning"),
    Planted("population.csv", "100102,2021,12000", "100102,2021,many", 3, "residents", "many"),
    Planted("population.csv", "100102,2021,12000", "100102,2021,-1", 3, "residents"),
    Planted("population.csv", "100202,2022", "100299,2022", 6, "unit", "100299"),
    Planted("population.csv", "100202,2022", "100102,2021", 6, "year", "100102 2021"),
    Planted("population.csv", "100201,2020", "100201,2022", 0, "residents", "100201 in 2021"),
    Planted("population.csv", "unit,year,residents", "unit,years,residents", 1, "year", "years"),
]
MEASURES = [
    Planted("measures.csv", "petitions,flow", "petitions,event", 5, "kind", "event"),
    Planted("measures.csv", "backlog,stock,D02", "backlog,stock,D03", 6, "department", "D03"),
    Planted("measures.csv", "resolved,stock", "re-solved,stock", 7, "measure", "re-solved"),
    Planted("measures.csv", "cases,flow", "spare,flow,D02,,,\ncases,flow", 2, "measure", "spare"),
    Planted("measures.csv", "cases,flow", "spare,flow,D01,,,\ncases,flow", 2, "measure", "spare", False),
    Planted("measures.csv", "backlog,stock", "Petitions,stock,D02,,,\nbacklog,stock", 6, "measure", "Petitions"),
    Planted("measures.csv", "cases,flow", "residents,flow,D01,,,\ncases,flow", 2, "kind"),
]
FEEDS = [
    in_feeds("department: D02", "department: D03", 20, "feeds[1].department", "D03"),
    in_feeds("due_day: 5", "due_day: 0", 3, "feeds[0].due_day"),
    in_feeds("name: case\n", "name: Case\n", 5, "feeds[0].record_sets[0].name"),
    in_feeds("reader: csv", "reader: tsv", 9, "feeds[0].record_sets[0].reader", "csv, xlsx, json, sql"),
    in_feeds("contract: police.Case", "contract: police.Cases", 8, "feeds[0].record_sets[0].contract"),
    in_feeds("contract: police.Case", "contract: fire.Case", 8, "feeds[0].record_sets[0].contract", "fire.py"),
    in_feeds("police/{period}/case.csv", "../{period}/case.csv", 10, "feeds[0].record_sets[0].location"),
    in_feeds("police/{period}/case.csv", "/data/{period}/case.csv", 10, "feeds[0].record_sets[0].location"),
    in_feeds("police/{period}/case.csv", "police/{month}/case.csv", 10, "feeds[0].record_sets[0].location"),
    in_feeds("encoding: gb18030", "encoding: gb-chinese", 11, "feeds[0].record_sets[0].encoding"),
    in_feeds("类别: category}", "类别: kind}", 12, "feeds[0].record_sets[0].columns.类别", "kind"),
    in_feeds(
        "类别: category}", "类别: category, 编: record_id}", 12, "feeds[0].record_sets[0].columns", "record_id twice"
    ),
    in_feeds("立案时间: occurred_at, ", "", 12, "feeds[0].record_sets[0].columns", "header for occurred_at"),
    in_feeds("values: {category:", "values: {kind:", 13, "feeds[0].record_sets[0].values.kind"),
    in_feeds(
        "{命案: homicide, 1: other}", "{命案: homicide, yes: other}", 13, "feeds[0].record_sets[0].values.category"
    ),
    in_feeds("{code: 单位代码, name: 所属乡镇}", "{}", 14, "feeds[0].record_sets[0].unit"),
    in_feeds("code_list: other", "code_list: othre", 15, "feeds[0].record_sets[0].code_list", "nbs, other"),
    in_feeds("month_by: occurred_at", "month_by: category", 16, "feeds[0].record_sets[0].month_by", "occurred_at"),
    in_feeds("2023-04-20", "2023-04-31", 18, "feeds[0].record_sets[0].complete_through"),
    in_feeds("share: 0.05", "share: 5", 19, "feeds[0].record_sets[0].max_quarantined_share"),
    in_feeds(
        "        title_en: Cases\n", "        titel_en: Cases\n", 7, "feeds[0].record_sets[0].titel_en", "titel_en"
    ),
    in_feeds("root: PINGAN_PETITIONS", "root: http://x", 30, "feeds[1].record_sets[0].root"),
    in_feeds("table: monthly, ", "", 31, "feeds[1].record_sets[0].options.table"),
    in_feeds("化解: resolved", "化解: cases", 27, "feeds[1].record_sets[0].values.measure", "cases"),
    in_feeds("月份: period, ", "", 26, "feeds[1].record_sets[0].columns", "header for period"),
    in_feeds("  - department: D01", "  - department: D01\n   bad", 3, ""),
    Planted("corrections/2022.yaml", "action: set", "action: mend", 3, "[0].action"),
    Planted("corrections/2022.yaml", "value: {category: 其他}", "value: {kind: 其他}", 4, "value", "kind"),
    Planted("corrections/2022.yaml", "  value: {category: 其他}\n", "", 1, "[0].value"),
    Planted("corrections/2022.yaml", "- record_set: police/case", "- record_set: police/cases", 1, "record_set"),
    Planted("corrections/2022.yaml", "  reason: 类别填错\n", "", 1, "[0].reason"),
]
TREE = [
    in_framework("I,,0,", "I9,,0,第二,,1,,,,,,,,,,,,,\nI,,0,", 2, "scoring", "no children", alone=False),
    in_framework("I101,I1,3", "I101,I9,3", 5, "parent", "I9"),
    in_framework("I1,I,1", "I1,I101,1", 3, "parent", "I1 → I101 → I1"),
    in_framework("I1,I,1", "I1,I2,1", 3, "parent", "I2 (level 1)"),
    in_framework("I101,I1,3", "I101,I1,4", 5, "level", "4"),
    in_framework("I102,I1,3", "I101,I1,3", 6, "code", alone=False),
    in_framework("I102,I1,3", "i101,I1,3", 6, "code", "row 5 has it", alone=False),
    in_framework("破案率,,20", "破案率,,0", 6, "weight"),
    in_framework("破案率,,20", "破案率,,-3", 6, "weight", "-3"),
    in_framework("破案率,,20", "破案率,,nan", 6, "weight", "nan"),
    in_framework("geometric", "geometrical", 3, "aggregation"),
    in_framework(
        "I2,I,1,信访,,40,,,,,,,,,,,,,", 'I2,I,1,信访,,40,,,cases,,,,,target_attainment,"{""T"":1}",,,,', 4, "scoring"
    ),
    in_framework("I2,I,1", "I3,I,1,空,,40,,,,,,,,,,,,,\nI2,I,1", 4, "scoring", "no children"),
    in_framework("I101,I1,3,发案率,,20,,D01", "I101,I1,3,发案率,,20,,D09", 5, "department", "D09"),
    in_framework("cases,residents", "caes,residents", 5, "numerator", "caes"),
    in_framework("cleared_cases,cases", "cleared_cases,all_cases", 6, "denominator", "all_cases"),
    in_framework("homicides", "murders", 7, "params", "murders"),
    in_framework("20,,D01,cases,residents,10000", "20,,D01,cases,residents,0", 5, "scale"),
    in_framework("rolling_3m", "rolling_6m", 5, "window", "rolling_6m"),
    in_framework("rolling_12m,1,goalpost", "rolling_12m,0,goalpost", 6, "direction"),
    in_framework("relative_minmax", "minimax", 5, "scoring", "minimax"),
    in_framework(",town,,,\nI203", ",towns,,,\nI203", 9, "applies_to", "towns"),
    in_framework("county_reference;k=10000", "county;k=10000", 5, "smoothing"),
    in_framework("county_reference;k=10000", "county_reference;k=0", 5, "smoothing"),
    in_framework("\nI204,I2,3", "\n,I2,3", 11, "code", alone=False),
]
PARAMS = [
    in_framework(POSTS + ",", "", 6, "params", "street, town"),
    in_framework(POSTS, POSTS.replace("street", "streets"), 6, "params", "street"),
    in_framework(POSTS, POSTS.replace("40", "10"), 6, "params", "p0 < p60 < p100"),
    in_framework(TOWN, TOWN.replace("70", "30"), 6, "params", "p0 < p60 < p100"),
    in_framework(TOWN, TOWN.replace('""p60"":30,', ""), 6, "params"),
    in_framework(TOWN, TOWN.replace("70", '""70""'), 6, "params", "town.p100"),
    # a cap within one group's posts would cut nothing
    in_framework('70},""cap"":100}', '70,""cap"":100}}', 6, "params", "cap"),
    in_framework('""p0"":10,""p60"":5,""p100"":1', '""p0"":1,""p60"":5,""p100"":10', 9, "params", "p0 > p60 > p100"),
    in_framework('{""T"":95', '{""T"":0', 8, "params", "T"),
    in_framework('""T"":95,', "", 8, "params", "T"),
    in_framework('""T"":95,""cap""', '""T"":95,""caps""', 8, "params", "cap"),
    in_framework("relative_minmax,{}", 'relative_minmax,"{""lo"":1}"', 5, "params", "lo"),
    in_framework(CASES, CASES.replace("40", "0"), 7, "params", "deduct"),
    in_framework(f"[{CASES}]", "[]", 7, "params", "classes"),
    in_framework(CASES, f"{CASES},{CASES}", 7, "params", "homicides"),
    in_framework(
        "D01,,,,rolling_12m,-1,zero_tolerance," + '"{""classes"":[{""measure"":""homicides""',
        "D02,,,,rolling_12m,-1,zero_tolerance," + '"{""classes"":[{""measure"":""backlog""',
        7,
        "window",
        "rolling_12m over backlog, a stock",
        alone=False,
    ),
    in_framework("D01,,,,rolling_12m,-1,zero", "D01,homicides,,,rolling_12m,-1,zero", 7, "numerator"),
    in_framework('""L"":1,', '""L"":100,', 12, "params", "L < U"),
    in_framework('{""L"":1,', '{""lo"":1,""L"":1,', 12, "params", "both or neither"),
    in_framework('{""L"":1,', '{""lo"":5,""hi"":5,""L"":1,', 12, "params", "lo < hi"),
    in_framework('""clip"":true', '""clip"":1', 12, "params", "true or false"),
    in_framework('""s"":10', '""s"":0', 10, "params"),
    in_framework("percentile_rank,{}", 'percentile_rank,"{""factor"":-1}"', 11, "params"),
    in_framework('"{""m"":50,""s"":10}"', '{"m":50', 10, "params", alone=False),
]
FROZEN = [
    in_reference(
        "I101,town,0.5,6,,,,24,0.5,2,6,2021-01,2021-12,yes,few events\n", "", 0, "lo", "I101, peer group town"
    ),
    in_reference("I101,town,0.5,6", "I101,town,6,6", 3, "hi", "lo < hi"),
    in_reference("I101,town,0.5,6", "I101,town,0.5,", 3, "hi"),
    in_reference("I101,town,0.5,6", "I101,town,half,6", 3, "lo", "half"),
    in_reference("4.5,2.25", "4.5,0", 6, "sd"),
    in_reference("4.5,2.25", "4.5,", 6, "sd"),
    in_reference("I205,town,0,30,,,,,,,,,,yes,\n", "", 0, "lo", "I205, peer group town"),
    in_reference("I101,1002,,,,,0,,,,,2021-01,2021-12,,\n", "", 0, "rate", "none for 1002"),
    in_reference("I101,1002,,,,,0,", "I101,1002,,,,,-1,", 5, "rate"),
    in_reference("I101,1002", "I101,1002,,,,,1,,,,,,,,\nI101,1002", 6, "group", "I101 1002"),
    in_reference("I205,town", "I299,town,0,1,,,,,,,,,,,\nI205,town", 7, "indicator", "I299"),
    in_reference("I205,town", "I205,village,0,1,,,,,,,,,,,\nI205,town", 7, "group", "village"),
    in_reference("I101,1002,,,,,0,", "I101,1002,1,2,,,0,", 5, "rate"),
    in_reference("6,2021-01,2021-12", "6,2021-12,2021-01", 3, "last_period"),
    Planted(VALUES, "I204,,2\n", "", 0, "value", "1 values"),
    Planted(VALUES, "I204,,2\n", "I204,,1\n", 2, "value", "2 times 1"),
    Planted(VALUES, "I204,,2\n", "I204,,2\nI203,,2\n", 4, "indicator", "I203"),
    Planted(VALUES, "I204,,2\n", "I204,,2\nI204,village,2\n", 4, "group", "village"),
    Planted(VALUES, "I204,,2\n", "I204,,2\nI204,,many\n", 4, "value", "many"),
    Planted(VALUES, "I204,1002,2\n", "", 0, "group", "none for 1002", severity="warning"),
]
RULE = [
    in_rules("minimum_coverage: 0.65\n", "", 1, "minimum_coverage"),
    in_rules("minimum_coverage: 0.65", "minimum_coverage: 65", 1, "minimum_coverage"),
    in_rules("carry_forward: {months: 1, except: []}\n", "", 1, "carry_forward"),
    in_rules("months: 1", "months: -1", 2, "carry_forward.months"),
    in_rules("except: []", "except: [D9]", 2, "carry_forward.except", "D9"),
    in_rules("from: 80", "from: 95", 5, "colours[1].from", "less than 90"),
    in_rules("key: blue", "key: green", 5, "colours[1].key", alone=False),
    in_rules('"#1f6fb2"', '"blue"', 5, "colours[1].hex"),
    in_rules("measure: homicides", "measure: homicide", 9, "veto[0].measure"),
    in_rules("cap: blue", "cap: orange", 9, "veto[0].cap", "green, blue, red"),
    in_rules("rises_to: [county]", "rises_to: [country]", 9, "veto[0].rises_to"),
    in_rules("at_least: 1", "at_least: 0", 9, "veto[0].at_least"),
    in_rules("floor: 1", "floor: 0", 7, "floor"),
    in_rules("floor: 1", "flor: 1", 7, "flor"),
    in_rules("coverage: 0.8,", "coverage: .nan,", 10, "gate.coverage"),
]
ALL = [*CITY, *UNITS, *MEASURES, *FEEDS, *TREE, *PARAMS, *FROZEN, *RULE]


def plant(whole: Path, planted: Planted) -> None:
    text = WHOLE[planted.file]
    assert planted.old in text, "the fixture has changed: this fault is planted nowhere"
    (whole / planted.file).write_text(text.replace(planted.old, planted.new, 1))


def told(faults: list[Fault]) -> list[tuple[str, int, str, str]]:
    return [(fault.file, fault.row, fault.column, fault.severity) for fault in faults]


@pytest.mark.parametrize("planted", ALL, ids=lambda p: f"{p.file}-{p.column}-{p.new[:30].strip()}")
def test_a_planted_fault_is_the_one_that_is_found(planted: Planted, whole: Path, project: Path) -> None:
    plant(whole, planted)
    faults = check_city(whole, project)
    place = (planted.file, planted.row, planted.column, planted.severity)
    assert place in told(faults), faults
    assert len(faults) == 1 or not planted.alone, faults
    fault = faults[told(faults).index(place)]
    assert planted.words in f"{fault.found} {fault.expected} {fault.remedy}", fault
    assert fault.remedy
