"""A city's issue as a delivery: which rows of its measures are taken, and what is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from feeds.errors import FeedError, NotDelivered
from feeds.issue_reader import read_issue
from feeds.raw import RawFile

PERIOD = "2022-06"
UNITS = [("C", "", "city"), ("A", "C", "county"), ("B", "C", "county"), ("a1", "A", "town"), ("a2", "A", "town"),
         ("b1", "B", "town")]  # fmt: skip
#: unit, measure, quantity, status
MEASURES = [
    ("C", "crimes", 16.0, "measured"),  # one beyond the counties: known to the city only
    ("A", "crimes", 12.0, "measured"),  # three beyond the towns
    ("B", "crimes", 3.0, "measured"),
    ("a1", "crimes", 4.0, "measured"),
    ("a2", "crimes", 5.0, "measured"),
    ("b1", "crimes", 3.0, "measured"),
    ("C", "fires", 7.5, "partial"),
    ("A", "fires", 2.5, "partial"),
    ("B", "fires", 5.0, "measured"),  # no town reported: the county's own record
    ("a1", "fires", 2.5, "measured"),
    ("a2", "fires", None, "missing"),
    ("b1", "fires", None, "missing"),
    ("a1", "residents", 900.0, "measured"),
    ("A", "losses", 0.1 + 0.2, "measured"),
    ("a1", "losses", 0.1, "measured"),
    ("a2", "losses", 0.2, "measured"),
]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_revision(issues: Path, revision: int, measures: list[tuple[Any, ...]], synthetic: bool = False) -> Path:
    """One revision and the index over all revisions up to it."""
    folder = issues / PERIOD / f"r{revision}"
    folder.mkdir(parents=True)
    pl.DataFrame(
        [{"period": PERIOD, "unit_code": u, "measure": m, "quantity": q, "status": s} for u, m, q, s in measures],
        schema_overrides={"quantity": pl.Float64},
    ).write_parquet(folder / "measures.parquet")
    pl.DataFrame([{"unit_code": u, "parent": p, "level": level} for u, p, level in UNITS]).write_parquet(
        folder / "units.parquet"
    )
    files = [{"name": name, "sha256": digest(folder / name)} for name in ("measures.parquet", "units.parquet")]
    write_json(folder / "manifest.json", {"files": files, "synthetic": {"synthetic": synthetic}})
    entries = [
        {"period": PERIOD, "revision": n, "latest": n == revision}
        | {"manifest_sha256": digest(issues / PERIOD / f"r{n}" / "manifest.json")}
        for n in range(1, revision + 1)
    ]
    write_json(issues / "index.json", {"issues": entries})
    return folder


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def read(root: Path, level: str, period: str = PERIOD) -> RawFile:
    return read_issue("cities/x", str(root), "x/issues", period, level=level)


def rows(raw: RawFile) -> set[tuple[str, str, float]]:
    return {(u, m, float(q)) for u, m, q in raw.rows.select("unit_code", "measure", "quantity").iter_rows()}


def test_rows_of_the_lowest_level_and_what_only_units_above_know(tmp_path: Path) -> None:
    write_revision(tmp_path / "x" / "issues", 1, MEASURES)
    raw = read(tmp_path, "town")
    assert rows(raw) == {
        ("a1", "crimes", 4.0), ("a2", "crimes", 5.0), ("b1", "crimes", 3.0),
        ("A", "crimes", 3.0), ("C", "crimes", 1.0),
        ("a1", "fires", 2.5), ("B", "fires", 5.0),
        ("a1", "losses", 0.1), ("a2", "losses", 0.2),
    }  # fmt: skip
    # 0.1 + 0.2 exceeds its parts by a rounding: no record of the county
    assert raw.received == len([m for m in MEASURES if m[1] != "residents"])
    lines = dict(zip(raw.rows.select("unit_code", "measure").iter_rows(), raw.lines, strict=True))
    assert lines["b1", "crimes"] == 6


def test_a_sum_over_some_members_is_not_taken_for_the_whole_unit(tmp_path: Path) -> None:
    write_revision(tmp_path / "x" / "issues", 1, MEASURES)
    counties = rows(read(tmp_path, "county"))
    assert counties == {("A", "crimes", 12.0), ("B", "crimes", 3.0), ("C", "crimes", 1.0), ("B", "fires", 5.0),
                        ("A", "losses", 0.1 + 0.2)}  # fmt: skip
    assert rows(read(tmp_path, "city")) == {("C", "crimes", 16.0)}


def test_the_latest_revision_counts(tmp_path: Path) -> None:
    write_revision(tmp_path / "x" / "issues", 1, MEASURES)
    first = read(tmp_path, "city")
    write_revision(tmp_path / "x" / "issues", 2, [("C", "crimes", 20.0, "measured")])
    second = read(tmp_path, "city")
    assert rows(second) == {("C", "crimes", 20.0)}
    assert (first.path, second.path) == tuple(f"x/issues/{PERIOD}/r{n}/measures.parquet" for n in (1, 2))
    assert second.sha256 == digest(tmp_path / second.path)


def test_a_month_that_is_not_published_is_not_delivered(tmp_path: Path) -> None:
    with pytest.raises(NotDelivered):
        read(tmp_path, "town")
    write_revision(tmp_path / "x" / "issues", 1, MEASURES)
    with pytest.raises(NotDelivered, match="x/issues/2022-07"):
        read(tmp_path, "town", "2022-07")


@pytest.mark.parametrize("name", ["measures.parquet", "units.parquet"])
def test_a_table_that_was_altered_after_publication_is_refused(tmp_path: Path, name: str) -> None:
    folder = write_revision(tmp_path / "x" / "issues", 1, MEASURES)
    pl.read_parquet(folder / name).head(3).write_parquet(folder / name)
    with pytest.raises(FeedError, match=f"r1/{name}: is not what was published"):
        read(tmp_path, "town")


def test_a_manifest_that_was_altered_after_publication_is_refused(tmp_path: Path) -> None:
    folder = write_revision(tmp_path / "x" / "issues", 1, MEASURES)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    write_json(folder / "manifest.json", manifest | {"reason": "none"})
    with pytest.raises(FeedError, match=r"is not the manifest that index\.json names"):
        read(tmp_path, "town")


def test_a_level_that_the_city_does_not_have_is_named_with_those_it_has(tmp_path: Path) -> None:
    write_revision(tmp_path / "x" / "issues", 1, MEASURES)
    with pytest.raises(FeedError, match="no units of level 'village', it has city, county, town"):
        read(tmp_path, "village")
