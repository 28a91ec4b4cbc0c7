"""What holds between files: versions and issues, residents and the method, measures and who supplies them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from city_folders import HEADER, MINIMAL, PROJECT, WHOLE, write_files

from city.check import Fault, check_city

MODEL = "dbt_project/models/measures/testville/police"


def places(faults: list[Fault]) -> list[tuple[str, int, str]]:
    return [(fault.file, fault.row, fault.column) for fault in faults]


def change(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new))


def test_a_tree_without_an_overall_index_says_so(minimal: Path) -> None:
    change(minimal, "versions/2018-01/framework.csv", "Index,,0,指数,,,,,,,,,,,,,,,\nConn,Index,1", "Conn,,1")
    assert places(check_city(minimal)) == [
        ("versions/2018-01/framework.csv", 0, "level"),
        ("versions/2018-01/framework.csv", 2, "parent"),
    ]


def test_a_second_overall_index_is_named(minimal: Path) -> None:
    change(minimal, "versions/2018-01/framework.csv", "Conn,Index,1,联通", "Conn,,0,联通")
    faults = check_city(minimal)
    assert ("versions/2018-01/framework.csv", 3, "level") in places(faults)


def test_a_version_folder_must_be_a_month(minimal: Path) -> None:
    (minimal / "versions/draft").mkdir()
    assert places(check_city(minimal)) == [("versions/draft", 0, "")]


def test_the_first_version_must_hold_at_the_first_issue(minimal: Path) -> None:
    (minimal / "versions/2018-01").rename(minimal / "versions/2018-02")
    assert places(check_city(minimal)) == [("versions/2018-02", 0, "")]


def test_each_version_is_checked_and_a_measure_may_be_used_by_any(minimal: Path) -> None:
    text = MINIMAL["versions/2018-01/framework.csv"]
    later = {
        "versions/2019-01/framework.csv": text[: text.index("Tariff")],
        "versions/2019-01/rules.yaml": "minimum_coverage: 1\n",
    }
    write_files(minimal, later)
    assert places(check_city(minimal)) == [
        ("versions/2019-01/rules.yaml", 1, "carry_forward"),
        ("versions/2019-01/rules.yaml", 1, "colours"),
    ]


def test_residents_are_asked_for_when_something_needs_them(whole: Path, project: Path) -> None:
    (whole / "population.csv").unlink()
    (fault,) = check_city(whole, project)
    assert (fault.file, fault.row) == ("population.csv", 0)
    assert "I101" in fault.remedy


def test_the_reference_year_needs_residents_too(whole: Path, project: Path) -> None:
    change(whole, "versions/2021-06/reference.csv", "2021-01,2021-12", "2019-01,2019-12")
    assert {fault.file for fault in check_city(whole, project)} == {"population.csv"}


def test_zero_tolerance_needs_residents_only_where_units_have_levels(minimal: Path) -> None:
    row = 'LPI,Conn,2,事故,,1,,,,,,,-1,zero_tolerance,"{""classes"":[{""measure"":""LPI"",""deduct"":5}]}",,,,\n'
    text = MINIMAL["versions/2018-01/framework.csv"]
    lpi = text[text.index("LPI,Conn") : text.index("Tariff")]
    change(minimal, "versions/2018-01/framework.csv", lpi, row)
    assert check_city(minimal) == []
    change(minimal, "city.yaml", "[country]", "[region, country]")
    change(minimal, "units.csv", "code,name_zh,level\n", "code,name_zh,level,parent\nEU,欧洲,region,\n")
    change(minimal, "units.csv", "country\n", "country,EU\n")
    assert places(check_city(minimal)) == [("population.csv", 0, "")]


def test_smoothing_has_no_place_in_a_city_of_one_level(minimal: Path) -> None:
    text = 'Tariff,LPI,,,-1,minmax,"{""lo"": 0, ""hi"": 20}",,county_reference;k=10'
    change(minimal, "versions/2018-01/framework.csv", 'Tariff,,,,-1,minmax,"{""lo"": 0, ""hi"": 20}",,', text)
    assert places(check_city(minimal)) == [("versions/2018-01/framework.csv", 5, "smoothing")]


def test_smoothing_needs_a_denominator(whole: Path, project: Path) -> None:
    change(whole, "versions/2021-06/framework.csv", "cases,residents,10000", "cases,,10000")
    assert places(check_city(whole, project)) == [("versions/2021-06/framework.csv", 5, "denominator")]


def test_missing_bounds_are_asked_for_group_by_group(whole: Path, project: Path) -> None:
    change(whole, "versions/2021-06/framework.csv", "county_reference;k=10000", "")
    (whole / "versions/2021-06/reference.csv").unlink()
    asked = [fault.expected for fault in check_city(whole, project)]
    assert sorted(asked) == [
        "lo and hi for I101, peer group street",
        "lo and hi for I101, peer group town",
        "lo and hi for I205, peer group town",
        "mean and sd for I203, peer group street",
        "mean and sd for I203, peer group town",
    ]


def test_the_measures_model_must_offer_what_is_declared(whole: Path, project: Path) -> None:
    change(project, f"{MODEL}.yml", "      - {name: homicides}\n", "")
    assert places(check_city(whole, project)) == [("measures.csv", 4, "measure")]


def test_the_measures_model_offers_nothing_that_nothing_uses(whole: Path, project: Path) -> None:
    change(project, f"{MODEL}.yml", "{name: homicides}", "{name: homicides}\n      - {name: robberies}")
    assert places(check_city(whole, project)) == [(f"{MODEL}.yml", 0, "robberies")]


@pytest.mark.parametrize("suffix", [".sql", ".yml"])
def test_a_department_of_records_needs_its_model(suffix: str, whole: Path, project: Path) -> None:
    (project / f"{MODEL}{suffix}").unlink()
    assert places(check_city(whole, project)) == [(f"{MODEL}{suffix}", 0, "")]


@pytest.mark.parametrize("text", ["", "models: 3", "models: [{name: x}]", "{", "\x00"])
def test_a_model_description_that_says_nothing_is_a_fault(text: str, whole: Path, project: Path) -> None:
    (project / f"{MODEL}.yml").write_text(text)
    assert places(check_city(whole, project)) == [(f"{MODEL}.yml", 0, "")]


def test_sql_measures_are_lower_case(whole: Path, project: Path) -> None:
    for file, text in PROJECT.items():
        (project / file).write_text(text.replace("homicides", "Homicides"))
    for file, text in WHOLE.items():
        (whole / file).write_text(text.replace("homicides", "Homicides"))
    assert places(check_city(whole, project)) == [("measures.csv", 4, "measure")]


def test_a_measure_of_a_department_without_a_feed_is_supplied_by_nobody(minimal: Path) -> None:
    change(minimal, "departments.csv", "PORTAL,数据门户\n", "PORTAL,数据门户\nOTHER,其他\n")
    change(minimal, "measures.csv", "Tariff,stock,PORTAL", "Tariff,stock,OTHER")
    (fault,) = check_city(minimal)
    assert (fault.file, fault.row, fault.column) == ("measures.csv", 3, "measure")
    assert "OTHER has no feed" in fault.expected


def test_a_department_and_a_record_set_are_listed_once(minimal: Path) -> None:
    feed = MINIMAL["feeds.yaml"].removeprefix("feeds:\n")
    record_set = feed[feed.index("      - name") :]
    (minimal / "feeds.yaml").write_text(f"feeds:\n{feed}{record_set}{feed}")
    assert [f.column for f in check_city(minimal)] == ["feeds[0].record_sets[1].name", "feeds[1].department"]


def test_a_city_elsewhere_can_have_no_contract_of_its_own(minimal: Path) -> None:
    change(minimal, "feeds.yaml", "contract: monthly_return", "contract: portal.Trade")
    faults = check_city(minimal)
    assert [(f.file, f.column) for f in faults][-1] == ("feeds.yaml", "feeds[0].record_sets[0].contract")
    assert "monthly_return" in faults[-1].remedy


def test_contracts_of_a_copied_city_are_not_imported(whole: Path, project: Path, tmp_path: Path) -> None:
    elsewhere = write_files(tmp_path / "copy" / "testville", WHOLE)
    del sys.modules["schemas.testville.police"]
    assert check_city(elsewhere, project) == []
    del sys.modules["schemas.testville"]
    assert places(check_city(whole, project)) == [("feeds.yaml", 8, "feeds[0].record_sets[0].contract")]


def test_a_misspelt_optional_column_would_be_ignored_and_is_named(minimal: Path) -> None:
    header = HEADER.replace("applies_to", "aplies_to")
    change(minimal, "versions/2018-01/framework.csv", HEADER, header)
    assert places(check_city(minimal)) == [("versions/2018-01/framework.csv", 1, "applies_to")]


def test_a_column_named_twice_is_a_fault_and_other_columns_are_ignored(minimal: Path) -> None:
    change(minimal, "departments.csv", "code,name_zh\n", "code,name_zh,contact,contact\n")
    assert places(check_city(minimal)) == [("departments.csv", 1, "contact")]
    (minimal / "departments.csv").write_text("code,name_zh,source\nPORTAL,数据门户,published\n")
    assert check_city(minimal) == []
