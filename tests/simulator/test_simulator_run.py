"""Simulated deliveries: the same every time, true to the rows behind them, and a little dirty."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fastexcel
import polars as pl
import pytest

from city.folder import City, RecordSet
from simulator import dirt
from simulator.localising import SimulatorError
from simulator.run import Simulation, simulate
from simulator.world import World

Run = Callable[..., Simulation]
BIG = "police/2022-03/call.csv"


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def record_set(city: City, name: str) -> RecordSet:
    return next(r for r in city.record_sets if r.name == name)


def table(folder: Path, period: str) -> list[Any]:
    with sqlite3.connect(folder / "health/health.sqlite") as connection:
        return connection.execute("select * from clinic where 报送月份 = ?", (period,)).fetchall()


def written(folder: Path, feed: RecordSet, period: str) -> pl.DataFrame:
    """A delivery as text under its headers, read without anything of ours."""
    path = folder / feed.location.replace("{period}", period)
    if feed.reader == "csv":
        return pl.read_csv(io.StringIO(path.read_bytes().decode(feed.encoding)), infer_schema=False)
    if feed.reader == "json":
        rows = [row for page in json.loads(path.read_bytes()) for row in page["rows"]]
        return pl.DataFrame(rows).with_columns(pl.all().cast(pl.String))
    if feed.reader == "sql":
        headers = ["编号", "代码", "乡镇", "统计日期", "是否达标", "报送月份"]
        return pl.DataFrame(table(folder, period), schema=headers, orient="row").cast(pl.String)
    sheet = fastexcel.read_excel(path).load_sheet(0, header_row=None, dtypes="string").to_polars()
    upper, lower = sheet.row(1), sheet.row(2)
    body = sheet.slice(3, len(sheet) - 4)
    return body.rename({old: low or up for old, up, low in zip(sheet.columns, upper, lower, strict=True)})


def canonical(city: City, feed: RecordSet, delivered: pl.DataFrame, like: pl.DataFrame) -> pl.DataFrame:
    """Delivered text back to contract columns by the mapping of feeds.yaml alone."""
    codes = {u.code_aliases.get(feed.code_list, (u.code,))[0]: u.code for u in city.units if u.parent}
    counties = {u.code: u.name_zh for u in city.units}
    names = {u.name_zh: u.code for u in city.units} | {
        counties[u.parent] + u.name_zh: u.code for u in city.units if u.parent
    }
    out = {}
    for header, column in feed.columns.items():
        text = delivered[header]
        words = {str(k): str(v) for k, v in feed.values.get(column, {}).items()}
        dtype = like.schema[column]
        if dtype == pl.Datetime:
            shape = feed.date_formats[0] if feed.date_formats else "%Y-%m-%d %H:%M:%S"
            out[column] = text.str.to_datetime(shape, time_unit="us")
        elif dtype == pl.Boolean:
            out[column] = text.str.to_lowercase().is_in(["是", "true", "1"])
        elif dtype == pl.String:
            out[column] = text.replace(words) if words else text
        elif dtype == pl.Date:
            out[column] = text.str.to_date()
        else:
            out[column] = text.cast(dtype)
    if "code" in feed.unit:
        short = {code.rstrip("0"): unit for code, unit in codes.items()}
        stripped = delivered[feed.unit["code"]].str.strip_chars_end("0")
        out["unit_code"] = pl.Series([short[code] for code in stripped])
    if "name" in feed.unit:
        by_name = pl.Series([names[name] for name in delivered[feed.unit["name"]]])
        assert "unit_code" not in out or (out["unit_code"] == by_name).all()
        out["unit_code"] = by_name
    return pl.DataFrame(out)


@pytest.mark.parametrize("name", ["call", "problem", "accident", "ambulance", "clinic", "patients"])
def test_what_is_written_reads_back_as_the_rows_behind_it(
    small_city: City, run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(dirt, "LEAST_ROWS", 10**9)
    feed = record_set(small_city, name)
    folder = run("2022-03").folder
    module = __import__(f"stand_in.smalltown.{feed.department_key}", fromlist=["deliveries"])
    rows = module.deliveries(World(small_city), "2022-03")[name]
    delivered = written(folder, feed, "2022-03")
    assert len(delivered) == len(rows) > 0
    back = canonical(small_city, feed, delivered, rows)
    assert back.equals(rows.select(back.columns))


def test_the_same_seed_gives_the_same_bytes(run: Run) -> None:
    run("2022-01", "2022-02", to="a")
    run("2022-01", "2022-02", to="b")
    first = run("2022-02", "2022-01", to="c").folder
    assert tree(first.parent / "a") == tree(first.parent / "b") == tree(first)


def test_of_several_words_for_a_value_the_first_is_written(small_city: City, run: Run) -> None:
    calls = written(run("2022-03").folder, record_set(small_city, "call"), "2022-03")
    assert set(calls["警情类别"]) == {"盗窃", "求助"}


def test_another_seed_gives_other_deliveries(run: Run) -> None:
    a, b = run("2022-03", to="a").folder, run("2022-03", to="b", seed=7).folder
    assert (a / BIG).read_bytes() != (b / BIG).read_bytes()


def test_a_month_alone_is_the_month_in_a_range(run: Run) -> None:
    alone = run("2022-03", to="alone").folder
    ranged = run("2022-01", "2022-02", "2022-03", to="range").folder
    files = [name for name in tree(alone) if "2022-03" in name]
    assert len(files) == 5
    assert all((alone / name).read_bytes() == (ranged / name).read_bytes() for name in files)
    assert table(alone, "2022-03") == table(ranged, "2022-03") != []


def test_a_month_simulated_again_replaces_itself(run: Run) -> None:
    folder = run("2022-01", "2022-02").folder
    before = table(folder, "2022-01")
    run("2022-01")
    assert table(folder, "2022-01") == before
    assert table(folder, "2022-02") != []


def test_two_processes_write_what_one_writes_and_report_in_order(run: Run) -> None:
    months = ("2022-01", "2022-02", "2022-03", "2022-04")
    seen: list[tuple[int, int, str]] = []
    one = run(*months, to="one")
    two = run(*months, to="two", workers=2, progress=lambda *step: seen.append(step))
    assert tree(one.folder) == tree(two.folder)
    assert one.records == two.records
    assert seen == [(n, 4, month) for n, month in enumerate(months, start=1)]


def test_the_summary_counts_what_is_in_the_files(small_city: City, run: Run) -> None:
    done = run("2022-03")
    police = [r for r in small_city.record_sets if r.department_key == "police"]
    assert done.records["2022-03"]["police"] == sum(len(written(done.folder, r, "2022-03")) for r in police)
    assert done.files == 5
    assert done.total == sum(done.records["2022-03"].values())


def test_ordinary_deliveries_are_a_little_dirty(small_city: City, run: Run) -> None:
    months = [f"2022-{m:02d}" for m in range(1, 7)]
    folder = run(*months).folder
    calls = pl.concat([written(folder, record_set(small_city, "call"), m).with_columns(m=pl.lit(m)) for m in months])
    twice = int(calls.select("m", "接警编号").is_duplicated().sum()) // 2
    unresolvable = len(calls.filter(pl.col("所属乡镇").is_in(dirt._BAD_NAMES)))
    late = len(calls.filter(pl.col("接警时间").str.slice(0, 7) < pl.col("m")))
    assert min(twice, unresolvable, late) > 0
    assert 0.001 < (twice + unresolvable + late) / len(calls) < 0.006
    problems = pl.concat([written(folder, record_set(small_city, "problem"), m) for m in months])
    assert len(problems.filter(pl.col("办结") < pl.col("立项"))) > 0


def test_late_rows_fall_in_the_month_before_and_have_keys_of_their_own(small_city: City, run: Run) -> None:
    calls = written(run("2022-03").folder, record_set(small_city, "call"), "2022-03")
    late = calls.filter(pl.col("接警时间") < "2022-03")
    assert set(late["接警时间"].str.slice(0, 7)) == {"2022-02"}
    assert late["接警编号"].str.ends_with("B").all()


def test_returns_and_tables_are_never_dirty(small_city: City, run: Run) -> None:
    folder = run("2022-03").folder
    clinic = written(folder, record_set(small_city, "clinic"), "2022-03")
    assert clinic["编号"].is_unique().all()
    assert clinic["乡镇"].str.starts_with("第").all()
    assert len(written(folder, record_set(small_city, "patients"), "2022-03")) == 24


def test_everything_says_that_it_is_simulated(run: Run) -> None:
    folder = run("2022-03").folder
    assert "模拟数据" in (folder / "SYNTHETIC.md").read_text(encoding="utf-8")
    assert all(page["synthetic"] for page in json.loads((folder / "health/2022-03/ambulance.json").read_bytes()))
    sheet = fastexcel.read_excel(folder / "police/2022-03/accident.xlsx").load_sheet(0, header_row=None)
    assert "模拟数据" in str(sheet.to_polars().row(0)[0])
    with sqlite3.connect(folder / "health/health.sqlite") as connection:
        assert "模拟数据" in connection.execute("select notice from synthetic_notice").fetchone()[0]


def test_workbooks_look_as_offices_send_them(run: Run) -> None:
    path = run("2022-03").folder / "police/2022-03/accident.xlsx"
    sheet = fastexcel.read_excel(path).load_sheet(0, header_row=None, dtypes="string").to_polars()
    assert sheet.row(0)[0] == "小城市事故登记报送表（2022年3月）【模拟数据】"
    assert sheet.row(1) == ("编号", "单位信息", None, "时间", "死亡", "受伤")
    assert sheet.row(2) == (None, "代码", "乡镇", None, None, None)
    assert sheet.row(len(sheet) - 1)[0] == "合计"
    typed = fastexcel.read_excel(path).load_sheet(0, header_row=None, skip_rows=3, n_rows=20).to_polars()
    assert typed.dtypes[4:] == [pl.String, pl.Float64]


def test_a_department_that_nobody_simulates_is_named(small_city: City, tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match=r"simulator/smalltown/police\.py"):
        simulate(small_city, tmp_path / "out", ["2022-01"], workers=1)
    assert not (tmp_path / "out").exists()


def test_a_record_set_that_a_department_forgets_is_named(small_city: City, tmp_path: Path, run: Run) -> None:
    module = tmp_path / "modules" / "stand_in" / "smalltown" / "health.py"
    module.write_text(module.read_text().replace('"clinic": clinic, ', ""))
    with pytest.raises(SimulatorError, match=r"health .* not clinic"):
        run("2022-01")
