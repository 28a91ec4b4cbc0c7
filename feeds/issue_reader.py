"""A city's published issue as a delivery: its measures, for whoever rolls several cities up.

Reads `issues/` only, the latest revision of the month as index.json and the manifest say, and believes no byte whose
hash is not theirs. No warehouse and no landing of the city is looked at.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from city.folder import RESIDENTS
from city.periods import Period
from feeds.errors import FeedError, NotDelivered
from feeds.location import find_files, read_bytes, sha256
from feeds.raw import RawFile, raw_file

_INDEX = "index.json"
_RESTORE = "have the city run `pingan issues verify`, and read its issues again when they are whole"
#: What an upper unit has beyond the sum of its members is no more than a rounding of that sum up to this share of it.
_ROUNDING = 1e-9


def read_issue(feed: str, root: str, path: str, period: Period, *, level: str) -> RawFile:
    """Measures of the units of a level, and what only the units above them know, as text rows.

    Columns: period, unit_code, measure, quantity. A unit's measure that is missing, or partial (a sum over some of its
    members, which must not be set against the residents of all), gives no row: counted as layout. So are the sums of
    units above the level, as totals, but for what they hold beyond the sum of their members. `residents` is left out:
    population.csv supplies it. NotDelivered when the month is not published.
    """
    folder, manifest = _latest_revision(feed, root, path, period)
    measures = _table(feed, root, folder, "measures", manifest)
    units = _table(feed, root, folder, "units", manifest)
    own, layout = _own_measures(feed, folder, measures, units, level)
    rows = own.select(
        "period",
        "unit_code",
        "measure",
        pl.col("quantity").map_elements(repr, return_dtype=pl.String),
    )
    return raw_file(
        f"{folder}/measures.parquet",
        _published_hash(feed, folder, "measures", manifest),
        rows,
        own["line"],
        layout=layout,
        synthetic=bool(manifest.get("synthetic", {}).get("synthetic", False)),
    )


def _own_measures(
    feed: str, folder: str, measures: pl.DataFrame, units: pl.DataFrame, level: str
) -> tuple[pl.DataFrame, int]:
    """Rows to take (period, unit_code, measure, quantity, line), and how many others there were of these units."""
    parents = dict(units.select("unit_code", "parent").iter_rows())
    lowest = units.filter(pl.col("level") == level)["unit_code"].to_list()
    if not lowest:
        levels = ", ".join(sorted(units["level"].unique().to_list()))
        raise FeedError(
            feed, folder, f"the issue has no units of level {level!r}, it has {levels}", "correct `options: {level: …}`"
        )
    above: set[str] = set()
    for unit in lowest:
        while (unit := parents.get(unit) or "") and unit not in above:
            above.add(unit)
    read = (
        measures.with_row_index("line", offset=1)
        .filter(pl.col("unit_code").is_in([*lowest, *above]) & (pl.col("measure") != RESIDENTS))
        .with_columns(
            parent=pl.col("unit_code").replace_strict(parents, default="", return_dtype=pl.String),
            is_lowest=~pl.col("unit_code").is_in(list(above)),
        )
    )
    below = (
        read.filter(pl.col("quantity").is_not_null())
        .group_by("parent", "measure")
        .agg(members=pl.col("quantity").sum(), reported=pl.len())
        .rename({"parent": "unit_code"})
    )
    only_above = pl.col("quantity") - pl.col("members").fill_null(0.0)
    known_above = pl.col("reported").is_null() | (
        only_above.abs() > _ROUNDING * pl.max_horizontal(pl.lit(1.0), pl.col("quantity").abs())
    )
    taken = (
        read.join(below, on=["unit_code", "measure"], how="left")
        .filter(
            pl.col("quantity").is_not_null()
            & pl.when("is_lowest").then(pl.col("status") == "measured").otherwise(known_above)
        )
        .with_columns(quantity=pl.when("is_lowest").then("quantity").otherwise(only_above))
        .sort("line")
    )
    return taken, read.height - taken.height


def _latest_revision(feed: str, root: str, path: str, period: Period) -> tuple[str, Mapping[str, Any]]:
    """Folder and manifest of the month's latest revision."""
    index = _json(feed, f"{path}/{_INDEX}", _content(feed, root, f"{path}/{_INDEX}"))
    entries = [e for e in index.get("issues", ()) if e.get("period") == period and e.get("latest")]
    if not entries:
        raise NotDelivered(f"{path}/{period}")
    folder = f"{path}/{period}/r{int(entries[0]['revision'])}"
    content = _content(feed, root, f"{folder}/manifest.json")
    if sha256(content) != entries[0].get("manifest_sha256"):
        raise FeedError(feed, f"{folder}/manifest.json", "is not the manifest that index.json names", _RESTORE)
    return folder, _json(feed, f"{folder}/manifest.json", content)


def _table(feed: str, root: str, folder: str, name: str, manifest: Mapping[str, Any]) -> pl.DataFrame:
    path = f"{folder}/{name}.parquet"
    content = _content(feed, root, path)
    if sha256(content) != _published_hash(feed, folder, name, manifest):
        raise FeedError(feed, path, "is not what was published: its hash is not the manifest's", _RESTORE)
    return pl.read_parquet(io.BytesIO(content))


def _published_hash(feed: str, folder: str, name: str, manifest: Mapping[str, Any]) -> str:
    for entry in manifest.get("files", ()):
        if entry.get("name") == f"{name}.parquet":
            return str(entry.get("sha256"))
    raise FeedError(feed, f"{folder}/manifest.json", f"names no {name}.parquet", _RESTORE)


def _content(feed: str, root: str, path: str) -> bytes:
    [(name, read)] = find_files(feed, root, path)
    return read_bytes(feed, name, read)


def _json(feed: str, path: str, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise FeedError(feed, path, f"is not JSON ({error})", _RESTORE) from error
    if not isinstance(found, dict):
        raise FeedError(feed, path, "is not a JSON object", _RESTORE)
    return found
