from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from small_feeds import CRIME, small_city

from city.folder import CityFolderError
from feeds.corrections import load_corrections
from feeds.landing import Reception

Put = Callable[..., Path]
Take = Callable[..., Reception]
ENTRY = {
    "record_set": "police/crime",
    "match": {"record_id": "A1", "category": "命按"},
    "action": "set",
    "value": {"category": "命案", "unit_code": "110102001"},
    "reason": "typing error",
    "provider": "市公安局",
    "status": "accepted",
}
SAID = {"reason": "typing error", "provider": "市公安局"}
FILE = "police/2022-01/crime.csv"
DROP = {k: v for k, v in ENTRY.items() if k != "value"} | {"action": "drop", "match": {"record_id": "A2"}}


@pytest.fixture
def corrected(tmp_path: Path, put: Put, take: Take) -> Callable[..., Reception]:
    put(
        "police/2022-01/crime.csv",
        ["A1,2022-01-05,命按,0,110101001,", "A2,2022-01-05,命案,0,110101001,", "A3,2022-01-05,命案,0,110101001,"],
    )

    def run(*entries: dict[str, object]) -> Reception:
        folder = tmp_path / "corrections"
        folder.mkdir(exist_ok=True)
        (folder / "2022.yaml").write_text(yaml.safe_dump(list(entries), allow_unicode=True), encoding="utf-8")
        return take(corrections=load_corrections(small_city(tmp_path, CRIME)))

    return run


def test_an_accepted_correction_acts_before_the_contract_and_is_counted(corrected: Callable[..., Reception]) -> None:
    taken = corrected(ENTRY, DROP)
    assert taken.accepted is not None
    rows = taken.accepted.select("record_id", "category", "unit_code").rows()
    assert rows == [("A1", "homicide", "110102001"), ("A3", "homicide", "110101001")]
    receipt = taken.receipt
    assert receipt.corrections == {
        "2022.yaml#1": SAID | {"action": "set", "rows": [{"file": FILE, "line": 2, "unit": "110102001"}]},
        "2022.yaml#2": SAID | {"action": "drop", "rows": [{"file": FILE, "line": 3, "unit": "110101001"}]},
    }
    assert (receipt.received, receipt.accepted, receipt.quarantined, receipt.dropped) == (3, 2, 1, 1)
    assert receipt.failures[0]["reason"] == "dropped_by_correction"


def test_a_proposed_correction_and_one_that_matches_nothing_change_nothing(corrected: Callable[..., Reception]) -> None:
    elsewhere = ENTRY | {"match": {"record_id": "A1", "category": "抢劫"}}
    receipt = corrected(ENTRY | {"status": "proposed"}, elsewhere).receipt
    assert receipt.corrections == {}
    assert receipt.failures[0]["reason"] == "unknown_category"


def test_blank_cells_are_matched_by_null(corrected: Callable[..., Reception]) -> None:
    receipt = corrected(DROP | {"match": {"record_id": "A3", "unit_name": None}}).receipt
    assert receipt.dropped == 1


def test_a_correction_of_an_unknown_column_is_refused(corrected: Callable[..., Reception]) -> None:
    receipt = corrected(DROP | {"match": {"place": "x"}}).receipt
    assert receipt.status == "refused"
    assert "corrections/2022.yaml#1: the record set has no column place" in receipt.message


@pytest.mark.parametrize(
    "entry", [ENTRY | {"action": "guess"}, ENTRY | {"reason": ""}, DROP | {"value": {"deaths": "1"}}, ENTRY | {"x": 1}]
)
def test_what_does_not_fit_the_schema_is_named(corrected: Callable[..., Reception], entry: dict[str, object]) -> None:
    with pytest.raises(CityFolderError, match=r"2022\.yaml, entry 2"):
        corrected(DROP, entry)
