"""The data package as frictionless, pysdmx and sha256sum read it."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from finished_run import FinishedRun
from frictionless import Package
from polars.testing import assert_frame_equal
from pysdmx.errors import Invalid
from pysdmx.io import get_datasets, read_sdmx
from pysdmx.model import Codelist, DataStructureDefinition
from small_candidate import small_tables
from small_issue import MONTH, full_tables

from city import City, StateFolder
from publication.data_package import write_data_package
from publication.reading import IssueData, read_issue_data


@pytest.fixture
def small(release: object, state: StateFolder) -> IssueData:
    release(MONTH, **full_tables())  # type: ignore[operator]
    return read_issue_data(state, MONTH)


@pytest.fixture
def package(small: IssueData, city: City, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    write_data_package(small, city, folder)
    return folder


@pytest.fixture(scope="module")
def tianshui(tianshui_run: FinishedRun, rendered: Callable[[str], Path]) -> tuple[IssueData, Path]:
    return read_issue_data(tianshui_run.state, "2023-01"), rendered("data")


def faults(folder: Path) -> list[str]:
    report = Package(str(folder / "datapackage.json")).validate()
    return [*(e.message for e in report.errors), *(e.message for task in report.tasks for e in task.errors)]


@pytest.mark.end_to_end
def test_frictionless_finds_nothing_wrong_with_tianshui(tianshui: tuple[IssueData, Path]) -> None:
    data, folder = tianshui
    assert faults(folder) == []
    content = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert content["synthetic"] is True
    assert data.notice("zh") in content["description"]
    tables = {r["name"]: r for r in content["resources"] if r["type"] == "table"}
    assert set(tables) == {path.stem for path in data.folder.glob("*.parquet")}, "a table of the issue is not described"
    for name, resource in tables.items():
        assert [f["name"] for f in resource["schema"]["fields"]] == data.table(name).columns


def test_frictionless_finds_planted_faults(package: Path) -> None:
    assert faults(package) == []
    path = package / "csv" / "scores.csv"
    sound = path.read_text(encoding="utf-8-sig")
    for planted, found in (
        (sound.replace("99011,", "88888,", 1), "foreign key"),
        (sound + sound.splitlines()[-1] + "\n", "primary key"),
    ):
        path.write_text(planted, encoding="utf-8-sig")
        told = " ".join(faults(package))
        assert found in told.lower(), told
        assert "hash" in told.lower() or "byte count" in told.lower()


def test_what_is_told_of_a_unit_or_indicator_that_is_no_more_is_no_fault(
    release: object, state: StateFolder, city: City, tmp_path: Path
) -> None:
    """A month after a township was dissolved, or after a new method dropped an indicator."""
    row = {"period": MONTH, "unit_code": "9901", "comparison": "month"}
    row |= {f"{kind}_effect": 0.0 for kind in ("value", "weight", "method", "population")}
    row |= {"availability_effect": 1.0, "total": 1.0}
    changed = {
        "contributions": row | {"node_code": "Z", "indicator_code": "I-LEFT"},
        "member_contributions": row | {"member_code": "GONE", "indicator_code": "I-LEFT", "denominator_part": 0.0},
        "vetoes": {
            "period": MONTH,
            "unit_code": "9901",
            "measure": "n",
            "events": 2,
            "cap": "red",
            "from_unit": "GONE",
        },
    }
    sound = full_tables() | small_tables(MONTH)
    tables = {name: pl.DataFrame([own], sound[name].schema) for name, own in changed.items()}
    release(MONTH, **(full_tables() | tables))  # type: ignore[operator]
    folder = tmp_path / "data"
    folder.mkdir()
    write_data_package(read_issue_data(state, MONTH), city, folder)
    assert faults(folder) == []
    assert "I-LEFT" in (folder / "csv" / "contributions.csv").read_text(encoding="utf-8")


@pytest.mark.end_to_end
def test_sdmx_validates_and_holds_the_numbers_of_tianshui(tianshui: tuple[IssueData, Path]) -> None:
    data, folder = tianshui
    structure = folder / "sdmx" / "structure.json"
    message = read_sdmx(structure, validate=True)
    listed = {s.id: {code.id for code in s.items} for s in message.structures or () if isinstance(s, Codelist)}
    assert {s.id for s in message.structures or () if isinstance(s, DataStructureDefinition)} == {
        "DSD_SCORES",
        "DSD_VALUES",
    }
    for file, table, node, columns in (
        ("scores", "scores", "node_code", {"OBS_VALUE": "score", "CHANGE_MONTH": "change_month", "RANK": "rank"}),
        ("values", "values", "indicator_code", {"OBS_VALUE": "value", "NUMERATOR": "numerator", "SCORE": "score"}),
    ):
        (dataset,) = get_datasets(folder / "sdmx" / f"{file}.csv", structure, validate=True)
        read = pl.from_pandas(dataset.data)
        assert set(read["REF_AREA"]) <= listed["CL_UNIT"]
        assert set(read["INDICATOR"]) <= listed["CL_NODE"]
        assert set(read["OBS_STATUS"]) <= listed["CL_STATUS"]
        expected = data.table(table).select("unit_code", node, "period", *columns.values())
        found = read.select("REF_AREA", "INDICATOR", "TIME_PERIOD", *columns)
        assert_frame_equal(
            found.rename(dict(zip(found.columns, expected.columns, strict=True))),
            expected,
            check_dtypes=False,
            check_exact=True,
        )


def test_pysdmx_refuses_a_code_list_without_an_id(package: Path) -> None:
    path = package / "sdmx" / "structure.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["data"]["codelists"][0]["id"]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(Invalid, match="missing property 'id'"):
        read_sdmx(path, validate=True)


def test_checksums_are_those_that_sha256sum_accepts(package: Path) -> None:
    command = ["sha256sum", "--check", "--strict", "--quiet", "sha256sums.txt"]
    assert subprocess.run(command, cwd=package, check=False).returncode == 0
    listed = {line.split("  ", 1)[1] for line in (package / "sha256sums.txt").read_text(encoding="utf-8").splitlines()}
    files = {p.relative_to(package).as_posix() for p in package.rglob("*") if p.is_file()}
    assert listed == files - {"sha256sums.txt"}
    (package / "json" / "units.json").write_text("[]", encoding="utf-8")
    assert subprocess.run(command, cwd=package, check=False, capture_output=True).returncode != 0


def test_the_three_formats_hold_the_same(small: IssueData, package: Path) -> None:
    for path in small.folder.glob("*.parquet"):
        name = path.stem
        assert (package / "parquet" / path.name).read_bytes() == path.read_bytes()
        assert (package / "csv" / f"{name}.csv").read_bytes() == (small.folder / f"{name}.csv").read_bytes()
        rows = json.loads((package / "json" / f"{name}.json").read_text(encoding="utf-8"))
        table = small.table(name)
        assert rows["columns"] == table.columns
        assert rows["data"] == [list(row) for row in table.rows()]


def test_the_same_issue_gives_the_same_bytes(small: IssueData, city: City, package: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    again.mkdir()
    write_data_package(small, city, again)
    assert (again / "sha256sums.txt").read_bytes() == (package / "sha256sums.txt").read_bytes()


def test_a_licence_stands_there_only_when_the_city_gives_one(small: IssueData, city: City, tmp_path: Path) -> None:
    told = {}
    licence = {"name": "CC-BY-4.0", "title": "Creative Commons Attribution 4.0"}
    for name, settings in (("with", {**city.settings, "licence": licence}), ("without", dict(city.settings))):
        folder = tmp_path / name
        folder.mkdir()
        write_data_package(small, dataclasses.replace(city, settings=settings), folder)
        told[name] = json.loads((folder / "datapackage.json").read_text(encoding="utf-8")).get("licenses")
        shutil.rmtree(folder)
    assert told == {"with": [licence], "without": None}
