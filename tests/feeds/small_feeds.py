"""A small city built in a temporary folder: two counties, three townships (two of one name), one department."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandera.polars as pa
import polars as pl

from city.folder import City, Department, Feed, Measure, RecordSet, Unit
from feeds.landing import Reception
from schemas.base import CaseWithDeadline, Event

HEADER = "案件编号,立案时间,案件类别,死亡人数,单位代码,所属乡镇"


class Crime(Event):
    """A case in the month it was filed."""

    category: str = pa.Field(isin=["homicide", "robbery"])
    deaths: int = pa.Field(ge=0)
    loss_yuan: int = pa.Field(ge=0, nullable=True)


class Dispute(CaseWithDeadline):
    """A dispute in the month it fell due."""


def unit(code: str, name: str, parent: str, level: str, other: str = "", names: tuple[str, ...] = ()) -> Unit:
    aliases: dict[str, tuple[str, ...]] = {"other": (other,)} if other else {}
    return Unit(code, name, name, parent, level, "", aliases, names, "", "")


UNITS = (
    unit("110000", "甲市", "", "city", "110000"),
    unit("110101", "东县", "110000", "county", "110101", ("开发区",)),
    unit("110102", "西县", "110000", "county", "110102"),
    unit("110101001", "河口镇", "110101", "township", "110101002"),
    unit("110101002", "山前镇", "110101", "township", "110101001"),
    unit("110102001", "河口镇", "110102", "township", "110102001"),
)
DEPARTMENT = Department("D1", "police", "公安局", "Police")
CRIME = RecordSet(
    department="D1",
    department_key="police",
    name="crime",
    title_zh="立案",
    title_en="Crime",
    contract="police.Crime",
    reader="csv",
    location="police/{period}/crime.csv",
    columns={"案件编号": "record_id", "立案时间": "occurred_at", "案件类别": "category", "死亡人数": "deaths"},
    values={"category": {"命案": "homicide", "抢劫": "robbery"}},
    unit={"code": "单位代码", "name": "所属乡镇"},
    code_list="nbs",
    month_by="occurred_at",
    max_quarantined_share=1.0,
)
RETURN = replace(
    CRIME,
    name="figures",
    contract="monthly_return",
    location="police/{period}/figures.csv",
    columns={"月份": "period", "指标": "measure", "数值": "value"},
    values={"measure": {"在册": "registered"}},
    unit={"code": "单位代码"},
    month_by="period",
)


def small_city(folder: Path, *record_sets: RecordSet) -> City:
    """The city `smallville` with these record sets."""
    return City(
        key="smallville",
        folder=folder,
        settings={"time_zone": "Asia/Shanghai", "unit_levels": ["city", "county", "township"]},
        departments=(DEPARTMENT,),
        units=UNITS,
        population=(),
        measures=(Measure("registered", "stock", "D1", "人", "在册", "Registered"),),
        feeds=(Feed(DEPARTMENT, 5, record_sets),),
        versions=(),
    )


def reasons(reception: Reception) -> dict[str, int]:
    """Rows by reason of failure."""
    assert reception.quarantine is not None
    counted = reception.quarantine.group_by("reason").agg(pl.struct("source_file", "source_line").n_unique().alias("n"))
    return dict(counted.iter_rows())
