"""Records behind a measure on which a correction acted: landed, found again by the department's SQL, and marked."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import yaml

from city import StateFolder, load_city
from feeds.corrections import load_corrections
from feeds.landing import land
from publication.records import LandingFiles, Provenance

pytestmark = pytest.mark.usefixtures("shared_data")

MONTH, HERE, ELSEWHERE = "2023-01", "620502001", "620502002"
PEOPLE = {"reason": "录入错误 typing error", "provider": "市消防救援支队", "status": "accepted"}
HAZARDS, INSPECTIONS = "fire_rescue/fire_hazard", "fire_rescue/fire_inspection"
CORRECTIONS = [
    {
        "record_set": HAZARDS,
        "match": {"record_id": "H2"},
        "action": "set",
        "value": {"closed_at": "2023-01-09 08:00:00"},
    },
    {
        "record_set": HAZARDS,
        "match": {"record_id": "H3"},
        "action": "set",
        "value": {"closed_at": "2023-01-30 08:00:00"},
    },
    {"record_set": HAZARDS, "match": {"record_id": "H4"}, "action": "drop"},
    {"record_set": HAZARDS, "match": {"record_id": "H5"}, "action": "drop"},
    {"record_set": INSPECTIONS, "match": {"record_id": "I1"}, "action": "drop"},
    {"record_set": HAZARDS, "match": {"record_id": "H1"}, "action": "drop", "status": "proposed"},
    {
        "record_set": HAZARDS,
        "match": {"record_id": "H2"},
        "action": "set",
        "value": {"opened_at": "2023-01-01 08:00:00"},
    },
    # set right, and still not what the contract takes: not landed, so nobody's record
    {"record_set": HAZARDS, "match": {"record_id": "H6"}, "action": "set", "value": {"closed_at": "soon"}},
]
IN_TIME, LATE = "2023-01-05 08:00:00", "2023-01-31 08:00:00"


@pytest.fixture(scope="module")
def provenance(project_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Provenance:
    place = tmp_path_factory.mktemp("corrected_records")
    folder = place / "tianshui"
    shutil.copytree(project_root / "data" / "tianshui", folder)
    (folder / "corrections").mkdir()
    written = yaml.safe_dump([PEOPLE | entry for entry in CORRECTIONS], allow_unicode=True)
    (folder / "corrections" / "2023.yaml").write_text(written, encoding="utf-8")
    city, state = load_city(folder), StateFolder(place / "state", "tianshui")
    own, other = "秦州区大城街道", "秦州区七里墩街道"
    assert {u.name_zh for u in city.units if u.code in (HERE, ELSEWHERE)} == {own[3:], other[3:]}
    hazards = [("H1", own, IN_TIME), ("H2", own, LATE), ("H3", own, IN_TIME), ("H4", own, IN_TIME)]
    hazards += [("H5", other, IN_TIME), ("H6", own, IN_TIME)]
    deliver = place / "sources" / "fire_rescue" / MONTH
    deliver.mkdir(parents=True)
    lines = [f"{key},{unit},2022-12-29 03:00:00,2023-01-28 03:00:00,{closed}" for key, unit, closed in hazards]
    header = "隐患编号,所在乡镇街道,发现时间,整改期限,整改完成时间"
    (deliver / "fire_hazard.csv").write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    inspections = ["检查编号,行政区划代码,所属乡镇街道,检查时间,是否合格"]
    inspections += [f"I{i},{HERE},{own[3:]},2023-01-0{i} 08:00:00,是" for i in (1, 2)]
    (deliver / "fire_inspection.csv").write_text("\n".join([*inspections, ""]), encoding="gb18030")
    files = {}
    for record_set in city.feed("fire_rescue").record_sets:
        if record_set.name in ("fire_hazard", "fire_inspection"):
            loose = replace(record_set, max_quarantined_share=1.0)
            receipt = land(city, state, loose, MONTH, str(place / "sources"), {}, load_corrections(city))
            assert receipt.reported, receipt.message
            files[receipt.key, MONTH] = {
                "landing_file": receipt.landing_file,
                "hash": receipt.hash,
                "corrections": receipt.corrections,
            }
    return Provenance(city, LandingFiles(state, files))


def told(rows: pl.DataFrame) -> list[tuple[int, float, str, str]]:
    """(line, quantity, status, labels of its corrections) of each record."""
    return [
        (
            row["source_line"],
            row["quantity"],
            row["status"],
            " ".join(part.split(":")[0] for part in row["correction"].split("; ") if part),
        )
        for row in rows.iter_rows(named=True)
    ]


def test_what_corrections_changed_and_dropped_is_marked(provenance: Provenance) -> None:
    rows = provenance.records("fire_hazards_closed_on_time", [HERE], [MONTH])
    assert told(rows) == [
        (2, 1.0, "accepted", ""),  # a correction that is only proposed
        (3, 1.0, "corrected", "2023.yaml#1 2023.yaml#7"),  # was late, is in time
        (4, 0.0, "corrected", "2023.yaml#2"),  # was in time, is late: adds nothing, and is seen
        (5, 0.0, "dropped_by_correction", "2023.yaml#3"),
    ]
    assert rows["correction"][2] == "2023.yaml#2: 录入错误 typing error (市消防救援支队)"
    assert "closed_at=2023-01-30 08:00:00" in rows["says"][2]
    assert rows["says"][3] == ""
    assert rows["landing_file"].n_unique() == 1
    assert rows["hash"].null_count() == 0


def test_the_same_records_count_otherwise_in_another_measure(provenance: Provenance) -> None:
    rows = provenance.records("fire_hazards_due", [HERE, ELSEWHERE], [MONTH])
    assert [quantity for _, quantity, _, _ in told(rows)] == [1, 1, 1, 0, 0]
    assert rows["unit_code"].to_list() == [HERE] * 4 + [ELSEWHERE]
    due = provenance.quantities("fire_hazards_due", [HERE], [MONTH]).row(0, named=True)
    assert due["quantity"] == rows.filter(unit_code=HERE)["quantity"].sum() == 3


def test_only_sets_that_the_measure_is_made_of_are_asked(provenance: Provenance) -> None:
    rows = provenance.records("fire_inspections_done", [HERE], [MONTH])
    assert told(rows) == [(2, 0.0, "dropped_by_correction", "2023.yaml#5"), (3, 1.0, "accepted", "")]
    residents = provenance.records("residents", [HERE], [MONTH])
    assert told(residents)[0][2:] == ("accepted", "")
