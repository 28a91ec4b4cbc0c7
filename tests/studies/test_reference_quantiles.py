"""reference_quantiles.csv: proposed from windows, refused when it is wrong, and what a frozen set changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from finished_run import FinishedRun

from city import load_city
from city.check import check_city
from city.folder import CITIES, CityFolderError
from city.reference_quantiles import QUANTILE_COLUMNS, read_quantiles
from methods.calibration import propose_quantiles
from publication.reading import read_issue_data
from warehouse.robustness import MADE_FROM, robustness_tables

FILE = "versions/2022-01/reference_quantiles.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CITIES / "tianshui", tmp_path / "tianshui"))


def test_tianshuis_file_covers_every_indicator_and_the_year_2021() -> None:
    city = load_city("tianshui")
    frozen = read_quantiles(city.versions[0])
    assert frozen.months == "2021-01..2021-12"
    assert {code for code, _ in frozen.sets} == {node.code for node in city.versions[0].indicators}
    assert all(len(quantiles) == 21 for quantiles in frozen.sets.values())


def test_quantiles_are_those_of_the_values_in_complete_windows() -> None:
    city = load_city("tianshui")
    node = next(n for n in city.versions[0].indicators if n.denominator and not n.smoothing and "cap" not in n.params)
    towns = [u.code for u in city.units if u.peer_group == "town"]
    numbers = np.random.default_rng(1).uniform(1, 9, len(towns))
    complete = {"month": 1, "rolling_3m": 3, "rolling_12m": 12, "stock": 1}[node.window]
    windows = pl.DataFrame(
        {
            "unit_code": [*towns, towns[0], towns[1]],
            "indicator_code": node.code,
            "period": ["2021-06"] * len(towns) + ["2021-05"] * 2,
            "status": ["measured"] * (len(towns) + 1) + ["partial"],
            "months_reported": [complete] * len(towns) + [complete - 1, complete],
            "numerator": [*numbers, 1e6, 1e6],  # the last two are not complete: they must not count
            "denominator": 2.0,
        }
    )
    rows = propose_quantiles(city, city.versions[0], windows, "2021-01", "2021-12")
    assert [(row["indicator"], row["group"], row["n"]) for row in rows] == [(node.code, "town", str(len(towns)))]
    found = [float(rows[0][column]) for column in QUANTILE_COLUMNS]
    assert found == pytest.approx(np.percentile(node.scale * numbers / 2, np.arange(0, 101, 5)), rel=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("I010101,street,100", "I019999,street,100", "row 2 (I019999 street): no indicator"),
        ("2021-12,5.120589931", "2021-12,many", "every quantile is a number"),
        ("2021-12,5.120589931", "2021-12,999", "must not fall"),
        ("q05", "q5", "no column q05"),
        ("I010101,town,1130,2021-01", "I010101,town,1130,2020-01", "different reference periods"),
    ],
)
def test_a_faulty_file_is_refused_by_row_and_by_the_check(folder: Path, old: str, new: str, complaint: str) -> None:
    text = (folder / FILE).read_text(encoding="utf-8")
    assert old in text
    (folder / FILE).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CityFolderError) as error:
        read_quantiles(load_city(folder).versions[0])
    assert complaint in str(error.value)
    (fault,) = check_city(folder)
    assert (fault.file, fault.severity) == (FILE, "error")
    assert fault.expected in str(error.value)


@pytest.mark.end_to_end
def test_a_frozen_set_does_not_move_with_the_month(tianshui_run: FinishedRun, folder: Path) -> None:
    """With the frozen sets a unit's alternative scores depend on its own values; without, on the other units' too."""
    issue = read_issue_data(tianshui_run.state, "2023-01")
    tables = {name: issue.table(name) for name in MADE_FROM}
    frozen = robustness_tables(load_city(folder), tables, "2023-01", base=20)["robustness_sensitivity"]
    told = frozen.filter(assumption="scoring").row(0, named=True)
    assert (told["reference_months"], told["indicators_by_own_month"]) == ("2021-01..2021-12", 0)
    (folder / FILE).unlink()
    own = robustness_tables(load_city(folder), tables, "2023-01", base=20)["robustness_sensitivity"]
    told = own.filter(assumption="scoring").row(0, named=True)
    assert (told["reference_months"], told["indicators_by_own_month"]) == (None, 138)
