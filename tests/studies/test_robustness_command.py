"""`pingan robustness`: what it shows, what it computes anew, and how it ends."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from finished_run import FinishedRun

from pipelines.command_line import cli
from publication.reading import read_issue_data

pytestmark = pytest.mark.end_to_end


@pytest.fixture
def run(tianshui_run: FinishedRun, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("PINGAN_HOME", str(tianshui_run.where.home))

    def call(*words: str) -> Result:
        return CliRunner().invoke(cli, ["robustness", *words])

    return call


def test_it_shows_the_tables_of_the_issue(run, tianshui_run: FinishedRun) -> None:  # type: ignore[no-untyped-def]
    result = run("--month", "2023-01", "--unit", "620502001")
    assert result.exit_code == 0, result.output
    row = read_issue_data(tianshui_run.state, "2023-01").table("robustness").filter(unit_code="620502001")
    line = next(line for line in result.stdout.splitlines() if "大城街道" in line)
    cells = [cell.strip() for cell in line.split("│")]
    assert cells[1] == str(row["rank"].item())
    assert cells[4] == f"{row['rank_p05'].item():.1f} … {row['rank_p95'].item():.1f}"
    assert cells[5] == str(row["ties"].item())
    assert tianshui_run.city.settings["notice_zh"] in result.stdout
    assert "2,400 runs" in result.stdout


def test_other_runs_are_computed_anew_with_progress_and_written(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    words = ("--month", "2023-01", "--runs", "120", "--seed", "7", "--weights-share", "0.1", "--to", str(tmp_path))
    result = run(*words)
    assert result.exit_code == 0, result.output
    assert "120 of 120 runs" in result.stderr
    rows = pl.read_parquet(tmp_path / "robustness_sensitivity.parquet")
    assert rows.select("runs", "seed", "weights_share").unique().rows() == [(120, 7, 0.1)]
    assert pl.read_csv(tmp_path / "robustness.csv")["unit_code"].len() == 131


def test_an_assumption_that_cannot_be_varied_ends_with_one(run) -> None:  # type: ignore[no-untyped-def]
    result = run("--month", "2023-01", "--runs", "60", "--weights-share", "0")
    assert result.exit_code == 1
    assert "weights could not be varied" in result.stderr
    assert "a share between 0 and 1" in result.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--month", "2023-01", "--unit", "999"), 2, "'999' is no unit"),
        (("--month", "2022-01..2023-01"), 2, "one month"),
        (("--month", "2031-01"), 1, "no issue of 2031-01"),
    ],
)
def test_wrong_words_and_months_are_named(run, words: tuple[str, ...], code: int, said: str) -> None:  # type: ignore[no-untyped-def]
    result = run(*words)
    assert result.exit_code == code
    assert said in result.stderr
