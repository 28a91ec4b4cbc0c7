"""`pingan weights`: derivation from a file and from issues, verdicts, places of the top ten, and a new version."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result
from finished_run import FinishedRun

from city import load_city
from city.folder import CityFolderError
from city.pairwise import load_pairwise
from pipelines.command_line import cli
from publication.reading import read_issue_data
from publication.weights import derive, panel_of_issues, top_ten

pytestmark = pytest.mark.end_to_end
CONSISTENT = """\
matrices:
  - node: I0101
    codes: [I010101, I010102, I010103, I010104, I010105]
    matrix:
      - [1, 2, 4, 4, 2]
      - [1/2, 1, 2, 2, 1]
      - [1/4, 1/2, 1, 1, 1/2]
      - [1/4, 1/2, 1, 1, 1/2]
      - [1/2, 1, 2, 2, 1]
"""

Call = Callable[..., Result]


@pytest.fixture
def own_city(tianshui_run: FinishedRun, tmp_path: Path) -> Path:
    """A copy of the city's folder that a test may write a version into."""
    return Path(shutil.copytree(tianshui_run.city.folder, tmp_path / "cities" / "tianshui"))


@pytest.fixture
def call(tianshui_run: FinishedRun, own_city: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("PINGAN_HOME", str(tianshui_run.where.home))

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, ["weights", *words, "--city", str(own_city)])

    return run


def judgements(folder: Path, text: str = CONSISTENT) -> str:
    path = folder / "judgements.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_consistent_matrix_is_shown_with_its_verdict_and_writes_nothing(
    call: Call, own_city: Path, tmp_path: Path
) -> None:
    result = call("ahp", "--pairwise", judgements(tmp_path))
    assert result.exit_code == 0, result.output
    assert "40.00" in result.stdout  # 4/10: the matrix is that of the weights 4 2 1 1 2
    assert "CR = 0.0000" in result.stdout
    assert "consistent enough" in result.stdout
    assert "一致性可接受" in result.stdout
    assert "of 10 stay among the ten" in result.stdout
    assert "nothing written" in result.stdout
    assert [p.name for p in (own_city / "versions").iterdir()] == ["2022-01"]


def test_contradictory_judgements_are_refused_and_never_written(call: Call, own_city: Path, tmp_path: Path) -> None:
    text = CONSISTENT.replace("[1, 2, 4, 4, 2]", "[1, 2, 4, 4, 1/7]")
    last = "      - [1/2, 1, 2, 2, 1]\n"
    assert text.endswith(last)
    text = text.removesuffix(last) + "      - [7, 1, 2, 2, 1]\n"
    result = call("ahp", "--pairwise", judgements(tmp_path, text), "--write", "--from", "2023-02")
    assert result.exit_code == 1, result.output
    assert "contradict each other" in result.stdout
    assert [p.name for p in (own_city / "versions").iterdir()] == ["2022-01"]


def test_writing_makes_a_version_that_leaves_earlier_months_untouched(
    call: Call, own_city: Path, tmp_path: Path
) -> None:
    before = (own_city / "versions" / "2022-01" / "framework.csv").read_bytes()
    result = call("ahp", "--pairwise", judgements(tmp_path), "--write", "--from", "2023-02")
    assert result.exit_code == 0, result.output
    assert (own_city / "versions" / "2022-01" / "framework.csv").read_bytes() == before
    city = load_city(own_city)
    assert [version.from_period for version in city.versions] == ["2022-01", "2023-02"]
    assert city.version("2023-01").from_period == "2022-01"
    weights = {node.code: node.weight for node in city.version("2023-02").framework}
    assert [weights[f"I01010{i}"] for i in range(1, 6)] == pytest.approx([40, 20, 10, 10, 20])
    # nothing else is different: every other row is cell for cell that of the version before
    old, new = (
        list(csv.reader((own_city / "versions" / v / "framework.csv").open(encoding="utf-8")))
        for v in ("2022-01", "2023-02")
    )
    changed = [a[0] for a, b in zip(old, new, strict=True) if a != b]
    assert changed == ["I010101", "I010103", "I010104"]  # the other two had 20 already
    again = call("ahp", "--pairwise", judgements(tmp_path), "--write", "--from", "2023-02")
    assert isinstance(again.exception, CityFolderError)
    assert "later month" in str(again.exception)


def test_entropy_of_issues_is_that_of_their_scores(tianshui_run: FinishedRun) -> None:
    months = ["2022-12", "2023-01"]
    panel = panel_of_issues(tianshui_run.state, months)
    assert panel.height == 246
    found = derive(tianshui_run.city.versions[-1], "entropy", nodes=["I01"], panel=panel)
    # by hand, from the issues themselves
    children = ["I0101", "I0102", "I0103", "I0104"]
    scores = pl.concat([read_issue_data(tianshui_run.state, m).table("scores") for m in months])
    scores = scores.filter(unit_level="township")
    divergences = []
    for child in children:
        x = scores.filter(node_code=child)["score"].drop_nulls().to_numpy()
        p = x / x.sum()
        p = p[p > 0]
        divergences.append(1 + (p * np.log(p)).sum() / np.log(len(x)))
    assert found.nodes[0].rows == 246
    assert found.nodes[0].by_method["entropy"] == pytest.approx(np.array(divergences) / sum(divergences), abs=1e-9)


def test_the_top_ten_are_placed_anew_under_each_choice(tianshui_run: FinishedRun) -> None:
    version, issue = tianshui_run.city.versions[-1], read_issue_data(tianshui_run.state, "2023-01")
    panel = panel_of_issues(tianshui_run.state, ["2023-01"])
    found = derive(version, "critic", nodes=["I"], panel=panel)
    table = top_ten(found, version, issue)
    published = issue.table("scores").filter(node_code="I", unit_level="township")
    ranks = dict(published.select("unit_code", "rank").iter_rows())
    assert [ranks[code] for code in table["unit_code"]] == table["current"].to_list() == list(range(1, 11))
    # by hand: first-level scores with the new weights; every township has all nine
    wide = issue.table("scores").filter(node_level=1, unit_level="township")
    wide = wide.pivot(on="node_code", index="unit_code", values="score")
    total = wide.select(pl.sum_horizontal(pl.col(c) * w for c, w in found.shares("critic").items())).to_series()
    expected = dict(zip(wide["unit_code"], (-total.round(9)).rank("min").cast(pl.Int32), strict=True))
    assert table["critic"].to_list() == [expected[code] for code in table["unit_code"]]


def test_combined_and_a_panel_file(call: Call, tmp_path: Path, tianshui_run: FinishedRun) -> None:
    panel = tmp_path / "scores.csv"
    panel_of_issues(tianshui_run.state, ["2023-01"]).write_csv(panel)
    result = call("combined", "--pairwise", judgements(tmp_path), "--panel", str(panel), "--alpha", "0.5")
    assert result.exit_code == 0, result.output
    version = tianshui_run.city.versions[-1]
    pairwise = load_pairwise(Path(judgements(tmp_path)), version.framework)
    node = derive(version, "combined", pairwise=pairwise, panel=pl.read_csv(panel), alpha=0.5).nodes[0]
    mixed = np.sqrt(node.by_method["ahp"] * node.by_method["entropy"])
    assert node.by_method["combined"] == pytest.approx(mixed / mixed.sum())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("I010105]", "I010199]"), "'I010199' is no child of I0101"),
        (("I010105]", "I010199]"), "I010105 is not compared"),
        (("node: I0101", "node: X9"), "'X9' is no node with children"),
        (("      - [1/2, 1, 2, 2, 1]\n", ""), "not square: 5 codes, 3 rows"),
        (("[1, 2, 4, 4, 2]", "[1, 2, 4, 4]"), "numbers per row: 4, 5"),
        (("[1, 2, 4, 4, 2]", "[1, much, 4, 4, 2]"), "I010101 against I010102 is 'much'"),
        (("matrices:", "random_index: {5: 0}\nmatrices:"), "random_index: 5: 0"),
        (("matrices:", "weights: 1\nmatrices:"), "'weights' is no field"),
    ],
)
def test_every_fault_of_a_file_is_named(
    tianshui_run: FinishedRun, tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    with pytest.raises(CityFolderError) as error:
        load_pairwise(Path(judgements(tmp_path, CONSISTENT.replace(*change))), tianshui_run.city.versions[-1].framework)
    assert complaint in str(error.value)


def test_a_matrix_that_is_not_reciprocal_ends_with_two(call: Call, tmp_path: Path) -> None:
    result = call("ahp", "--pairwise", judgements(tmp_path, CONSISTENT.replace("[1, 2, 4, 4, 2]", "[1, 3, 4, 4, 2]")))
    assert result.exit_code == 2
    assert "not reciprocal: I010101 against I010102 is 3" in result.stderr


def test_a_declared_table_of_random_indices_is_used(call: Call, tmp_path: Path) -> None:
    text = CONSISTENT.replace("[1, 2, 4, 4, 2]", "[1, 3, 4, 4, 2]").replace(
        "- [1/2, 1, 2, 2, 1]", "- [1/3, 1, 2, 2, 1]", 1
    )
    ratios = []
    for declared in ("", "random_index: {5: 0.56}\n"):
        result = call("ahp", "--pairwise", judgements(tmp_path, declared + text))
        assert result.exit_code == 0, result.output
        ratios.append(float(result.stdout.split("CR = ")[1][:6]))
    assert ratios[1] == pytest.approx(2 * ratios[0], abs=2e-4)  # the default for 5 is 1.12
    assert ratios[0] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("entropy",), "name scores"),
        (("critic", "--reference", "2023-01", "--write"), "--write needs --from"),
        (("entropy", "--reference", "2023-01", "--node", "X9"), "X9: no node with children"),
    ],
)
def test_wrong_words_are_named(call: Call, words: tuple[str, ...], said: str) -> None:
    result = call(*words)
    assert result.exit_code == 2
    assert said in result.stderr
