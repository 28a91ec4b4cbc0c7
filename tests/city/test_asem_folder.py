"""The ASEM index as a city of monthly returns: the folder is sound, its returns are read, its bounds are right."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import asem
import pytest

from city.check import check_city
from city.folder import load_city

if not asem.ORACLE.is_dir():
    if os.environ.get("CI"):
        raise FileNotFoundError(f"{asem.ORACLE}: CI must have the oracles")
    pytest.skip(f"the oracles are not at {asem.ORACLE}", allow_module_level=True)


#: Values that the publisher does not have.
BLANKS = 63


def levels_of_scores() -> list[int]:
    levels = asem.node_levels()
    return [levels[node] for _, node in asem.oracle_scores()]


@pytest.mark.parametrize("reader", asem.READERS)
def test_the_folder_passes_the_check(reader: str, tmp_path: Path) -> None:
    folder, sources = asem.write_asem_city(tmp_path, reader)
    assert check_city(folder) == []
    city = load_city(folder)
    assert len(city.units) == 51
    assert Counter(node.level for node in city.versions[0].framework) == {0: 1, 1: 2, 2: 8, 3: 49}
    assert {node.code: node.level for node in city.versions[0].framework} == asem.node_levels()
    assert len([path for path in sources.rglob("*") if path.is_file()]) == 2


@pytest.mark.parametrize("reader", asem.READERS)
def test_every_return_is_accepted(reader: str, tmp_path: Path) -> None:
    from feeds.landing import receive

    folder, sources = asem.write_asem_city(tmp_path, reader)
    city = load_city(folder)
    accepted = 0
    for record_set in city.record_sets:
        receipt = receive(city, record_set, asem.PERIOD, str(sources), {}).receipt
        assert (receipt.status, receipt.quarantined, receipt.message) == ("accepted", 0, "")
        accepted += receipt.accepted
    assert accepted == sum(level == 3 for level in levels_of_scores())


@pytest.mark.parametrize("reader", asem.READERS)
def test_every_number_arrives_as_it_was_sent(reader: str, tmp_path: Path) -> None:
    from feeds.landing import receive

    folder, sources = asem.write_asem_city(tmp_path, reader)
    city = load_city(folder)
    sent = {row["uCode"]: row for row in asem._data()}
    for record_set in city.record_sets:
        rows = receive(city, record_set, asem.PERIOD, str(sources), {}).accepted
        assert rows is not None
        for unit, measure, value in rows.select("unit_code", "measure", "value").iter_rows():
            assert value == pytest.approx(float(sent[unit][measure]), rel=1e-14, abs=0), (unit, measure)


def test_the_declared_bounds_give_the_published_scores(tmp_path: Path) -> None:
    folder, _ = asem.write_asem_city(tmp_path, "csv")
    scores = asem.oracle_scores()
    assert Counter(levels_of_scores()) == {0: 51, 1: 102, 2: 408, 3: 51 * 49 - BLANKS}
    framework = load_city(folder).versions[0].framework
    for node in framework:
        for row in asem._data():
            unit = row["uCode"]
            if (unit, node.code) not in scores:
                assert row[node.code] == ""
                continue
            if node.is_indicator:
                share = (float(row[node.code]) - node.params["lo"]) / (node.params["hi"] - node.params["lo"])
                computed = 100 * (share if node.direction == 1 else 1 - share)
            else:
                children = [n for n in framework if n.parent == node.code and (unit, n.code) in scores]
                computed = sum(n.weight * scores[unit, n.code] for n in children) / sum(n.weight for n in children)
            assert computed == pytest.approx(scores[unit, node.code], abs=1e-9)


def test_an_unknown_reader_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="csv, xlsx, json, sql"):
        asem.write_asem_city(tmp_path, "pdf")
