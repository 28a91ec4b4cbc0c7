"""Two small cities as text: the least that a city needs, and one that uses everything a folder can say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

HEADER = (
    "code,parent,level,name_zh,name_en,weight,aggregation,department,numerator,denominator,"
    "scale,window,direction,scoring,params,applies_to,smoothing,unit,note\n"
)
RULES = """\
minimum_coverage: 0.65
carry_forward: {months: 1, except: []}
colours:
  - {key: green, name_zh: 绿, word_zh: 优秀, from: 90, hex: "#1a7f4b"}
  - {key: blue, name_zh: 蓝, word_zh: 良好, from: 80, hex: "#1f6fb2"}
  - {key: red, name_zh: 红, word_zh: 预警, from: 0, hex: "#c0312b"}
"""

#: One level of units, one department, one monthly return; nothing that is not needed.
MINIMAL: Mapping[str, str] = {
    "city.yaml": """\
name_zh: 亚欧会议国家
time_zone: UTC
first_month: 2018-01
first_issue: 2018-01
unit_levels: [country]
""",
    "departments.csv": "code,name_zh\nPORTAL,数据门户\n",
    "units.csv": "code,name_zh,level\nAUT,奥地利,country\nBEL,比利时,country\n",
    "measures.csv": "measure,kind,department\nLPI,stock,PORTAL\nTariff,stock,PORTAL\n",
    "feeds.yaml": """\
feeds:
  - department: PORTAL
    record_sets:
      - name: returns
        contract: monthly_return
        reader: csv
        location: "{period}/returns.csv"
        columns: {month: period, indicator: measure, value: value}
        unit: {code: country}
        month_by: period
""",
    "versions/2018-01/framework.csv": HEADER
    + """\
Index,,0,指数,,,,,,,,,,,,,,,
Conn,Index,1,联通,,1,,,,,,,,,,,,,
LPI,Conn,2,物流,,1,,,LPI,,,,1,minmax,"{""lo"": 1, ""hi"": 5}",,,,
Tariff,Conn,2,关税,,0.5,,,Tariff,,,,-1,minmax,"{""lo"": 0, ""hi"": 20}",,,,
""",
    "versions/2018-01/rules.yaml": RULES,
}

#: Three levels of units, records and returns, every scoring kind, smoothing, veto, corrections.
WHOLE: Mapping[str, str] = {
    "city.yaml": """\
name_zh: 试验市
name_en: Testville
index_name_zh: 平安指数
index_name_en: Safe City Index
time_zone: Asia/Shanghai
first_month: 2021-01
first_issue: 2022-01
unit_levels: [city, county, township]
code_list: nbs
publication: {day: 10, hour: 9}
synthetic: true
notice_zh: 模拟数据
notice_en: Synthetic data
""",
    "departments.csv": "code,key,name_zh,name_en,source\nD01,police,公安局,Police,published\nD02,petitions,信访局,,\n",
    "units.csv": """\
code,name_zh,name_en,parent,level,peer_group,aliases,valid_from,valid_to
10,试验市,Testville,,city,,,,
1001,东区,East,10,county,,other:9001;东城,,
1002,西区,West,10,county,,,,
100101,甲街道,A,1001,township,street,other:900101,,
100102,乙镇,B,1001,township,town,other:900102;乙乡,,
100201,丙街道,C,1002,township,street,,,
100202,丁镇,D,1002,township,town,,2022-03,2022-12
""",
    "population.csv": """\
unit,year,residents,status
100101,2021,30000,estimate
100102,2021,12000,estimate
100201,2020,25000,estimate
100202,2021,9000,estimate
100202,2022,9100,estimate
""",
    "measures.csv": """\
measure,kind,department,unit,name_zh,name_en
cases,flow,D01,件,案件,Cases
cleared_cases,flow,D01,件,破案,Cleared
homicides,flow,D01,件,命案,Homicides
petitions,flow,D02,件,信访,Petitions
backlog,stock,D02,件,积案,Backlog
resolved,stock,D02,件,化解,Resolved
""",
    "feeds.yaml": """\
feeds:
  - department: D01
    due_day: 5
    record_sets:
      - name: case
        title_zh: 案件
        title_en: Cases
        contract: police.Case
        reader: csv
        location: police/{period}/case.csv
        encoding: gb18030
        columns: {编号: record_id, 立案时间: occurred_at, 类别: category}
        values: {category: {命案: homicide, 1: other}}
        unit: {code: 单位代码, name: 所属乡镇}
        code_list: other
        month_by: occurred_at
        date_formats: ["%m/%d/%Y"]
        complete_through: 2023-04-20
        max_quarantined_share: 0.05
  - department: D02
    record_sets:
      - name: petition_return
        contract: monthly_return
        reader: sql
        location: petitions/petitions.sqlite
        columns: {月份: period, 指标: measure, 数值: value}
        values: {measure: {信访件: petitions, 积案: backlog, 化解: resolved}}
        unit: {name: 乡镇}
        month_by: period
        root: PINGAN_PETITIONS
        options: {table: monthly, period_column: 报送月份, non_negative: true}
""",
    "corrections/2022.yaml": """\
- record_set: police/case
  match: {record_id: A1}
  action: set
  value: {category: 其他}
  reason: 类别填错
  provider: 公安局
  status: accepted
- {record_set: police/case, match: {record_id: A2}, action: drop, reason: r, provider: 公安局, status: proposed}
""",
    "versions/2021-06/framework.csv": HEADER
    + """\
I,,0,平安指数,Safe City Index,100,,,,,,,,,,,,分,
I1,I,1,治安,,60,geometric,,,,,,,,,,,,
I2,I,1,信访,,40,,,,,,,,,,,,,
I101,I1,3,发案率,,20,,D01,cases,residents,10000,rolling_3m,-1,relative_minmax,{},,county_reference;k=10000,,
I102,I1,3,破案率,,20,,D01,cleared_cases,cases,100,rolling_12m,1,goalpost,"{""street"":{""p0"":20,""p60"":40,""p100"":80},""town"":{""p0"":10,""p60"":30,""p100"":70},""cap"":100}",,,,
I103,I1,3,命案,,20,,D01,,,,rolling_12m,-1,zero_tolerance,"{""classes"":[{""measure"":""homicides"",""deduct"":40}]}",,,,
I201,I2,3,化解率,,30,,D02,resolved,backlog,100,stock,1,target_attainment,"{""T"":95,""cap"":100}",,,,
I202,I2,3,信访率,,30,,D02,petitions,residents,10000,month,-1,goalpost,"{""p0"":10,""p60"":5,""p100"":1}",town,,,
I203,I2,3,信访件,,30,,D02,petitions,,,month,-1,zscore,"{""m"":50,""s"":10}",,,,
I204,I2,3,积案位次,,30,,D02,backlog,,,stock,-1,percentile_rank,{},,,,
I205,I2,3,积案,,30,,D02,backlog,,,stock,-1,minmax,"{""L"":1,""U"":100,""clip"":true}",town,,,
""",
    "versions/2021-06/reference.csv": """\
indicator,group,lo,hi,mean,sd,rate,n,p05,p50,p95,first_period,last_period,declared,note
I101,street,1.5,8.5,,,,24,1.5,3,8.5,2021-01,2021-12,,
I101,town,0.5,6,,,,24,0.5,2,6,2021-01,2021-12,yes,few events
I101,1001,,,,,0.0004,,,,,2021-01,2021-12,,
I101,1002,,,,,0,,,,,2021-01,2021-12,,
I203,,,,4.5,2.25,,48,,,,2021-01,2021-12,,
I205,town,0,30,,,,,,,,,,yes,
""",
    "versions/2021-06/reference_values.csv": (
        "indicator,group,value\nI204,,1\nI204,,2\nI204,street,3\nI204,street,4.5\n"
        "I204,10,1\nI204,10,2\nI204,1001,1\nI204,1001,2\nI204,1002,1\nI204,1002,2\n"
    ),
    "versions/2021-06/rules.yaml": RULES
    + """\
floor: 1
veto:
  - {measure: homicides, window: month, at_least: 1, cap: blue, rises_to: [county]}
gate: {coverage: 0.8, scored_share: 0.9, largest_change: 25, rank_correlation: 0.6, red_share: 0.5}
""",
}

#: What the project holds for WHOLE besides its folder.
PROJECT: Mapping[str, str] = {
    "schemas/testville/police.py": "",
    "dbt_project/models/measures/testville/police.sql": "select 1",
    "dbt_project/models/measures/testville/police.yml": """\
models:
  - name: police
    columns:
      - {name: unit_code}
      - {name: period}
      - {name: cases}
      - {name: cleared_cases}
      - {name: homicides}
""",
}


def write_files(target: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder and answer it."""
    for name, text in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return target
