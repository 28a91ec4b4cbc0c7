"""`pingan explain --records` of a month in which corrections acted and after which the city's folder changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
import yaml
from click.testing import CliRunner
from corrected_office import Corrected, pass_gate_a, reduced_gates
from small_office import CODE_VERSION, Office

from pipelines.command_line import cli
from publication.city_of_issue import city_of_issue
from publication.reading import read_issue_data
from warehouse.inputs import InputGoneError

MONTH, FIRST, SECOND = "2022-01", "900101001", "900101002"
MATCH = {"period": MONTH, "measure": "crimes"}
ENTRY = {"record_set": "alpha/monthly", "provider": "alpha", "status": "accepted"}
CORRECTIONS = [
    ENTRY
    | {"match": MATCH | {"unit_code": FIRST}, "action": "set", "value": {"value": "41"}, "reason": "typing error"},
    ENTRY | {"match": MATCH | {"unit_code": SECOND}, "action": "drop", "reason": "counted twice"},
]


@pytest.fixture(scope="module")
def office(corrected: Corrected, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """January corrected row by row and published again; then the framework counts something else."""
    office = Office(tmp_path_factory.mktemp("explained"), corrected.office.published)
    shutil.copytree(corrected.office.folder, office.folder, dirs_exist_ok=True)
    patch = reduced_gates()
    (office.city_folder / "corrections").mkdir()
    written = yaml.safe_dump(CORRECTIONS, allow_unicode=True)
    (office.city_folder / "corrections" / "2022.yaml").write_text(written, encoding="utf-8")
    office.land([MONTH])
    office.compute([MONTH])
    pass_gate_a(office)
    assert [r.outcome for r in office.publish([MONTH], reason="rows put right")] == ["published"]
    patch.undo()
    framework = office.city_folder / "versions" / "2021-06" / "framework.csv"
    text = framework.read_text(encoding="utf-8")
    assert text.count(",crimes,") == 1
    framework.write_text(text.replace(",crimes,", ",deaths,"), encoding="utf-8")
    shutil.rmtree(office.city_folder / "corrections")
    return office


def explained(office: Office, unit: str, target: Path) -> tuple[str, pl.DataFrame]:
    words = ["explain", "--unit", unit, "--month", MONTH, "--node", "A102", "--language", "en", "--records"]
    done = CliRunner().invoke(
        cli,
        [*words, "--records-to", str(target), "--city", str(office.city_folder)],
        env={"PINGAN_HOME": str(office.home)},
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    return done.output, pl.read_csv(target, infer_schema=False)


def test_corrected_and_dropped_records_say_so_with_the_reason(office: Office, tmp_path: Path) -> None:
    said, rows = explained(office, "900101", tmp_path / "records.csv")
    own = rows.filter(period=MONTH, part="numerator")
    told = {r["unit_code"]: (r["counts"], r["status"], r["correction"]) for r in own.iter_rows(named=True)}
    assert told[FIRST] == ("41.0", "corrected", "2022.yaml#1: typing error (alpha)")
    assert told[SECOND] == ("0.0", "dropped_by_correction", "2022.yaml#2: counted twice (alpha)")
    rest = rows.filter(~((pl.col("part") == "numerator") & pl.col("unit_code").is_in([FIRST, SECOND])))
    assert set(rest["status"]) == {"accepted"}
    assert "corrected, 2022.yaml#1: typing error (alpha)" in said
    assert "dropped by a correction, 2022.yaml#2: counted twice (alpha)" in said


def test_records_are_those_of_the_folder_that_the_issue_was_computed_from(office: Office, tmp_path: Path) -> None:
    said, rows = explained(office, FIRST, tmp_path / "records.csv")
    assert set(rows.filter(part="numerator")["measure"]) == {"crimes"}
    changed = "corrections/2022.yaml, versions/2021-06/framework.csv"
    assert f"The city's folder has changed since January 2022 was computed ({changed})" in said
    assert f"January 2022 was computed by version {CODE_VERSION} of the program" in said
    value = read_issue_data(office.state, MONTH).table("values").filter(unit_code=FIRST, indicator_code="A102")
    counted = rows.filter(part="numerator")["counts"].cast(pl.Float64).sum()
    assert counted == value["numerator"].item() == pytest.approx(41 + counted - 41)
    assert "41.0" in rows.filter(period=MONTH, part="numerator")["counts"].to_list()


def test_today_s_folder_is_taken_where_nothing_changed_and_named_where_none_was_kept(office: Office) -> None:
    issue = read_issue_data(office.state, MONTH)
    with city_of_issue(office.city, issue) as source:
        assert source.kept
        assert source.city.folder != office.city_folder
        untouched = source.city
        with city_of_issue(untouched, issue) as again:
            assert (again.city, again.changed) == (untouched, ())
    issue.issue.manifest.pop("inputs")
    with city_of_issue(office.city, issue) as source:
        assert (source.city.folder, source.kept) == (office.city_folder, False)


def test_a_kept_file_that_is_gone_is_named(office: Office, tmp_path: Path) -> None:
    copy = Office(tmp_path)
    shutil.copytree(office.folder, copy.folder, dirs_exist_ok=True)
    shutil.rmtree(copy.state.inputs)
    issue = read_issue_data(copy.state, MONTH)
    assert json.dumps(issue.manifest["inputs"]["city_folder"])
    with pytest.raises(InputGoneError, match="restore the folder inputs/"), city_of_issue(copy.city, issue):
        pass
