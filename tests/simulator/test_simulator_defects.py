"""Each kind of defect does what it says, to the delivery it names and to no other."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import fastexcel
import numpy as np
import polars as pl
import pytest

from city.folder import City
from simulator.defects import KINDS, Defect, deliver_late, spoil_rows
from simulator.localising import SimulatorError
from simulator.run import Simulation

Run = Callable[..., Simulation]
MONTH = "2022-03"
CALL, PROBLEM, ACCIDENT = (f"police/{MONTH}/{n}" for n in ("call.csv", "problem.csv", "accident.xlsx"))
AMBULANCE, PATIENTS = f"health/{MONTH}/ambulance.json", f"health/{MONTH}/patients.csv"


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def calls(folder: Path) -> pl.DataFrame:
    return pl.read_csv(io.StringIO((folder / CALL).read_bytes().decode("gb18030")), infer_schema=False)


def clinics(path: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        return connection.execute("select * from clinic where 报送月份 = ?", (MONTH,)).fetchall()


@pytest.fixture
def sound(run: Run) -> Path:
    return run(MONTH, to="sound").folder


@pytest.fixture
def defective(run: Run) -> Callable[..., Path]:
    def simulated(*defects: str, to: str = "defective") -> Path:
        return run(MONTH, to=to, defects=[Defect.parse(d) for d in defects]).folder

    return simulated


@pytest.mark.parametrize("kind", KINDS)
def test_a_defect_touches_nothing_but_its_delivery_and_is_the_same_each_time(
    sound: Path, defective: Callable[..., Path], kind: str
) -> None:
    first = tree(defective(f"{kind}:police/call:{MONTH}"))
    again = tree(defective(f"{kind}:police/call:{MONTH}", to="again"))
    whole = tree(sound)
    assert first == again
    assert first.get(CALL) != whole[CALL]
    untouched = set(whole) - {CALL}
    assert all(first[name] == whole[name] for name in untouched)


def test_a_missing_delivery_is_not_there_even_when_it_was_before(sound: Path, defective: Callable[..., Path]) -> None:
    folder = defective(f"missing_delivery:police/call:{MONTH}", f"missing_delivery:health:{MONTH}", to="sound")
    assert folder == sound
    assert not (folder / CALL).exists()
    assert not (folder / AMBULANCE).exists()
    assert clinics(folder / "health/health.sqlite") == []
    assert (folder / PROBLEM).exists()


def test_a_late_delivery_arrives_when_asked(small_city: City, sound: Path, defective: Callable[..., Path]) -> None:
    folder = defective(f"late_delivery:police/call:{MONTH}")
    assert not (folder / CALL).exists()
    deliver_late(small_city, folder, "police", "call", MONTH)
    assert (folder / CALL).read_bytes() == (sound / CALL).read_bytes()
    with pytest.raises(SimulatorError, match="no late delivery of police/call"):
        deliver_late(small_city, folder, "police", "call", MONTH)


def test_a_late_table_arrives_when_asked(small_city: City, sound: Path, defective: Callable[..., Path]) -> None:
    folder = defective(f"late_delivery:health/clinic:{MONTH}")
    place = folder / "health/health.sqlite"
    assert clinics(place) == []
    deliver_late(small_city, folder, "health", "clinic", MONTH)
    assert clinics(place) == clinics(sound / "health/health.sqlite") != []
    with pytest.raises(SimulatorError, match="no late delivery of health/clinic"):
        deliver_late(small_city, folder, "health", "clinic", MONTH)


@pytest.mark.parametrize(
    ("delivery", "path", "declared", "actual"),
    [
        ("police/call", CALL, "gb18030", "utf-8"),
        ("police/problem", PROBLEM, "utf-8-sig", "gb18030"),
        ("health/ambulance", AMBULANCE, "utf-8", "gb18030"),
    ],
)
def test_a_file_in_another_encoding_holds_the_same_text(
    sound: Path, defective: Callable[..., Path], delivery: str, path: str, declared: str, actual: str
) -> None:
    content = (defective(f"wrong_encoding:{delivery}:{MONTH}") / path).read_bytes()
    assert content.decode(actual) == (sound / path).read_bytes().decode(declared)


def test_shuffled_columns_hold_the_same_rows(sound: Path, defective: Callable[..., Path]) -> None:
    shuffled = calls(defective(f"shuffled_columns:police/call:{MONTH}"))
    whole = calls(sound)
    assert shuffled.columns != whole.columns
    assert shuffled.select(whole.columns).equals(whole)


def test_even_two_columns_never_stay_as_they_were(small_city: City) -> None:
    feed_set = next(small_city.record_sets)
    found = {"shuffled_columns": Defect("shuffled_columns", "police", "call", MONTH)}
    rows = pl.DataFrame({"a": [1], "b": [2]})
    orders = {tuple(spoil_rows(rows, feed_set, found, np.random.default_rng(n)).columns) for n in range(20)}
    assert orders == {("b", "a")}


@pytest.mark.parametrize(("text", "share"), [("", 0.03), (":0.2", 0.2)])
def test_a_share_of_the_rows_comes_twice(sound: Path, defective: Callable[..., Path], text: str, share: float) -> None:
    twice = calls(defective(f"duplicate_rows:police/call:{MONTH}{text}"))
    whole = calls(sound)
    assert len(twice) == len(whole) + round(share * len(whole))
    assert twice.unique().height == whole.unique().height


def test_a_share_of_the_units_does_not_exist(sound: Path, defective: Callable[..., Path]) -> None:
    broken = calls(defective(f"broken_codes:police/call:{MONTH}"))
    bad = broken.filter(pl.col("单位代码") == "999999999")
    assert len(bad) == round(0.10 * len(broken))
    assert set(bad["所属乡镇"]) == {"查无此乡"}
    assert len(broken) == len(calls(sound))


def test_a_truncated_csv_ends_inside_a_row(sound: Path, defective: Callable[..., Path]) -> None:
    cut = (defective(f"truncated_file:police/call:{MONTH}") / CALL).read_bytes()
    whole = (sound / CALL).read_bytes()
    assert whole.startswith(cut)
    assert 0.5 < len(cut) / len(whole) < 0.65
    last = cut.decode("gb18030").splitlines()[-1]
    assert last.count(",") < whole.decode("gb18030").splitlines()[0].count(",")


def test_truncated_pages_and_workbooks_cannot_be_opened(defective: Callable[..., Path]) -> None:
    folder = defective(f"truncated_file:health/ambulance:{MONTH}", f"truncated_file:police/accident:{MONTH}")
    with pytest.raises(json.JSONDecodeError):
        json.loads((folder / AMBULANCE).read_bytes())
    with pytest.raises(fastexcel.FastExcelError):
        fastexcel.read_excel(folder / ACCIDENT)


def test_an_empty_delivery_has_no_row(defective: Callable[..., Path]) -> None:
    folder = defective(f"empty_sheet:police:{MONTH}", f"empty_sheet:health:{MONTH}")
    assert calls(folder).is_empty()
    assert [page["rows"] for page in json.loads((folder / AMBULANCE).read_bytes())] == [[]]
    assert clinics(folder / "health/health.sqlite") == []
    assert fastexcel.read_excel(folder / ACCIDENT).load_sheet(0, header_row=None).to_polars().is_empty()


def test_a_restated_month_lacks_some_records_and_changes_some_numbers(
    sound: Path, defective: Callable[..., Path]
) -> None:
    folder = defective(f"restated_month:police/call:{MONTH}", f"restated_month:health/patients:{MONTH}")
    before, after = calls(sound), calls(folder)
    assert len(after) == len(before) - round(0.03 * len(before))
    assert after.join(before, on=before.columns, how="anti", nulls_equal=True).is_empty()
    old, new = (pl.read_csv(f / PATIENTS) for f in (sound, folder))
    assert (new["数值"] - old["数值"]).value_counts().sort("数值")["数值"].to_list() == [0, 1]


def test_a_defect_of_another_month_does_nothing_here(sound: Path, run: Run) -> None:
    folder = run(MONTH, to="other", defects=[Defect.parse("missing_delivery:police/call:2022-04")]).folder
    assert tree(folder) == tree(sound)


def test_a_defect_reads_as_it_is_written() -> None:
    assert Defect.parse("broken_codes:police/call:2022-03:0.5") == Defect(
        "broken_codes", "police", "call", "2022-03", 0.5
    )
    assert Defect.parse("empty_sheet:police:2022-03").record_set == "*"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("flood:police/call:2022-03", "there are missing_delivery"),
        ("empty_sheet:police/call", "write kind:department/record_set:YYYY-MM"),
        ("empty_sheet:police/call:2022-13", "is not a month"),
        ("broken_codes:police/call:2022-03:2", "up to 1"),
        ("missing_delivery:police/call:2022-03:0.5", "takes no share"),
    ],
)
def test_what_is_no_defect_is_refused_with_what_to_write(text: str, message: str) -> None:
    with pytest.raises(SimulatorError, match=message):
        Defect.parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("empty_sheet:police/calls:2022-03", "it has police/call"),
        ("truncated_file:health/clinic:2022-03", "nothing that a sql delivery can have"),
        ("wrong_encoding:police/accident:2022-03", "nothing that a xlsx delivery can have"),
    ],
)
def test_a_defect_that_could_not_happen_is_refused(run: Run, text: str, message: str) -> None:
    with pytest.raises(SimulatorError, match=message):
        run(MONTH, defects=[Defect.parse(text)])
