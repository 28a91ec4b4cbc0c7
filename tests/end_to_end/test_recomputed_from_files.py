"""Indicators of every scoring kind and window computed again from the delivered files, and the tree above again from
the published scores: equal within 1e-9 for the city, each county and each township.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml
from finished_run import PUBLISHED, FinishedRun
from raw_deliveries import Delivery, Folder, Measure, count, returned, total
from recomputation import Method, Recipe, compute_tree

pytestmark = pytest.mark.end_to_end

TOLERANCE = 1e-9
CITY, COUNTY, TOWNSHIP, STREET = "620500", "620525", "620502101", "620502001"


def at(header: str) -> pl.Expr:
    return pl.col(header).str.to_datetime("%Y-%m-%d %H:%M:%S")


def number(header: str) -> pl.Expr:
    return pl.col(header).cast(pl.Int64).sum()


def seconds(start: str, end: str) -> pl.Expr:
    return (at(end) - at(start)).dt.total_seconds().sum()


CALL = Delivery(
    "police/{period}/police_call.csv", "接警时间", ("接警编号",), "单位代码", "所属乡镇街道",
    encoding="gb18030", order=(("接警时间", "到场时间"),),
)  # fmt: skip
CRIME = Delivery(
    "police/{period}/criminal_case.csv", "立案时间", ("案件编号",), "单位代码", "案发乡镇街道", encoding="gb18030"
)
WARNING = Delivery("police/{period}/fraud_warning.csv", "预警时间", ("预警编号",), name="所属乡镇街道")
ACCIDENT = Delivery(
    "police/{period}/traffic_accident.xlsx", "发生时间", ("事故编号",), "行政区划代码", "事发乡镇街道", "areacity"
)
DRUGS = Delivery("police/{period}/drug_return.xlsx", "报表月份", ("报表月份", "乡镇街道", "指标"), name="乡镇街道")
REGISTER = Delivery(
    "police/police.sqlite", "报表月份", ("报表月份", "区划编码", "指标"), "区划编码", "乡镇街道", "areacity",
    table="register_return",
)  # fmt: skip
PETITION = Delivery(
    "petitions/{period}/petition.csv", "登记时间", ("信访件编号",), "属地代码", "问题属地", encoding="gb18030"
)
AMBULANCE = Delivery(
    "health/{period}/ems_call.json", "呼救时间", ("呼救编号",), "单位代码", "呼救地点所属乡镇街道",
    order=(("呼救时间", "到达现场时间"),),
)  # fmt: skip
SUIT = Delivery(
    "court/court.sqlite", "结案日期", ("案件编号",), name="应诉机关所在地", table="admin_suit",
    order=(("立案日期", "结案日期"),),
)  # fmt: skip
CORRECTION = Delivery(
    "justice/justice.sqlite", "统计月份", ("统计月份", "单位代码", "指标"), "单位代码",
    table="correction_return", late=False,
)  # fmt: skip
GRID_EVENT = Delivery(
    "political_legal/{period}/grid_event.csv", "办理期限", ("事件编号",), "乡镇街道代码", "乡镇街道",
    encoding="gb18030", order=(("上报时间", "办理期限"), ("上报时间", "办结时间")),
)  # fmt: skip
WATER = Delivery("water/{period}/water_sample.json", "采样时间", ("样品编号",), "区划代码", code_list="areacity")
FOOD = Delivery("market_regulation/{period}/food_sample.csv", "抽样时间", ("抽样编号",), name="抽样乡镇街道")
COMPLAINT = Delivery(
    "environment/{period}/env_complaint.csv", "登记时间", ("投诉编号",), "行政区划代码", "所属乡镇街道", "areacity"
)
FIRE = Delivery(
    "fire_rescue/{period}/fire_incident.json", "接警时间", ("警情编号",), "辖区代码", "辖区名称",
    order=(("接警时间", "首车到场时间"),),
)  # fmt: skip
FIRE_HAZARD = Delivery(
    "fire_rescue/{period}/major_fire_hazard.xlsx", "截止日期", ("挂牌编号",), "单位代码", "单位名称", late=False
)

VALID = pl.col("是否有效警情") == "是"
DISPUTE = pl.col("案件起因") == "民间纠纷"
HOMICIDE = pl.col("案件类别") == "命案"
CRIME_CALLS = ("盗窃", "抢劫抢夺", "诈骗", "打架斗殴", "其他刑事警情", "其他治安警情")
SERIOUS = ("命案", "伤害", "强奸", "抢劫", "绑架", "放火", "爆炸", "劫持")
LOST = ("撤销", "部分撤销", "责令履行", "确认违法或无效")


def one(measure: Measure) -> tuple[tuple[float, Measure], ...]:
    return ((1.0, measure),)


RECIPES = (
    # goalpost
    Recipe(
        "I020205",
        one(total(CALL, seconds("接警时间", "到场时间"), VALID)),
        count(CALL, VALID & pl.col("到场时间").is_not_null()),
    ),
    Recipe("I010103", one(count(PETITION, pl.col("是否重复") == "是")), count(PETITION)),
    Recipe(
        "I060403",
        one(total(AMBULANCE, seconds("呼救时间", "到达现场时间"))),
        count(AMBULANCE, pl.col("到达现场时间").is_not_null()),
    ),
    Recipe("I090304", one(count(SUIT, pl.col("裁判结果").is_in(LOST))), count(SUIT)),
    Recipe(
        "I090101",
        one(returned(CORRECTION, "近12个月再犯罪社区矫正对象")),
        returned(CORRECTION, "近12个月社区矫正对象"),
        (True, True),
    ),
    # target_attainment
    Recipe(
        "I020304",
        one(count(WARNING, (pl.col("是否联系到") == "是") & (pl.col("是否避免损失") == "是"))),
        count(WARNING),
    ),
    Recipe("I090301", one(count(GRID_EVENT, at("办结时间") <= at("办理期限"))), count(GRID_EVENT)),
    Recipe("I060304", one(count(WATER, pl.col("是否达标") == "true")), count(WATER)),
    Recipe("I060101", one(count(FOOD, pl.col("是否合格") == "是")), count(FOOD)),
    Recipe(
        "I020403",
        one(returned(DRUGS, "已执行社区戒毒社区康复")),
        returned(DRUGS, "应执行社区戒毒社区康复"),
        (True, True),
    ),
    # relative_minmax
    Recipe("I020201", one(count(CALL, VALID & pl.col("警情类别").is_in(CRIME_CALLS)))),
    Recipe("I010101", one(count(PETITION))),
    Recipe("I070202", one(count(COMPLAINT))),
    Recipe("I020103", one(count(CRIME, pl.col("案件类别").is_in(SERIOUS)))),
    Recipe("I030101", one(total(ACCIDENT, number("死亡人数"))), returned(REGISTER, "机动车保有量"), (False, True)),
    Recipe("I020401", one(returned(DRUGS, "登记在册吸毒人员")), None, (True, True)),
    # zero_tolerance: the factor is what an event deducts
    Recipe("I020102", ((40, count(CRIME, HOMICIDE)),)),
    Recipe("I010204", ((10, count(CRIME, DISPUTE)), (40, count(CRIME, DISPUTE & HOMICIDE)))),
    Recipe("I040102", ((30, total(FIRE, number("死亡人数"))),)),
    Recipe(
        "I040203",
        ((20, count(FIRE_HAZARD, (pl.col("是否销案") == "否") & (pl.col("整改期限") < pl.col("截止日期")))),),
        None,
        (True, True),
    ),
)


@pytest.fixture(scope="module")
def method(tianshui_run: FinishedRun) -> Method:
    city = Path(tianshui_run.city.folder)
    return Method(Folder(tianshui_run.state.sources, city), "2022-01")


def published(run: FinishedRun, period: str, name: str) -> pl.DataFrame:
    return pl.read_parquet(run.state.issues / period / "r1" / f"{name}.parquet")


def test_the_recipes_cover_every_kind_and_window(method: Method) -> None:
    rows = [method.framework[recipe.code] for recipe in RECIPES]
    kinds = Counter(row["scoring"] for row in rows)
    assert set(kinds) == {r["scoring"] for r in method.framework.values() if r["scoring"]}
    assert min(kinds.values()) >= 3
    assert {row["window"] for row in rows} == {"month", "rolling_3m", "rolling_12m", "stock"}


@pytest.mark.parametrize("period", ["2022-12", "2023-01"])
@pytest.mark.parametrize("recipe", RECIPES, ids=[recipe.code for recipe in RECIPES])
def test_an_indicator_comes_out_of_the_files_again(
    recipe: Recipe, period: str, method: Method, tianshui_run: FinishedRun
) -> None:
    computed = method.indicator(recipe, period)
    values = published(tianshui_run, period, "values").filter(indicator_code=recipe.code)
    scores = published(tianshui_run, period, "scores").filter(node_code=recipe.code)
    by_unit = pl.DataFrame({"unit_code": method.codes})
    values = by_unit.join(values, on="unit_code", how="left", maintain_order="left")
    scores = by_unit.join(scores, on="unit_code", how="left", maintain_order="left")
    for column in ("numerator", "denominator", "value", "value_smoothed", "score"):
        said = values[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
        expected = getattr(computed, column)
        np.testing.assert_allclose(said, expected, rtol=1e-12, atol=TOLERANCE, err_msg=f"{recipe.code} {column}")
    np.testing.assert_allclose(scores["score"].fill_null(np.nan).to_numpy(), computed.score, rtol=0, atol=TOLERANCE)
    shown = {code: computed.score[method.codes.index(code)] for code in (CITY, COUNTY, TOWNSHIP)}
    assert all(np.isfinite(score) for score in shown.values()), shown


@pytest.mark.parametrize("period", PUBLISHED)
def test_the_tree_comes_out_of_the_published_leaves_again(
    period: str, method: Method, tianshui_run: FinishedRun
) -> None:
    assert all(row["aggregation"] in ("", "arithmetic") for row in method.framework.values())
    rules = yaml.safe_load((method.folder.city / "versions" / "2022-01" / "rules.yaml").read_text(encoding="utf-8"))
    scores = published(tianshui_run, period, "scores").sort("node_code", "unit_code")
    nodes = {str(code): rows for (code,), rows in scores.group_by(["node_code"], maintain_order=True)}
    leaves = [code for code, row in method.framework.items() if row["level"] == "3"]
    tree = compute_tree(
        method.framework,
        {code: nodes[code]["score"].fill_null(np.nan).to_numpy() for code in leaves},
        {code: nodes[code]["status"].to_numpy().astype(np.str_) for code in leaves},
        float(rules["minimum_coverage"]),
    )
    assert len(tree.coverage) == 42
    for code in tree.coverage:
        said = nodes[code]
        np.testing.assert_allclose(
            said["score"].fill_null(np.nan), tree.score[code], rtol=0, atol=TOLERANCE, err_msg=code
        )
        np.testing.assert_allclose(said["coverage"].fill_null(np.nan), tree.coverage[code], rtol=0, atol=TOLERANCE)
        assert said["status"].to_list() == tree.status[code].tolist(), code
