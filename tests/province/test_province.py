"""A province from its cities' published issues: numbers, gaps, a restated city, through to its own issue."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
import several_cities
import small_city
from chain import Chain
from click.testing import CliRunner

from city import StateFolder, load_city, months_between
from city.check import check_city
from city.folder import CityFolderError, city_folder
from city.province import Province, write_province
from feeds.landed import month_receipts
from feeds.landing import land_department
from gates.feeds import feed_gate
from gates.store import write_gate
from publication.issue import PublicationRefused, PublishResult, publish
from publication.listing import list_issues
from publication.manifest import read_issue
from warehouse.window import run_window

pytestmark = pytest.mark.end_to_end

MONTHS = months_between("2022-03", "2022-06")
LAST = MONTHS[-1]
CITIES = ("city1", "city2")
CODE = "990000"
#: Windows that lie within what the cities have published.
SHORT = ("month", "stock", "rolling_3m")


def pingan(*words: str) -> None:
    from pipelines.command_line import cli

    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output


def make_province(place: Path, cities: Sequence[Path]) -> Path:
    words = [word for folder in cities for word in ("--city", str(folder))]
    pingan("province", str(place / "province"), *words, "--code", CODE, "--name-zh", "小省", "--name-en", "Province")
    return place / "province"


def compute(chain: Chain, sources: Path, months: Sequence[str]) -> None:
    """From deliveries to the gates of a range, each step called as a run calls it."""
    for feed in chain.city.feeds:
        for period in run_window(chain.city, months[0], months[-1]).feed_months:
            land_department(chain.city, chain.state, feed.department.key, period, str(sources), {})
    for period, models in chain.build(months[0], months[-1]).items():
        receipts = month_receipts(chain.city, chain.state, period)
        write_gate(chain.state, feed_gate(chain.city, chain.state, period, receipts))
        write_gate(chain.state, models)


def publish_month(chain: Chain, period: str, reason: str | None = None) -> PublishResult:
    return publish(
        chain.state.candidate(period),
        chain.state,
        chain.city,
        reason=reason,
        now=datetime(2022, 7, 20, 9, tzinfo=UTC),
        code_version="test",
    )


class Country:
    """Two cities and their province, with one home for their states."""

    def __init__(self, place: Path) -> None:
        self.home, self.deliveries = place / "home", place / "deliveries"
        self.folders = [several_cities.write_city(place / "cities", number) for number in (1, 2)]
        self.cities = {folder.name: self.chain(folder) for folder in self.folders}
        for number, (key, chain) in enumerate(self.cities.items(), start=1):
            several_cities.write_deliveries(self.deliveries, number)
            compute(chain, self.deliveries / key, MONTHS)
            for period in MONTHS if key == "city1" else MONTHS[:-1]:
                publish_month(chain, period)
        self.province = self.chain(make_province(place, self.folders))

    def chain(self, folder: Path) -> Chain:
        city = load_city(folder)
        return Chain(city, StateFolder(self.home, city.key), {})

    def issue(self, key: str, period: str, table: str) -> pl.DataFrame:
        """A table of the latest revision of a month."""
        chain = self.province if key == "province" else self.cities[key]
        latest = next(i for i in list_issues(chain.state) if i.period == period and i.latest)
        return pl.read_parquet(latest.folder / f"{table}.parquet")


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Country:
    """Both cities published but for city2's last month; the province has published all months."""
    country = Country(tmp_path_factory.mktemp("country"))
    compute(country.province, country.home, MONTHS)
    for period in MONTHS:
        publish_month(country.province, period)
    return country


def test_the_folder_that_the_command_makes_is_sound(country: Country) -> None:
    assert [f for f in check_city(country.province.city.folder) if f.severity == "error"] == []
    assert country.province.city.levels == ("province", "city", "county", "township")
    assert country.province.city.synthetic


def test_every_measure_of_the_province_is_the_sum_of_the_cities(country: Country) -> None:
    compared = 0
    for period in MONTHS[:-1]:
        own = country.issue("province", period, "measures").filter(pl.col("unit_code") == CODE)
        parts = [country.issue(key, period, "measures") for key in CITIES]
        tops = [p.filter(pl.col("unit_code").str.ends_with("0000")) for p in parts]
        both = tops[0].join(tops[1], on="measure")
        for measure, first, second in both.select("measure", "quantity", "quantity_right").iter_rows():
            quantity, status = own.filter(pl.col("measure") == measure).select("quantity", "status").row(0)
            assert (quantity, status) == (pytest.approx(first + second, rel=1e-12), "measured"), (period, measure)
            compared += 1
    assert compared == len(MONTHS[:-1]) * (len(small_city.MEASURES) + 1)


@pytest.mark.parametrize("table", ["measures", "values", "scores"])
def test_every_unit_of_a_city_has_in_the_province_the_numbers_of_its_city(country: Country, table: str) -> None:
    """Values and scores of indicators whose windows lie within the published months."""
    period, compared = MONTHS[-2], 0
    name = {"measures": "measure", "values": "indicator_code", "scores": "node_code"}[table]
    number = {"measures": "quantity", "values": "value", "scores": "score"}[table]
    framework = country.issue("city1", period, "framework")
    short = framework.filter((pl.col("scoring") != "") & pl.col("window").is_in(SHORT))["code"].to_list()
    province = country.issue("province", period, table)
    for key in CITIES:
        own = country.issue(key, period, table)
        if table != "measures":
            own = own.filter(pl.col(name).is_in(short))
        both = own.join(province, on=["unit_code", name], how="left", suffix="_above")
        for row in both.iter_rows(named=True):
            what = (row["unit_code"], row[name])
            assert row["status_above"] == row["status"], what
            expected = row[number] if row[number] is None else pytest.approx(row[number], rel=1e-9, abs=1e-9)
            assert row[f"{number}_above"] == expected, what
            compared += row[number] is not None
    assert compared > 200


def test_a_city_that_has_not_published_is_missing_and_never_zero(country: Country) -> None:
    measures = country.issue("province", LAST, "measures").filter(pl.col("measure") != "residents")
    of_city2 = measures.filter(pl.col("unit_code").str.starts_with("920"))
    assert set(of_city2["status"]) == {"missing"}
    assert of_city2["quantity"].null_count() == of_city2.height > 100
    own = measures.filter(pl.col("unit_code") == CODE)
    assert set(own["status"]) == {"partial"}
    first = country.issue("city1", LAST, "measures").filter(pl.col("unit_code") == "910000")
    sums = own.join(first, on="measure", suffix="_of_city1")
    assert sums.height == len(small_city.MEASURES)
    assert (sums["quantity"] - sums["quantity_of_city1"]).abs().max() < 1e-9
    values = country.issue("province", LAST, "values")
    # The rules carry a month; half of the townships are under the minimum coverage, so the province's own value is
    # carried too, rather than computed from one city.
    statuses = dict(values.filter(pl.col("indicator_code") == "A101").select("unit_code", "status").iter_rows())
    assert (statuses["910101001"], statuses["920101001"], statuses[CODE]) == (
        "measured",
        "carried_forward",
        "carried_forward",
    )
    feeds = dict(country.issue("province", LAST, "feeds").select("record_set", "status").iter_rows())
    assert feeds == {"city1": "accepted", "city2": "not_delivered"}


def test_a_restated_city_makes_a_new_revision_of_the_province_with_a_reason(country: Country, tmp_path: Path) -> None:
    shutil.copytree(country.home, tmp_path / "home")
    restated, province = country.cities["city1"], country.province
    restated = Chain(restated.city, StateFolder(tmp_path / "home", "city1"), {})
    province = Chain(province.city, StateFolder(tmp_path / "home", "province"), {})
    shutil.copytree(country.deliveries / "city1", tmp_path / "deliveries")
    path = tmp_path / "deliveries" / "alpha" / f"{LAST}.csv"
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if ",910101001,crimes," in line)
    path.write_text(text.replace(line, f"{line.rpartition(',')[0]},40.0"), encoding="utf-8")
    compute(restated, tmp_path / "deliveries", [LAST])
    assert publish_month(restated, LAST, "late correction").revision == 2

    before = country.issue("province", LAST, "measures")
    compute(province, tmp_path / "home", [LAST])
    with pytest.raises(PublicationRefused, match="give a reason for r2"):
        publish_month(province, LAST)
    result = publish_month(province, LAST, "city1 has restated 2022-06")
    assert (result.revision, result.outcome) == (2, "published")
    manifest = read_issue(result.folder).manifest
    assert manifest["reason"] == "city1 has restated 2022-06"
    after = pl.read_parquet(result.folder / "measures.parquet")
    moved = before.join(after, on=["unit_code", "measure"]).filter(pl.col("quantity") != pl.col("quantity_right"))
    assert set(moved.select("unit_code", "measure").iter_rows()) == {
        (unit, "crimes") for unit in ("910101001", "910101", "910000", CODE)
    }
    delta = 40.0 - float(line.rpartition(",")[2])
    assert (moved["quantity_right"] - moved["quantity"]).to_list() == [delta] * 4


def test_cities_with_different_methods_cannot_be_added_up(tmp_path: Path) -> None:
    folders = [several_cities.write_city(tmp_path, number) for number in (1, 2)]
    framework = folders[1] / "versions" / "2021-06" / "framework.csv"
    framework.write_text(
        framework.read_text(encoding="utf-8").replace('"": 80, ""p100', '"": 79, ""p100'), encoding="utf-8"
    )
    with pytest.raises(CityFolderError, match=r"framework of .*city2/versions/2021-06 is not that of .*city1"):
        write_province(tmp_path / "p", Province(CODE, "province", "小省", "P"), [city_folder(f) for f in folders])


def test_a_simulated_issue_is_refused_where_outputs_would_not_say_so(country: Country, tmp_path: Path) -> None:
    folder = tmp_path / "province"
    shutil.copytree(country.province.city.folder, folder)
    settings = folder / "city.yaml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("synthetic: true", "synthetic: false"))
    city = load_city(folder)
    state = StateFolder(tmp_path / "home", city.key)
    receipts = land_department(city, state, "cities", LAST, str(country.home), {})
    assert [r.status for r in receipts] == ["refused", "not_delivered"]
    assert "the numbers are simulated" in receipts[0].message
