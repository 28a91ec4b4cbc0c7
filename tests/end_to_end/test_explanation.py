"""Why an index moved, down to the records: a Tianshui run explained, and compared with direct queries of landing."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from finished_run import PUBLISHED, FinishedRun

from city.periods import add_months, months_between
from pipelines.command_line import cli
from publication.explanation import Explanation, ExplanationError, explain
from publication.indicator_records import IndicatorRecords
from publication.reading import read_issue_data
from publication.telling import KINDS
from publication.wording import Wording

pytestmark = pytest.mark.end_to_end

LAST_TWO = PUBLISHED[-2:]
EVERY = pl.lit(True)
WINDOW = {"month": 1, "stock": 1, "rolling_3m": 3, "rolling_12m": 12}


@cache
def landed(state: Path, key: str, month: str) -> pl.DataFrame:
    """Rows of what is landed, by way of current.json and nothing else."""
    folder = state / "landing" / key.replace("__", "/") / month
    receipt = json.loads((folder / "current.json").read_text(encoding="utf-8"))
    rows = pl.read_parquet(state / "landing" / receipt["landing_file"])
    return rows.with_columns(hash=pl.lit(receipt["hash"]), month=pl.lit(month))


SERIOUS = ("homicide", "serious_injury", "rape", "robbery", "kidnapping", "arson", "explosion", "hijacking")
MACHINES = pl.col("category").is_in(["tractor", "combine"])
INJURED = pl.col("deaths") + pl.col("injured") > 0
IN_TIME = pl.col("closed_at") <= pl.col("due_at")
#: Indicator -> (record set, which rows count) of numerator and denominator, written by hand. Residents are no records.
DIRECT: Mapping[str, Sequence[tuple[str, pl.Expr]]] = {
    "I020102": [("police__criminal_case", pl.col("category") == "homicide")],
    "I020103": [("police__criminal_case", pl.col("category").is_in(SERIOUS))],
    "I020504": [("political_legal__order_problem", IN_TIME), ("political_legal__order_problem", EVERY)],
    "I030101": [
        ("police__traffic_accident", pl.col("deaths") > 0),
        ("police__register_return", pl.col("measure") == "motor_vehicles"),
    ],
    "I030105": [
        ("police__traffic_accident", INJURED & pl.col("alcohol")),
        ("police__traffic_accident", INJURED),
    ],
    "I030203": [
        ("agriculture__farm_machine", MACHINES & (pl.col("inspection_due") >= pl.col("as_of"))),
        ("agriculture__farm_machine", MACHINES),
    ],
    "I040101": [("fire_rescue__fire_incident", EVERY)],
    "I040105": [
        ("fire_rescue__fire_incident", pl.col("cause") == "electrical"),
        ("fire_rescue__fire_incident", EVERY),
    ],
    "I040303": [("fire_rescue__fire_station", pl.col("compliant")), ("fire_rescue__fire_station", EVERY)],
    "I050202": [
        ("emergency__hazard", (pl.col("level") == "major") & IN_TIME),
        ("emergency__hazard", pl.col("level") == "major"),
    ],
    "I080103": [
        ("finance__fundraising_ledger", pl.col("resolved")),
        ("finance__fundraising_ledger", EVERY),
    ],
}


def explained(run: FinishedRun, period: str, unit: str, against: str = "month", node: str = "") -> Explanation:
    return explain(run.city, read_issue_data(run.state, period), unit, node, against)


@pytest.fixture(scope="module")
def records_of(tianshui_run: FinishedRun) -> Callable[[str], IndicatorRecords]:
    """The reader of a month's records, one for all tests: departments' SQL is not run again for what it answered."""
    return cache(lambda month: IndicatorRecords(tianshui_run.city, read_issue_data(tianshui_run.state, month)))


def test_ten_random_changes_lead_to_the_records_that_a_direct_query_finds(
    tianshui_run: FinishedRun, records_of: Callable[[str], IndicatorRecords]
) -> None:
    """The indicator that moved the index most, in both months, where it is first drawn. An indicator that is not in
    DIRECT is to be added.

    A county's records are those of its townships and its own.
    """
    rng = random.Random(20230101)
    units = [unit.code for unit in tianshui_run.city.units]
    counties = [unit.code for unit in tianshui_run.city.units if unit.level == "county"]
    seen = set()
    checked: dict[str, str] = {}
    for draw in range(10):
        period, unit = rng.choice(LAST_TWO), rng.choice(counties if draw in (3, 7) else units)
        below = [u.code for u in tianshui_run.city.units if unit in (u.code, u.parent)]
        against = rng.choice(["month", "year"]) if period == PUBLISHED[-1] else "month"
        explanation = explained(tianshui_run, period, unit, against)
        indicator = explanation.indicators["indicator_code"][0]
        if checked.setdefault(indicator, unit) != unit:
            continue
        node = explanation.framework.row(by_predicate=pl.col("code") == indicator, named=True)
        for month in (period, explanation.then):
            side = records_of(month)
            rows = side.records(unit, indicator).filter(pl.col("record_set") != "residents")
            found = {
                part: {
                    (r["record_set"], r["hash"], r["source_file"], r["source_line"]) for r in own.iter_rows(named=True)
                }
                for (part,), own in rows.partition_by("part", as_dict=True).items()
            }
            months = months_between(add_months(month, 1 - WINDOW[node["window"]]), month)
            for part, (key, which) in zip(("numerator", "denominator"), DIRECT[indicator], strict=False):
                direct = pl.concat([landed(tianshui_run.state.root, key, m) for m in months])
                mine = direct.filter(pl.col("unit_code").is_in(below) & which)
                places = {(key, r["hash"], r["source_file"], r["source_line"]) for r in mine.iter_rows(named=True)}
                assert found.get(part, set()) == places, (month, unit, indicator, part)
                assert len(places) == mine.height
                seen |= places
    assert len(seen) > 30
    assert len(checked) > 5
    assert set(counties) & set(checked.values())


def test_records_add_up_to_every_measure_of_every_unit(
    tianshui_run: FinishedRun, records_of: Callable[[str], IndicatorRecords]
) -> None:
    period = PUBLISHED[-1]
    city, issue = tianshui_run.city, read_issue_data(tianshui_run.state, period)
    provenance = records_of(period).provenance
    units = [unit.code for unit in city.units]
    published = issue.table("measures")
    parents = {unit.code: unit.parent for unit in city.units}
    measures = published["measure"].unique().sort().to_list()
    assert len(measures) > 180
    for measure in measures:
        own = provenance.records(measure, units, [period]).group_by("unit_code").agg(pl.col("quantity").sum())
        summed = dict.fromkeys(units, 0.0)
        for code, quantity in own.iter_rows():
            while code:
                summed[code] += quantity
                code = parents[code]
        told = {r["unit_code"]: r["quantity"] for r in published.filter(measure=measure).iter_rows(named=True)}
        assert {u: told[u] or 0.0 for u in units} == summed, measure


def test_records_add_up_to_every_numerator_and_denominator(
    tianshui_run: FinishedRun, records_of: Callable[[str], IndicatorRecords]
) -> None:
    """All of a township, each twelfth of a county (17 times the records): flows are summed, stocks averaged."""
    issue = read_issue_data(tianshui_run.state, PUBLISHED[-1])
    side = records_of(PUBLISHED[-1])
    kinds = {measure.name: measure.kind for measure in tianshui_run.city.measures} | {"residents": "stock"}
    for unit, every in (("620502001", 1), ("620502", 12)):
        rows = issue.table("values").filter(unit_code=unit).sort("indicator_code").gather_every(every)
        # the longest windows first: what the departments' SQL answers for twelve months serves for one of them; for the
        # county the shortest first, whose answers must not serve for twelve
        length = pl.col("months_counted").str.len_chars()
        rows = rows.sort(length, descending=every == 1, maintain_order=True)
        for row in rows.iter_rows(named=True):
            if row["numerator"] is None:
                continue
            records = side.records(unit, row["indicator_code"])
            months = len(side.months(unit, row["indicator_code"]))
            for part in ("numerator", "denominator"):
                own = records.filter(part=part)
                factor = 1 / months if own.height and kinds[own["measure"][0]] == "stock" else 1.0
                assert own["counts"].sum() * factor == pytest.approx(row[part] or 0.0, rel=1e-12), (unit, row, part)


@pytest.mark.parametrize("period", LAST_TWO)
def test_every_way_of_adding_up_a_change_gives_the_change(tianshui_run: FinishedRun, period: str) -> None:
    for unit in ("620500", "620502", "620502001", "620525109"):
        explanation = explained(tianshui_run, period, unit)
        change = explanation.change
        assert change
        sums = [explanation.by(what)["total"].sum() for what in ("department", "first_level")]
        sums += [explanation.indicators["total"].sum()]
        sums += [sum(explanation.indicators[f"{kind}_effect"].sum() for kind in KINDS)]
        sums += [explanation.members["total"].sum()] if unit in ("620500", "620502") else []
        # 1e-9 and what rounding two scores to 1e-9 adds
        assert sums == pytest.approx([change] * len(sums), abs=2e-9)
        assert (len(sums) == 5) == bool(explanation.members.height)


def test_sentences_say_what_the_issue_says(tianshui_run: FinishedRun) -> None:
    explanation = explained(tianshui_run, PUBLISHED[-1], "大城街道")
    score = explanation.issue.table("scores").filter(unit_code="620502001", node_code="I").row(0, named=True)
    most = explanation.indicators.row(0, named=True)
    for language in ("zh", "en"):
        say = Wording(tianshui_run.city, PUBLISHED[-1], language)
        told = explanation.sentences(language)
        assert f"{score['score']:.2f}" in told[0]
        assert f"{abs(score['change_month']):.2f}" in told[0]
        assert say.text("explain.up" if score["change_month"] > 0 else "explain.down") in told[0]
        assert str(score["rank"]) in told[1]
        assert any(t.startswith(most["indicator_code"]) and f"{abs(most['total']):.2f}" in t for t in told)
    first = explained(tianshui_run, PUBLISHED[-1], "620502001", "year", most["indicator_code"])
    assert first.effects.height == 1
    assert first.effects["total"].sum() == pytest.approx(first.change or 0.0)


def test_wrong_words_name_the_nearest_right_ones(tianshui_run: FinishedRun) -> None:
    with pytest.raises(ExplanationError, match=r"no unit is called '大成街道': nearest are .*大城街道"):
        explained(tianshui_run, PUBLISHED[-1], "大成街道")
    with pytest.raises(ExplanationError, match=r"no node is called 'I0101011': nearest are I01010"):
        explained(tianshui_run, PUBLISHED[-1], "620502001", node="I0101011")


def test_the_command_explains_and_writes_the_records(
    tianshui_run: FinishedRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PINGAN_HOME", str(tianshui_run.state.home))
    words = ["explain", "--unit", "620502001", "--month", PUBLISHED[-1], "--node", "I0402", "--language", "en"]
    told = CliRunner().invoke(cli, [*words, "--records", "--records-to", str(tmp_path / "records.csv"), "--top", "2"])
    assert told.exit_code == 0, told.output
    assert "Synthetic data" in told.output
    written = pl.read_csv(tmp_path / "records.csv", infer_schema=False)
    assert {"indicator_code", "record_set", "hash", "source_file", "source_line", "says"} <= set(written.columns)
    first = written.row(0, named=True)
    assert f"{first['source_file']}:{first['source_line']}" in told.output
    wrong = CliRunner().invoke(cli, ["explain", "--unit", "nowhere", "--month", PUBLISHED[-1]])
    assert wrong.exit_code == 2
    assert "no unit is called 'nowhere'" in wrong.output
    unpublished = CliRunner().invoke(cli, ["explain", "--unit", "620500", "--month", "2031-01"])
    assert unpublished.exit_code == 2
    assert "no issue of 2031-01 is published" in unpublished.output
