"""A city made of monthly returns, in a folder outside the repository, through the command line: equal to the published
index at every level, whichever common reader its returns come by. Secrets that the way needs stay out of the state.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import asem
import polars as pl
import pytest
import yaml
from click.testing import CliRunner, Result

from simulator.api import serving

pytestmark = pytest.mark.end_to_end

TOLERANCE = 1e-9
UNITS, NODES = 51, 60
#: The city's key, from a name such as a person gives a folder.
FOLDER, KEY = "ASEM 2018-亚欧.v1", "ASEM_2018_v1"
TOKEN, PASSWORD = "8d1f0c5be7token", "93ab7e40password"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    """One place for all these tests: dbt parses its project once for it, which takes longer than the rest."""
    assert asem.ORACLE.is_relative_to(shared_data)
    return tmp_path_factory.mktemp("asem") / "home"


@pytest.fixture
def home(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state but for dbt's parsed project."""
    for path in [*place.glob("*"), *place.glob(f"{KEY}/*")]:
        if path.is_file():
            path.unlink()
        elif path.name not in (KEY, "dbt"):
            shutil.rmtree(path)
    monkeypatch.setenv("PINGAN_HOME", str(place))
    return place


def write_city(target: Path, *readers: str) -> tuple[Path, Path]:
    folder, sources = asem.write_asem_city(target, *readers)
    return folder.rename(target / FOLDER), sources


def pingan(*words: str) -> Result:
    from pipelines.command_line import cli

    return CliRunner().invoke(cli, words)


def assert_equal_to_the_oracle(candidate: Path) -> None:
    scores = pl.read_parquet(candidate / "scores.parquet")
    assert len(scores) == UNITS * NODES
    oracle, levels = asem.oracle_scores(), asem.node_levels()
    compared: Counter[int] = Counter()
    for unit, node, level, score, status in scores.select(
        "unit_code", "node_code", "node_level", "score", "status"
    ).iter_rows():
        assert level == levels[node]
        if (unit, node) in oracle:
            assert score == pytest.approx(oracle[unit, node], rel=0, abs=TOLERANCE), (unit, node)
            compared[level] += 1
        else:
            assert (level, score, status) == (3, None, "missing"), (unit, node)
    assert compared == {0: UNITS, 1: UNITS * 2, 2: UNITS * 8, 3: len(oracle) - UNITS * 11}
    assert compared[3] == 2436


def text_of(path: Path) -> bytes:
    """A file's bytes; Parquet's are unpacked first."""
    return pl.read_parquet(path).write_json().encode() if path.suffix == ".parquet" else path.read_bytes()


def files_with(folder: Path, words: tuple[str, ...]) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 10
    return [path for path in files if any(word.encode() in text_of(path) for word in words)]


def test_a_city_in_a_folder_equals_its_published_index_and_a_token_is_sent_and_kept_nowhere(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One department's returns come as workbooks, the other's from an interface that asks for a token."""
    folder, sources = write_city(tmp_path, "xlsx", "json")
    feeds = yaml.safe_load((folder / "feeds.yaml").read_text(encoding="utf-8"))
    feeds["feeds"][1]["record_sets"][0] |= {"root": "ASEM_SOURCE", "token": "ASEM_TOKEN"}
    (folder / "feeds.yaml").write_text(yaml.safe_dump(feeds, allow_unicode=True), encoding="utf-8")
    monkeypatch.setenv("ASEM_TOKEN", TOKEN)
    served = tmp_path / "served"
    served.mkdir()
    (sources / "sustainability").rename(served / "sustainability")
    with serving(served, TOKEN) as address:
        monkeypatch.setenv("ASEM_SOURCE", address)
        done = pingan("materialize", asem.PERIOD, "--city", str(folder), "--sources", str(sources))
    assert done.exit_code == 0, done.output
    assert "gates passed" in done.output
    assert_equal_to_the_oracle(home / KEY / "candidates" / asem.PERIOD)
    assert TOKEN not in done.output
    assert files_with(home, (TOKEN,)) == []


def test_the_installed_command_publishes_from_another_folder_on_a_machine_without_fonts(
    tmp_path: Path, home: Path
) -> None:
    """All but the PDF is made; the issue is shown first, then what is missing and what to install. One department's
    returns come as text, the other's from a database.
    """
    folder, sources = write_city(tmp_path, "csv", "sql")
    words = ["materialize", asem.PERIOD, "--city", str(folder), "--sources", str(sources), "--publish"]
    no_fonts = tmp_path / "fonts.conf"
    no_fonts.write_text('<?xml version="1.0"?><fontconfig><cachedir>/nonexistent</cachedir></fontconfig>')
    done = subprocess.run(
        [str(Path(sys.executable).with_name("pingan")), *words],
        cwd=tmp_path,
        env={**os.environ, "PINGAN_HOME": str(home), "FONTCONFIG_FILE": str(no_fonts)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"{asem.PERIOD} is published; its bulletin is partly made"), last
    assert "apt-get install --no-install-recommends fontconfig fonts-noto-cjk" in last
    assert asem.PERIOD in done.stdout
    issue = home / KEY / "issues" / asem.PERIOD / "r1"
    assert_equal_to_the_oracle(issue)
    assert (issue / "site" / "index.html").exists()
    assert sorted(path.name for path in (issue / "bulletin").iterdir()) == ["bulletin-en.docx", "bulletin-zh.docx"]
    assert "synthetic" not in (issue / "gate.html").read_text(encoding="utf-8").lower()
    assert not (tmp_path / "var").exists()


def test_a_source_that_fails_does_not_tell_its_password(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, sources = write_city(tmp_path, "json")
    feeds = yaml.safe_load((folder / "feeds.yaml").read_text(encoding="utf-8"))
    by_http, by_sql = (feed["record_sets"][0] for feed in feeds["feeds"])
    by_http |= {"root": "ASEM_SOURCE", "token": "ASEM_TOKEN"}
    by_sql |= {"root": "ASEM_DATABASE", "reader": "sql", "options": {"table": "returns", "period_column": "月份"}}
    (folder / "feeds.yaml").write_text(yaml.safe_dump(feeds, allow_unicode=True), encoding="utf-8")
    monkeypatch.setenv("ASEM_TOKEN", TOKEN)
    monkeypatch.setenv("ASEM_DATABASE", f"postgresql+psycopg://office:{PASSWORD}@127.0.0.1:1/asem")
    with serving(sources, "another token") as address:  # answers 401 at once
        monkeypatch.setenv("ASEM_SOURCE", address.replace("//", f"//office:{PASSWORD}@"))
        done = pingan("materialize", asem.PERIOD, "--city", str(folder), "--sources", str(sources))
    assert done.exit_code == 1, done.output
    assert "ASEM_TOKEN" in done.output  # the variable's name says where to look
    assert "the database cannot be read" in done.output
    assert not [word for word in (TOKEN, PASSWORD) if word in done.output]
    assert files_with(home, (TOKEN, PASSWORD)) == []
