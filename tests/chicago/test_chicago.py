"""Chicago's real records, from the published files to fifteen issues, against figures counted from the files alone.

Nothing of the feeds, the SQL or the framework's arithmetic is used for expected figures: polars reads the raw files.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from city import City, StateFolder, load_city, months_between
from city.folder import read_table
from feeds.landed import read_receipt
from feeds.receipt import Receipt

SOURCES = Path(__file__).resolve().parents[3] / "shared" / "data" / "chicago"
if not SOURCES.is_dir():
    if os.environ.get("CI"):
        raise FileNotFoundError(f"{SOURCES}: CI must have Chicago's records")
    pytest.skip(f"Chicago's records are not at {SOURCES}", allow_module_level=True)

pytestmark = pytest.mark.end_to_end

MONTHS = months_between("2012-04", "2013-06")
REFERENCE = months_between("2012-04", "2013-03")
AREAS = [str(number) for number in range(1, 78)]
AUSTIN = "25"
CITY = "chicago"


@dataclass(frozen=True)
class Run:
    """What one run left behind: receipts by record set and month, and the issues' tables over all months."""

    city: City
    state: StateFolder
    receipts: Mapping[tuple[str, str], Receipt]
    scores: pl.DataFrame
    values: pl.DataFrame

    def score(self, period: str, unit: str, node: str) -> dict[str, Any]:
        key = (pl.col("period") == period) & (pl.col("unit_code") == unit) & (pl.col("node_code") == node)
        return self.scores.row(by_predicate=key, named=True)

    def value(self, period: str, unit: str, indicator: str) -> dict[str, Any]:
        key = (pl.col("period") == period) & (pl.col("unit_code") == unit) & (pl.col("indicator_code") == indicator)
        return self.values.row(by_predicate=key, named=True)

    def statuses(self, node: str, unit: str = CITY) -> list[str]:
        return [self.score(period, unit, node)["status"] for period in MONTHS]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Materialise and publish all months, each in one Dagster run, in a state folder of its own."""
    from pipelines.runs import failure_messages, run_job
    from pipelines.settings import Settings

    home = tmp_path_factory.mktemp("home")
    where = Settings(home=home, city="chicago", sources=str(SOURCES), renderings=("none",))
    for job in ("backfill", "publish"):
        result = run_job(where, job, MONTHS)
        assert result.success, "\n".join(failure_messages(result))
    city, state, _ = where.load()
    receipts = {
        (r.name, period): receipt
        for r in city.record_sets
        for period in MONTHS
        if (receipt := read_receipt(state, r, period)) is not None
    }
    tables = {
        name: pl.concat([pl.read_parquet(state.issues / period / "r1" / f"{name}.parquet") for period in MONTHS])
        for name in ("scores", "values")
    }
    return Run(city, state, receipts, tables["scores"], tables["values"])


@cache
def raw(name: str) -> pl.DataFrame:
    """A published file as text, with month, area, and whether a row may count."""
    files = {
        "burglary": ("police_burglary", "ID", "Community_Area", pl.col("Date").str.to_date()),
        "homicide": (
            "police_homicides",
            "ID",
            "Community Area",
            pl.col("Date").str.to_datetime("%m/%d/%Y %I:%M:%S %p").dt.date(),
        ),
        "sanitation_complaint": (
            "streets_sanitation_complaints",
            "Service_Request_Number",
            "Community_Area",
            pl.col("Creation_Date").str.to_date(),
        ),
        "street_lights_all_out": ("transportation_streetlights_all_out", *_light("Created Date")),
        "street_lights_all_out_repair": ("transportation_streetlights_all_out", *_light("Completed Date")),
        "street_light_one_out": ("transportation_streetlights_one_out", *_light("Created Date")),
        "alley_light_out": ("transportation_alley_lights_out", *_light("Created Date")),
    }
    file, key, area, day = files[name]
    rows = pl.read_csv(SOURCES / f"{file}.csv.gz", infer_schema=False)
    marked = pl.col("Status").str.ends_with("Dup") if "Status" in rows.columns else pl.lit(False)
    rows = rows.with_columns(day=day, area=pl.col(area)).with_columns(month=pl.col("day").dt.strftime("%Y-%m"))
    rows = rows.with_columns(
        reason=pl.when(marked)
        .then(pl.lit("contract"))
        .when(pl.col("area").is_null())
        .then(pl.lit("unit_missing"))
        .when(~pl.col("area").is_in(AREAS))
        .then(pl.lit("unit_code_unknown"))
        .otherwise(pl.lit(""))
    )
    # Only among good rows: a marked duplicate does not push out the request that it repeats.
    repeated = ~pl.struct(pl.col(key), pl.col("reason")).is_first_distinct() & (pl.col("reason") == "")
    return rows.with_columns(reason=pl.when(repeated).then(pl.lit("duplicate")).otherwise("reason"))


def _light(date: str) -> tuple[str, str, pl.Expr]:
    return "Service Request No", "community_area", pl.col(date).str.to_date("%d-%b-%y")


def good(name: str, first: str, last: str, unit: str) -> pl.DataFrame:
    """Rows that count, of a range of months and an area or the city."""
    rows = raw(name).filter((pl.col("reason") == "") & pl.col("month").is_between(pl.lit(first), pl.lit(last)))
    return rows if unit == CITY else rows.filter(pl.col("area") == unit)


@cache
def residents() -> dict[str, int]:
    """Residents of 2011 by area and for the city, added up over ages and sexes (the file holds totals as well)."""
    rows = pl.read_csv(SOURCES / "population_community_area.csv.gz", infer_schema=False)
    parts = rows.filter(pl.col("SEXGP").is_in(["FEMALE", "MALE"]) & (pl.col("AGEGP") != "TOTAL"))
    sums = parts.group_by("CA").agg(pl.col("POP2011").cast(pl.Int64).sum())
    return {CITY if code == "CH" else str(int(code)): number for code, number in sums.iter_rows()}


def test_the_folder_has_the_areas_and_residents_of_the_files(run: Run) -> None:
    lines = (SOURCES / "area_community_areas.csv").read_text(encoding="utf-8").splitlines()
    codes, names = (line.split(",")[1:] for line in lines[:2])
    assert {u.code: u.name_en for u in run.city.units if u.level == "area"} == dict(zip(codes, names, strict=True))
    assert {row["unit"]: int(row["residents"]) for row in run.city.population} == residents()
    assert residents()[CITY] == sum(residents()[area] for area in AREAS) == 2_695_598


def test_fifteen_issues_are_published_whole(run: Run) -> None:
    for number, period in enumerate(MONTHS, start=1):
        manifest = json.loads((run.state.issues / period / "r1" / "manifest.json").read_text(encoding="utf-8"))
        assert (manifest["issue_number"], manifest["synthetic"]["synthetic"]) == (number, False)
        assert "real records" in manifest["synthetic"]["notice_en"]
    assert len(run.city.versions[0].framework) == 24
    assert run.scores.height == 15 * 78 * 24
    assert run.scores.select("period", "unit_code", "node_code").is_duplicated().sum() == 0
    assert run.scores.filter(pl.col("node_code") == "I")["score"].null_count() == 0


def test_every_row_of_every_file_is_accounted_for(run: Run) -> None:
    assert len(run.receipts) == 7 * 15
    for (name, period), receipt in run.receipts.items():
        month = raw(name).filter(pl.col("month") == period)
        accepted = month.filter(pl.col("reason") == "").height
        assert (receipt.status, receipt.received, receipt.accepted) == ("accepted", raw(name).height, accepted)
        assert (receipt.quarantined, receipt.layout) == (month.height - accepted, 0), (name, period)
        assert receipt.other_month == raw(name).height - month.height


def test_quarantine_is_by_reason_what_the_files_hold(run: Run) -> None:
    found: dict[str, Counter[str]] = {}
    for (name, period), receipt in run.receipts.items():
        reasons = Counter({str(f["reason"]): int(f["count"]) for f in receipt.failures})
        bad = raw(name).filter((pl.col("month") == period) & (pl.col("reason") != ""))
        assert reasons == Counter(bad["reason"].to_list()), (name, period)
        found.setdefault(name, Counter()).update(reasons)
    assert found == {
        "burglary": Counter(),
        "homicide": Counter(),
        # 1,266 "Completed - Dup", 54 "Open - Dup"; 85 repeated numbers besides one that is itself marked
        "sanitation_complaint": Counter(contract=1320, duplicate=85, unit_missing=3),
        "street_lights_all_out": Counter(unit_code_unknown=35, duplicate=10),
        # the same file by repair: one row in area 0 and three repeated numbers were repaired in 2013-07
        "street_lights_all_out_repair": Counter(unit_code_unknown=34, duplicate=7),
        "street_light_one_out": Counter(unit_code_unknown=18, duplicate=1),
        "alley_light_out": Counter(unit_code_unknown=2),
    }


def test_a_marked_duplicate_is_told_with_its_column_and_line(run: Run) -> None:
    failures = run.receipts["sanitation_complaint", "2012-04"].failures
    marked = next(f for f in failures if f["reason"] == "contract")
    assert marked["column"] == "status"
    assert marked["expected"] == "a request that the department did not mark as a duplicate"
    statuses = raw("sanitation_complaint")["Status"]
    assert all(statuses[line - 2].endswith("Dup") for line in marked["lines"])  # line 1 is the header


def test_the_feed_that_ends_early_is_unreported_from_the_month_it_does_not_cover(run: Run) -> None:
    assert [run.receipts["homicide", period].reported for period in MONTHS] == [True] * 12 + [False] * 3
    assert all(receipt.reported for (name, _), receipt in run.receipts.items() if name != "homicide")
    assert "2013-04-20" in run.receipts["homicide", "2013-04"].message


def test_statuses_follow_windows_that_fill_and_the_feed_that_ends(run: Run) -> None:
    # month; rolling_3m needs 2 of 3 months; rolling_12m needs 9 of 12; one month is carried forward
    assert run.statuses("P202") == ["measured"] * 12 + ["carried_forward", "missing", "missing"]
    first, last = ["missing", "partial"], ["partial", "carried_forward", "missing"]
    assert run.statuses("P203") == [*first, *["measured"] * 10, *last]
    assert run.statuses("P201") == ["missing"] * 8 + ["partial"] * 3 + ["measured"] + ["partial"] * 3
    assert run.statuses("S203") == ["missing"] * 8 + ["partial"] * 3 + ["measured"] * 4
    assert run.statuses("P101") == run.statuses("S103") == ["measured"] * 15
    assert run.statuses("P2")[-1] == "missing"
    assert run.statuses("I") == ["partial"] * 11 + ["measured"] + ["partial"] * 3


def test_coverage_is_the_weight_that_has_a_score(run: Run) -> None:
    murder, crime = 0.4, 0.6
    assert run.score("2013-04", CITY, "I")["coverage"] == pytest.approx(1)
    assert run.score("2013-05", CITY, "P2")["coverage"] == pytest.approx(0.3 + 0.1 + 0.1)
    assert run.score("2013-05", CITY, "I")["coverage"] == pytest.approx(1 - crime * murder * 0.5)
    assert run.score("2013-06", CITY, "P2") | {"coverage": 0.4, "score": None} == run.score("2013-06", CITY, "P2")
    # below half of its weight the second level has no score, and all of it is lacking above
    assert run.score("2013-06", CITY, "I")["coverage"] == pytest.approx(1 - crime * murder)


def test_a_share_of_nothing_does_not_apply(run: Run) -> None:
    with_murder = set(good("homicide", "2012-04", "2013-03", CITY).filter(pl.col("IUCR") == "0110")["area"])
    rows = run.scores.filter((pl.col("period") == "2013-03") & (pl.col("node_code") == "P204"))
    without = set(rows.filter(pl.col("status") == "not_applicable")["unit_code"])
    assert without == set(AREAS) - with_murder
    assert 0 < len(without) < 77


def test_a_change_without_a_month_before_says_why(run: Run) -> None:
    first, year = run.score("2012-04", CITY, "I"), run.score("2013-03", CITY, "I")
    assert (first["change_month"], first["change_month_reason"]) == (None, "before_first_issue")
    assert (year["change_year"], year["change_year_reason"]) == (None, "before_first_issue")
    assert run.score("2013-04", CITY, "I")["change_year"] == pytest.approx(
        run.score("2013-04", CITY, "I")["score"] - run.score("2012-04", CITY, "I")["score"]
    )


@pytest.mark.parametrize("period", ["2012-07", "2013-02"])
@pytest.mark.parametrize("unit", [AUSTIN, "9", CITY])
def test_burglary_rate_by_relative_bounds_of_the_reference_year(run: Run, unit: str, period: str) -> None:
    people, k = residents(), 10_000
    counted = good("burglary", REFERENCE[0], REFERENCE[-1], CITY).group_by("area", "month").len()
    events = {(area, month): number for area, month, number in counted.iter_rows()}
    rate = sum(events.values()) / (12 * people[CITY])
    reference = [
        10_000 * (events.get((area, month), 0) + k * rate) / (people[area] + k) for area in AREAS for month in REFERENCE
    ]
    low, high = np.percentile(reference, [5, 95])
    number = good("burglary", period, period, unit).height
    value = 10_000 * number / people[unit]
    smoothed = value if unit == CITY else 10_000 * (number + k * rate) / (people[unit] + k)

    found = run.value(period, unit, "P101")
    assert (found["numerator"], found["denominator"]) == (number, people[unit])
    assert found["value"] == pytest.approx(value, rel=1e-12)
    assert found["value_smoothed"] == pytest.approx(smoothed, rel=1e-9)
    score = min(100, max(0, 60 + 40 * (high - smoothed) / (high - low)))
    assert found["score"] == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize("unit", [AUSTIN, CITY])
def test_murder_rate_over_twelve_months_of_which_two_are_unreported(run: Run, unit: str) -> None:
    # 2012-06 … 2013-03 are reported: ten months stand for twelve
    murders = good("homicide", "2012-06", "2013-03", unit).filter(pl.col("IUCR") == "0110").height
    found = run.value("2013-05", unit, "P201")
    assert found["status"] == "partial"
    assert found["numerator"] == pytest.approx(murders * 12 / 10)
    assert found["value"] == pytest.approx(10_000 * murders * 12 / 10 / residents()[unit], rel=1e-12)


@pytest.mark.parametrize("unit", ["71", CITY])
def test_dwelling_burglaries_over_three_months_by_posts(run: Run, unit: str) -> None:
    words = "^(APARTMENT|RESIDENCE|RESIDENTIAL|CHA APARTMENT|CHA HALLWAY|DRIVEWAY|NURSING HOME|COLLEGE.*HALL)"
    dwellings = good("burglary", "2012-06", "2012-08", unit).filter(pl.col("Location_Description").str.contains(words))
    x = 10_000 * dwellings.height / residents()[unit]
    found = run.value("2012-08", unit, "P102")
    assert found["value"] == pytest.approx(x, rel=1e-12)
    score = 60 + 40 * (30 - x) / (30 - 2) if x <= 30 else 60 * (100 - x) / (100 - 30)
    assert found["score"] == pytest.approx(min(100, max(0, score)), abs=1e-9)


@pytest.mark.parametrize("unit", ["71", CITY])
def test_complaints_completed_within_seven_days_against_the_target(run: Run, unit: str) -> None:
    rows = good("sanitation_complaint", "2013-05", "2013-05", unit)
    days = (rows["Completion_Date"].str.to_date() - rows["day"]).dt.total_days()
    x = 100 * (days <= 7).sum() / rows.height
    found = run.value("2013-05", unit, "S102")
    assert (found["denominator"], found["value"]) == (rows.height, pytest.approx(x, rel=1e-12))
    assert found["score"] == pytest.approx(100 * min(1, x / 90), abs=1e-9)


@pytest.mark.parametrize("unit", [AUSTIN, CITY])
def test_complaints_open_at_month_end(run: Run, unit: str) -> None:
    rows = good("sanitation_complaint", "2013-06", "2013-06", unit)
    still_open = (rows["Completion_Date"].str.to_date() > rows["day"].dt.month_end()).sum()
    assert run.value("2013-06", unit, "S103")["numerator"] == still_open


@pytest.mark.parametrize("unit", [AUSTIN, CITY])
def test_mean_days_of_the_repairs_of_a_month(run: Run, unit: str) -> None:
    rows = good("street_lights_all_out_repair", "2012-08", "2012-08", unit)
    days = (rows["day"] - rows["Created Date"].str.to_date("%d-%b-%y")).dt.total_days().sum()
    found = run.value("2012-08", unit, "S204")
    assert (found["numerator"], found["denominator"]) == (days, rows.height)
    assert found["score"] == pytest.approx(min(100, 100 * 4 * rows.height / days), abs=1e-9)


def test_home_invasions_deduct_and_the_city_takes_the_mean_by_residents(run: Run) -> None:
    rows = good("burglary", "2012-11", "2012-11", CITY).filter(pl.col("Description") == "HOME INVASION")
    events = Counter(rows["area"].to_list())
    scores = {area: max(0, 100 - 15 * events[area]) for area in AREAS}
    assert {area: run.score("2012-11", area, "P104")["score"] for area in AREAS} == pytest.approx(scores)
    mean = sum(scores[area] * residents()[area] for area in AREAS) / residents()[CITY]
    assert run.score("2012-11", CITY, "P104")["score"] == pytest.approx(mean, abs=1e-9)


def test_three_murders_in_a_month_cap_the_colour(run: Run) -> None:
    rows = good("homicide", "2012-08", "2012-08", CITY).filter(pl.col("IUCR") == "0110").group_by("area").len()
    capped = set(rows.filter(pl.col("len") >= 3)["area"])
    vetoes = pl.read_parquet(run.state.issues / "2012-08" / "r1" / "vetoes.parquet")
    assert set(vetoes["unit_code"]) == capped
    assert capped
    assert {run.score("2012-08", area, "I")["colour"] for area in capped} <= {"orange", "red"}


def test_the_reference_of_the_folder_is_what_calibration_finds_in_the_records(run: Run) -> None:
    import duckdb

    from methods.calibration import propose_reference

    version = load_city("chicago").versions[0]
    with duckdb.connect(str(run.state.warehouse), read_only=True) as connection:
        windows = connection.sql("select * from indicators.indicator_windows where period <= '2013-03'").pl()
    proposed = propose_reference(run.city, version, windows, REFERENCE[0], REFERENCE[-1])
    assert list(proposed.reference) == read_table(version.folder / "reference.csv")


@pytest.mark.parametrize("period", ["2012-08", "2013-06"])
def test_records_add_up_to_every_measure_of_every_area(run: Run, period: str) -> None:
    from publication.reading import read_issue_data
    from publication.records import LandingFiles, Provenance

    issue = read_issue_data(run.state, period)
    provenance = Provenance(run.city, LandingFiles.of_manifest(run.city, run.state, issue.manifest))
    published = issue.table("measures").filter(pl.col("unit_code").is_in(AREAS))
    for (measure,), rows in published.partition_by("measure", as_dict=True).items():
        records = provenance.records(str(measure), AREAS, [period])
        found = dict(records.group_by("unit_code").agg(pl.col("quantity").sum()).iter_rows())
        told = {r["unit_code"]: r["quantity"] or 0.0 for r in rows.iter_rows(named=True)}
        assert {area: found.get(area, 0.0) for area in AREAS} == told, measure
    assert published["measure"].n_unique() > 15


def test_the_site_and_the_bulletin_have_the_real_map_with_its_approval(run: Run, tmp_path: Path) -> None:
    """Every community area once, with its name and score, and the number of the map's approval under it."""
    import dataclasses

    import pypdf

    from publication.bulletin import write_bulletin_pdf
    from publication.reading import read_issue_data
    from publication.rendering import Request
    from publication.site import render_site

    issue = read_issue_data(run.state, MONTHS[-1])
    approved = dataclasses.replace(run.city, settings={**run.city.settings, "map_approval": "GS(2024)0650号"})
    boundaries = SOURCES / "area_community_areas.geojson.gz"
    render_site(Request(issue, approved, tmp_path, boundaries))
    page = (tmp_path / "en" / "index.html").read_text(encoding="utf-8")
    drawn = page[page.index("<div class=real>") : page.index("</svg>", page.index("<div class=real>"))]
    titles = [title.text or "" for title in ElementTree.fromstring(drawn[drawn.index("<svg") :] + "</svg>").iter(
        "{http://www.w3.org/2000/svg}title")]  # fmt: skip
    assert len(titles) == len(AREAS)
    for area in AREAS:
        name = run.city.unit_by_code[area].name_en
        score = run.score(MONTHS[-1], area, "I")["score"]
        assert any(t.startswith(f"{name} {score:.2f} ") for t in titles), (name, score)
    assert "Map approval number: GS(2024)0650号" in page
    pdf = pypdf.PdfReader(write_bulletin_pdf(issue, approved, tmp_path, "zh", boundaries))
    assert any("审图号：GS(2024)0650" in "".join(p.extract_text().split()) for p in pdf.pages)


def test_workbook_and_data_package_hold_the_issues_numbers(run: Run, tmp_path: Path) -> None:
    import openpyxl
    from frictionless import Package

    from publication.data_package import write_data_package
    from publication.reading import read_issue_data
    from publication.workbook import write_workbook

    issue = read_issue_data(run.state, MONTHS[-1])
    (path,) = write_workbook(issue, run.city, tmp_path)
    rows = openpyxl.load_workbook(path, read_only=True)["得分长表 Scores long"].iter_rows(min_row=4, values_only=True)
    headings = [str(text).split("\n")[-1] for text in next(rows)]
    node, score = headings.index("Node code"), headings.index("Score")
    found = {(str(row[0]), row[node]): row[score] for row in rows if row[0] is not None}
    expected = {(r["unit_code"], r["node_code"]): r["score"] for r in issue.table("scores").iter_rows(named=True)}
    assert found.keys() == expected.keys()
    assert all(found[key] == (None if value is None else pytest.approx(value)) for key, value in expected.items())
    folder = tmp_path / "data"
    folder.mkdir()
    write_data_package(issue, run.city, folder)
    report = Package(str(folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "type", "message"])[:5]
    content = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert content["synthetic"] is False
    written = pl.read_parquet(folder / "parquet" / "scores.parquet")
    assert written.equals(issue.table("scores"))
