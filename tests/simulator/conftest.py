"""A small city with two departments and all four readers, and the modules that simulate its departments."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from city.folder import City, load_city
from simulator.run import Simulation, simulate

CITY = """
name_zh: 小城市
name_en: Small City
time_zone: Asia/Shanghai
first_month: "2021-01"
first_issue: "2022-01"
unit_levels: [city, county, township]
synthetic: true
"""

FEEDS = """
feeds:
  - department: D1
    due_day: 5
    record_sets:
      - name: call
        title_zh: 接处警登记
        contract: police.Call
        reader: csv
        location: police/{period}/call.csv
        encoding: gb18030
        columns:
          接警编号: record_id
          接警时间: received_at
          警情类别: subtype
          是否有效: valid
          损失: loss_yuan
        values: {subtype: {盗窃: theft, 求助: help, 帮助: help}}
        unit: {code: 单位代码, name: 所属乡镇}
        code_list: areacity
        month_by: received_at
        options: {unit_name_style: with_county, unit_code_digits: 12}
      - name: problem
        title_zh: 突出问题整改台账
        contract: police.Problem
        reader: csv
        location: police/{period}/problem.csv
        columns: {编号: record_id, 立项: opened_at, 期限: due_at, 办结: closed_at}
        unit: {name: 乡镇}
        code_list: nbs
        month_by: due_at
        date_formats: ["%Y/%m/%d %H:%M:%S"]
      - name: accident
        title_zh: 事故登记
        contract: police.Accident
        reader: xlsx
        location: police/{period}/accident.xlsx
        columns: {编号: record_id, 时间: occurred_at, 死亡: deaths, 受伤: injured}
        unit: {code: 代码, name: 乡镇}
        code_list: nbs
        month_by: occurred_at
        options: {unit_name_style: plain, unit_code_digits: 9}
  - department: D2
    due_day: 6
    record_sets:
      - name: ambulance
        title_zh: 急救出车登记
        contract: health.Ambulance
        reader: json
        location: health/{period}/ambulance.json
        columns: {编号: record_id, 呼救时间: called_at, 是否到达: arrived}
        unit: {code: 代码}
        code_list: nbs
        month_by: called_at
        options: {page_size: 200}
      - name: clinic
        title_zh: 医疗机构台账
        contract: health.Clinic
        reader: sql
        location: health/health.sqlite
        columns: {编号: record_id, 统计日期: as_of, 是否达标: compliant}
        unit: {code: 代码, name: 乡镇}
        code_list: areacity
        month_by: as_of
        options: {table: clinic, period_column: 报送月份}
      - name: patients
        title_zh: 在册患者月报
        contract: monthly_return
        reader: csv
        location: health/{period}/patients.csv
        columns: {月份: period, 指标: measure, 数值: value}
        values: {measure: {在册患者: patients, 规范管理: patients_managed}}
        unit: {code: 代码}
        code_list: nbs
        month_by: period
"""

POLICE = """
import polars as pl

def deliveries(world, period):
    draw = world.rng("police", "call", period)
    call = world.events(draw, 60.0, period, "crime", county_only=0.01)
    n = len(call)
    loss = pl.Series(world.amounts(draw, n, 800)).set(pl.Series(draw.random(n) < 0.5), None)
    call = call.with_columns(
        record_id=world.record_ids("JJ", period, n),
        received_at=world.times(draw, period, n),
        subtype=world.choose(draw, {"theft": 1, "help": 3}, n),
        valid=draw.random(n) < 0.9,
        loss_yuan=loss,
    )
    draw = world.rng("police", "problem", period)
    problem = world.deadline_cases(draw, 12.0, period, "disputes", prefix="WT", days=10)
    draw = world.rng("police", "accident", period)
    accident = world.events(draw, 4.0, period, "traffic")
    n = len(accident)
    accident = accident.with_columns(
        record_id=world.record_ids("SG", period, n),
        occurred_at=world.times(draw, period, n),
        deaths=draw.poisson(0.1, n),
        injured=draw.poisson(1.1, n),
    )
    return {"call": call, "problem": problem, "accident": accident}
"""

HEALTH = """
import numpy as np

def deliveries(world, period):
    draw = world.rng("health", "ambulance", period)
    ambulance = world.events(draw, 12.0, period, "health")
    n = len(ambulance)
    ambulance = ambulance.with_columns(
        record_id=world.record_ids("JH", period, n),
        called_at=world.times(draw, period, n),
        arrived=draw.random(n) < 0.97,
    )
    clinic = world.ledger(("health", "clinic"), 5.0, period, prefix="YL")
    quality = world.quality("health", period)
    clinic = clinic.with_columns(compliant=world.flags(clinic, "compliant", quality, period))
    patients = world.stock("patients", 40.0, period)
    managed = world.share_of("patients", patients, quality, period)
    returns = world.monthly_return({"patients": patients, "patients_managed": managed}, period)
    return {"ambulance": ambulance, "clinic": clinic, "patients": returns}
"""


@pytest.fixture
def small_city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> City:
    """The city, read from its folder; its departments are simulated by the package `stand_in`."""
    folder = tmp_path / "city" / "smalltown"
    (folder / "versions" / "2022-01").mkdir(parents=True)
    (folder / "versions" / "2022-01" / "framework.csv").write_text("code\n")
    (folder / "versions" / "2022-01" / "rules.yaml").write_text("minimum_coverage: 0.65\n")
    (folder / "city.yaml").write_text(CITY, encoding="utf-8")
    (folder / "feeds.yaml").write_text(FEEDS, encoding="utf-8")
    (folder / "departments.csv").write_text("code,key,name_zh,name_en\nD1,police,公安局,\nD2,health,卫健委,\n")
    (folder / "measures.csv").write_text("measure,kind,department,unit,name_zh,name_en\n")
    units = [("990100", "小城市", "", "city", "", ""), ("990101", "甲区", "990100", "county", "", "990901")]
    units.append(("990102", "乙县", "990100", "county", "", "990902"))
    for number in range(12):
        county = "990101" if number < 6 else "990102"
        group, kind = ("street", "街道") if number < 4 else ("town", "镇")
        code = f"{county}{100 + number}"
        units.append((code, f"第{number}{kind}", county, "township", group, f"99090{county[-1]}{200 - number}"))
    lines = ["code,name_zh,name_en,parent,level,peer_group,aliases,valid_from,valid_to"]
    lines += [f"{c},{n},,{p},{le},{g},{f'areacity:{a}' if a else ''},," for c, n, p, le, g, a in units]
    (folder / "units.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    residents = [f"{u[0]},{year},{40_000 - 300 * (year - 2021)},estimate" for u in units for year in (2021, 2022)]
    (folder / "population.csv").write_text("unit,year,residents,status\n" + "\n".join(residents) + "\n")
    modules = tmp_path / "modules" / "stand_in" / "smalltown"
    modules.mkdir(parents=True)
    (modules / "police.py").write_text(POLICE)
    (modules / "health.py").write_text(HEALTH)
    for name in [n for n in sys.modules if n.partition(".")[0] == "stand_in"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path / "modules")
    return load_city(folder)


Run = Callable[..., Simulation]


@pytest.fixture
def run(small_city: City, tmp_path: Path) -> Run:
    """Simulate months of the small city into a folder under the test's own."""

    def simulated(*periods: str, to: str = "sources", **options: Any) -> Simulation:
        options.setdefault("workers", 1)
        return simulate(small_city, tmp_path / to, periods, package="stand_in", **options)

    return simulated
