"""Point corrections: single rows changed or left out, declared in `corrections/*.yaml` with reason and provider.

They act on delivered text under the contract's column names, before values are mapped and anything is
parsed, and only when accepted. A rule for many rows is not a correction: it belongs in feeds.yaml.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from city.folder import City, CityFolderError, RecordSet
from feeds.errors import FeedError

SCHEMA = Path(__file__).resolve().parent.parent / "city" / "json_schemas" / "corrections.schema.json"


@dataclass(frozen=True)
class Correction:
    """One entry of a corrections file. `label` is its file and number, as counted in the receipt."""

    label: str
    record_set: str
    match: Mapping[str, str | None]
    action: str
    value: Mapping[str, str | None]
    reason: str
    provider: str
    status: str


def load_corrections(city: City) -> tuple[Correction, ...]:
    """Every correction of a city; CityFolderError names file, entry and field that do not fit the schema."""
    folder = city.folder / "corrections"
    if not folder.is_dir():
        return ()
    return tuple(c for path in sorted(folder.glob("*.yaml")) for c in _load(path))


def _load(path: Path) -> list[Correction]:
    import jsonschema

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except yaml.YAMLError as error:
        raise CityFolderError(f"{path} is not YAML: {error}") from error
    content = _dates_as_text(content)
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    faults = [
        f"{path}, entry {error.absolute_path[0] + 1 if error.absolute_path else '-'}: {error.message}"
        for error in validator.iter_errors(content)
    ]
    if faults:
        raise CityFolderError("; ".join(faults))
    return [
        Correction(
            label=f"{path.name}#{number}",
            record_set=entry["record_set"],
            match={c: cell_of_yaml(v) for c, v in entry["match"].items()},
            action=entry["action"],
            value={c: cell_of_yaml(v) for c, v in entry.get("value", {}).items()},
            reason=entry["reason"],
            provider=entry["provider"],
            status=entry["status"],
        )
        for number, entry in enumerate(content, start=1)
    ]


def _dates_as_text(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _dates_as_text(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_dates_as_text(value) for value in content]
    if isinstance(content, datetime.datetime):
        return content.isoformat(sep=" ")
    return content.isoformat() if isinstance(content, datetime.date) else content


def cell_of_yaml(value: object) -> str | None:
    """A YAML scalar as the text of a cell; true and false in lower case, null for blank."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def accepted_for(corrections: Sequence[Correction], record_set: RecordSet) -> tuple[Correction, ...]:
    """The accepted corrections of one record set."""
    key = f"{record_set.department_key}/{record_set.name}"
    return tuple(c for c in corrections if c.record_set == key and c.status == "accepted")


def apply_corrections(feed: str, rows: pl.DataFrame, corrections: Sequence[Correction]) -> pl.DataFrame:
    """Rows with two more columns: `correction` (labels applied, joined by `;`, or null) and `dropped`.

    Dropped rows stay, so that they are counted.
    """
    columns = rows.columns
    rows = rows.with_columns(correction=pl.lit(None, dtype=pl.String), dropped=pl.lit(False))
    for correction in corrections:
        unknown = sorted({*correction.match, *correction.value} - set(columns))
        if unknown:
            raise FeedError(
                feed,
                f"corrections/{correction.label}",
                f"the record set has no column {', '.join(unknown)}",
                f"use its columns: {', '.join(columns)}",
            )
        hit = pl.all_horizontal(
            *(pl.col(c).is_null() if v is None else pl.col(c).eq_missing(v) for c, v in correction.match.items())
        )
        label = pl.concat_str(pl.col("correction"), pl.lit(correction.label), separator=";", ignore_nulls=True)
        changed = {c: pl.when(hit).then(pl.lit(v, dtype=pl.String)).otherwise(c) for c, v in correction.value.items()}
        rows = rows.with_columns(
            **changed,
            correction=pl.when(hit).then(label).otherwise("correction"),
            dropped=pl.col("dropped") | (hit & (correction.action == "drop")),
        )
    return rows
