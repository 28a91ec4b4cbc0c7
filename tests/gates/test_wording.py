"""What checks are called: each of the project's own has its name in both languages, no two the same."""

from __future__ import annotations

import re

import yaml
from finished_run import PROJECT
from small_candidate import small_city

from gates.wording import WORDING, check_title, delivery_title

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def dbt_tests() -> set[str]:
    """Names of dbt's tests as gate B sees them, but for the arguments of those that are asked of a table."""
    names = {path.stem for path in (PROJECT / "dbt_project" / "tests").glob("*.sql")}
    for path in (PROJECT / "dbt_project" / "models").rglob("*.yml"):
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", ()):
            for described in (model, *model.get("columns", ())):
                names |= {f"{next(iter(test))}_{model['name']}_arguments" for test in described.get("data_tests", ())}
    return names


def test_every_check_of_gates_b_and_c_has_a_name_of_its_own_in_both_languages() -> None:
    checks = dbt_tests() | set(WORDING)
    assert len(checks) > len(WORDING) + 20, "dbt's tests are no longer found"
    titles = {check: check_title(check) for check in checks}
    assert {check for check, title in titles.items() if title is None} == set()
    for language, zh in ((0, True), (1, False)):
        names = [title[language] for title in titles.values() if title]
        assert len(set(names)) == len(names)
        assert [name for name in names if bool(CHINESE.search(name)) != zh] == []


def test_a_check_of_a_delivery_is_called_as_the_citys_folder_calls_the_record_set() -> None:
    assert delivery_title(small_city(), "police/cases") == ("police局 · 案件", "Police · Cases")
    assert delivery_title(small_city(), "police/no_such_set") is None
    assert check_title("a_test_of_a_citys_own") is None
