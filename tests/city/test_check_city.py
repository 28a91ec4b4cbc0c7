"""pingan's check of a city's folder: good folders pass, everything wrong is listed at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from city_folders import MINIMAL, PROJECT, WHOLE, write_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from city.check import check_city, errors, format_faults
from city.folder import load_city


def test_the_least_city_of_monthly_returns_passes_and_loads(minimal: Path) -> None:
    assert check_city(minimal) == []
    city = load_city(minimal)
    assert [node.code for node in city.versions[0].framework] == ["Index", "Conn", "LPI", "Tariff"]


def test_a_city_that_uses_everything_passes_and_loads(whole: Path, project: Path) -> None:
    assert check_city(whole, project) == []
    assert len(load_city(whole).versions[0].indicators) == 8


def test_a_bom_and_windows_line_ends_are_no_faults(minimal: Path) -> None:
    for path in minimal.glob("*.csv"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert check_city(minimal) == []


def test_faults_of_all_files_are_listed_at_once(whole: Path, project: Path) -> None:
    for name, text in WHOLE.items():
        (whole / name).write_text(text.replace("2021", "20x1").replace("D02", "D 2").replace("cases", "häuser"))
    files = {fault.file for fault in check_city(whole, project)}
    assert files >= {
        "city.yaml",
        "departments.csv",
        "population.csv",
        "measures.csv",
        "feeds.yaml",
        "versions/2021-06/framework.csv",
        "versions/2021-06/reference.csv",
    }


def test_an_empty_folder_lists_every_file_that_is_needed(tmp_path: Path) -> None:
    assert {fault.file for fault in check_city(tmp_path)} == {
        "city.yaml",
        "departments.csv",
        "units.csv",
        "measures.csv",
        "feeds.yaml",
        "versions",
    }


def test_no_folder_is_one_fault(tmp_path: Path) -> None:
    assert len(check_city(tmp_path / "nowhere")) == 1


def test_the_screen_shows_each_file_once_and_counts_what_is_alike(whole: Path, project: Path) -> None:
    (whole / "versions/2021-06/reference.csv").unlink()
    units = (whole / "units.csv").read_text()
    (whole / "units.csv").write_text(units + "".join(f"20{n},某镇,,1001,villages,,,,\n" for n in range(60)))
    screen = format_faults(check_city(whole, project))
    assert len(screen.splitlines()) <= 46
    assert screen.count("\nunits.csv\n") == 1
    assert "57 more like these" in screen
    assert "第 9 行 row 9 · level: villages" in screen
    whole_text = format_faults(check_city(whole, project), whole=True)
    assert whole_text.count("villages") == 60


def test_a_sound_folder_says_so() -> None:
    assert "sound" in format_faults([])


def test_warnings_do_not_forbid_a_run(minimal: Path) -> None:
    framework = minimal / "versions/2018-01/framework.csv"
    framework.write_text(framework.read_text().replace("LPI,,,,1,minmax", "LPI,,,stock,1,minmax"))
    measures = minimal / "measures.csv"
    measures.write_text(measures.read_text().replace("LPI,stock", "LPI,flow"))
    (fault,) = check_city(minimal)
    assert (fault.severity, fault.column) == ("warning", "window")
    assert errors([fault]) == []


def fresh(place: Path) -> Path:
    shutil.rmtree(place / "testville", ignore_errors=True)
    write_files(place, PROJECT)
    return write_files(place / "testville", WHOLE)


def load_if_sound(folder: Path, project: Path) -> None:
    """The check never raises, and what it lets pass can be read."""
    faults = check_city(folder, project)
    format_faults(faults)
    if not errors(faults):
        load_city(folder)


@pytest.mark.parametrize("name", sorted(WHOLE))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=200), at=st.floats(0, 1))
def test_whatever_bytes_a_file_holds_nothing_raises(name: str, junk: bytes, at: float, tmp_path: Path) -> None:
    folder = fresh(tmp_path)
    content = WHOLE[name].encode()
    cut = int(at * len(content))
    for bytes_ in (junk, content[:cut] + junk, content[:cut] + junk + content[cut:]):
        (folder / name).write_bytes(bytes_)
        load_if_sound(folder, tmp_path)


@pytest.mark.parametrize("name", sorted(WHOLE))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_word_stands_where_nothing_raises(name: str, data: st.DataObject, tmp_path: Path) -> None:
    folder = fresh(tmp_path)
    words = [
        "",
        ",",
        "\n",
        "{}",
        "[]",
        "null",
        "-1",
        "1e999",
        "I",
        "街道",
        '"',
        ": ",
        "&a [*a]",
        "!!int x",
        "---",
        "0x_",
    ]
    text = WHOLE[name]
    for _ in range(3):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + data.draw(st.sampled_from(words)) + text[at + data.draw(st.integers(0, 8)) :]
    (folder / name).write_text(text, encoding="utf-8")
    load_if_sound(folder, tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "a: &a [*a]",
        "feeds: !!timestamp x",
        "feeds: !!python/object:os.system x",
        "? [a]\n: b",
        "x: " + "[" * 5000,
        "x: " + "9" * 5000,
        "- 1\n- 2",
        "--- a\n--- b",
        "\t",
        "null",
    ],
)
@pytest.mark.parametrize("name", ["city.yaml", "feeds.yaml", "versions/2018-01/rules.yaml"])
def test_yaml_that_breaks_parsers_is_a_fault_of_its_file(name: str, content: str, minimal: Path) -> None:
    (minimal / name).write_text(content)
    assert name in {fault.file for fault in check_city(minimal)}


def test_a_folder_in_the_place_of_a_file_is_a_fault(minimal: Path) -> None:
    (minimal / "units.csv").unlink()
    (minimal / "units.csv").mkdir()
    assert [fault.file for fault in check_city(minimal)] == ["units.csv"]


def test_params_that_break_parsers_are_a_fault_of_their_cell(minimal: Path) -> None:
    for params in (
        "{",
        "[1]",
        '{""lo"": NaN, ""hi"": 1}',
        '{""lo"": 1e999, ""hi"": 1}',
        "[" * 5000,
        '{""lo"":1,""lo"":2}',
    ):
        text = MINIMAL["versions/2018-01/framework.csv"].replace('{""lo"": 1, ""hi"": 5}', params)
        (minimal / "versions/2018-01/framework.csv").write_text(text)
        assert [(f.row, f.column) for f in check_city(minimal)] == [(4, "params")], params


def test_what_city_yaml_leaves_out_is_filled_in(minimal: Path) -> None:
    city = load_city(minimal)
    assert city.name_en == "亚欧会议国家"
    assert city.settings["index_name_zh"] == "亚欧会议国家指数"
    assert city.settings["publication"] == {"day": 10, "hour": 9}
    assert city.measures[0].name_en == "LPI"
