"""The catalogue of words: complete in both languages, each key once, no text that nothing shows."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from finished_run import PROJECT

from publication.catalogue import CatalogueError, load_catalogue


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def test_the_catalogue_is_sound() -> None:
    catalogue = load_catalogue()
    assert catalogue.text("issue.number", "zh", number=13) == "第13期"
    assert catalogue.text("issue.number", "en", number=13) == "Issue 13"


def test_units_of_measure_of_the_cities_that_come_with_the_project_have_english_words() -> None:
    texts = load_catalogue().texts
    files = sorted((PROJECT / "data").glob("*/versions/*/framework.csv"))
    units = {row["unit"] for path in files for row in csv.DictReader(path.open(encoding="utf-8"))}
    assert len(units) > 10
    assert {unit for unit in units if not unit.isascii() and f"measure_unit.{unit}" not in texts} == set()


def test_a_text_without_one_language_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"site\.yaml: 'a'"):
        load_catalogue(write(tmp_path, site="a: {zh: 甲}"))


def test_fields_must_agree(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="'a' has fields"):
        load_catalogue(write(tmp_path, site='a: {zh: "第{n}", en: "No. {m}"}'))


def test_a_key_in_two_files_or_twice_in_one_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="already"):
        load_catalogue(write(tmp_path, one="a: {zh: 甲, en: A}", two="a: {zh: 乙, en: B}"))
    with pytest.raises(CatalogueError, match="twice"):
        load_catalogue(write(tmp_path, one="a: {zh: 甲, en: A}\na: {zh: 乙, en: B}", two=""))


def test_an_unknown_key_and_an_unfilled_field_are_named(tmp_path: Path) -> None:
    catalogue = load_catalogue(write(tmp_path, one='a: {zh: "{n}", en: "{n}"}'))
    with pytest.raises(CatalogueError, match="'b'"):
        catalogue.text("b", "zh")
    with pytest.raises(CatalogueError, match="'n'"):
        catalogue.text("a", "en")
