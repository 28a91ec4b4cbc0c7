"""Deliveries into the state folder: landing and quarantine as immutable Parquet, and which is current.

`landing/<department>/<record set>/<month>/<hash16>.parquet` is written first, the pointer `current.json`
(its receipt) last. An attempt that is refused, or finds nothing, leaves its receipt beside it as
`attempt.json` and the pointer as it is: an accepted delivery is only ever replaced by an accepted delivery.
"""

from __future__ import annotations

import calendar
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import polars as pl

from city.folder import City, RecordSet
from city.periods import Period, add_months
from city.state import StateFolder
from feeds.contract import check_mapping, load_contract
from feeds.corrections import Correction, accepted_for, load_corrections
from feeds.errors import FeedError, NotDelivered, feed_name
from feeds.judgement import Delivered, Judged, judge_rows
from feeds.landed import ATTEMPT, CURRENT, landed_folder, receipt_at
from feeds.location import sha256
from feeds.privacy import PersonalData, mask, refuse_personal_header, refuse_personal_values
from feeds.raw import RawFile, header_key
from feeds.readers import ISSUE, delivers_by_month, read_delivery
from feeds.receipt import ACCEPTED, NOT_DELIVERED, REFUSED, Receipt

PREVIEW_ROWS = 5
#: Places of a failure named in a receipt; the quarantine file has them all.
PLACES = 20
#: So many rows and none of the month: it is another month's file that was sent, not a month without events.
WRONG_MONTH_ROWS = 20
#: So many rows a month before and now none: an empty file was sent, not a month without events.
NEVER_EMPTY_ROWS = 20
#: Files that were found to name nobody, as long as readers.READ_CACHE keeps them: a file of many months is looked
#: through once, not once a month.
_CLEAN: WeakValueDictionary[int, RawFile] = WeakValueDictionary()


@dataclass(frozen=True)
class Reception:
    """A delivery judged but not written. `accepted` and `quarantine` are None when it was refused unread."""

    receipt: Receipt
    accepted: pl.DataFrame | None
    quarantine: pl.DataFrame | None


def receive(
    city: City,
    record_set: RecordSet,
    period: Period,
    sources: str,
    environment: Mapping[str, str],
    corrections: Sequence[Correction] = (),
) -> Reception:
    """Read and judge one record set's month; never raises for what is wrong with a delivery."""
    blank = Receipt(record_set.department, record_set.department_key, record_set.name, period, REFUSED, False)
    try:
        check_mapping(record_set, load_contract(city, record_set))
        own = _read_checked(city, record_set, period, sources, environment)
        delivered = [Delivered(raw, period, True) for raw in own]
        late, notes = _late(city, record_set, period, sources, environment)
        judged = judge_rows(city, record_set, period, [*delivered, *late], accepted_for(corrections, record_set))
    except NotDelivered as absent:
        return Reception(
            replace(
                blank,
                status=NOT_DELIVERED,
                message=f"{feed_name(record_set)}: nothing was delivered for {period} at {absent.place}",
                remedy="ask the department for this month's delivery, put it there and run the month again",
            ),
            None,
            None,
        )
    except PersonalData as found:
        refused = replace(blank, message=found.message, remedy=found.remedy, header=list(found.header))
        return Reception(refused, None, None)
    except FeedError as error:
        return Reception(replace(blank, message=error.message, remedy=error.remedy), None, None)
    receipt = _with_verdict(_counted(city, record_set, blank, judged, [*delivered, *late], notes), record_set, judged)
    return Reception(receipt, judged.accepted, judged.quarantine)


def land(
    city: City,
    state: StateFolder,
    record_set: RecordSet,
    period: Period,
    sources: str,
    environment: Mapping[str, str],
    corrections: Sequence[Correction] = (),
) -> Receipt:
    """Receive a month and write it; the receipt says what became of it, whatever was delivered."""
    reception = receive(city, record_set, period, sources, environment, corrections)
    folder = landed_folder(state, record_set, period)
    receipt = _refused_when_suddenly_empty(state, record_set, reception.receipt)
    if reception.quarantine is not None and reception.quarantine.height:
        content = _parquet(reception.quarantine)
        place = Path(record_set.department_key, record_set.name, period, f"{sha256(content)[:16]}.parquet")
        _write(state.quarantine / place, content)
        receipt = replace(receipt, quarantine_file=place.as_posix())
    if receipt.status == ACCEPTED and reception.accepted is not None:
        content = _parquet(reception.accepted)
        digest = sha256(content)
        name = f"{digest[:16]}.parquet"
        _write(folder / name, content)
        receipt = replace(receipt, hash=digest, landing_file=(folder / name).relative_to(state.landing).as_posix())
        (folder / ATTEMPT).unlink(missing_ok=True)
        _write(folder / CURRENT, receipt.to_json().encode())
        return receipt
    earlier = receipt_at(folder / CURRENT)
    receipt = replace(receipt, in_force=earlier.hash if earlier else "")
    _write(folder / ATTEMPT, receipt.to_json().encode())
    return receipt


def land_department(
    city: City,
    state: StateFolder,
    department_key: str,
    period: Period,
    sources: str,
    environment: Mapping[str, str],
) -> list[Receipt]:
    """Land every record set of a department for a month, in the order of feeds.yaml."""
    corrections = load_corrections(city)
    return [
        land(city, state, record_set, period, sources, environment, corrections)
        for record_set in city.feed(department_key).record_sets
    ]


def _read_checked(
    city: City, record_set: RecordSet, period: Period, sources: str, environment: Mapping[str, str]
) -> list[RawFile]:
    """One delivery month's files, refused when they name people."""
    files = read_delivery(record_set, period, sources, environment)
    contract = load_contract(city, record_set)
    units = tuple(record_set.unit.values())
    texts = {c.name for c in contract.columns if c.kind == "text"}
    # Columns that are not landed are looked at too: what must not come in must not come in beside the rest.
    typed = {header_key(h) for h, c in record_set.columns.items() if c not in texts}
    feed = feed_name(record_set)
    for raw in files:
        if raw.synthetic and not city.synthetic:
            raise FeedError(
                feed,
                raw.path,
                "the numbers are simulated, and this city's outputs would not say so",
                "write `synthetic: true` with a notice in city.yaml, or read published numbers of real deliveries",
            )
        if _CLEAN.get(id(raw)) is raw:
            continue
        refuse_personal_header(feed, raw.path, raw.header, units)
        columns = [name for name in raw.rows.columns if header_key(name) not in typed]
        refuse_personal_values(feed, raw.path, raw.rows, columns, raw.header)
        _CLEAN[id(raw)] = raw
    return files


def _late(
    city: City, record_set: RecordSet, period: Period, sources: str, environment: Mapping[str, str]
) -> tuple[list[Delivered], list[str]]:
    """Later deliveries, for late rows. One that cannot be taken is its own month's fault: noted here."""
    if not delivers_by_month(record_set) or record_set.reader == ISSUE:  # an issue holds its own month and no other
        return [], []
    delivered: list[Delivered] = []
    notes: list[str] = []
    for months in range(1, record_set.late_months + 1):
        later = add_months(period, months)
        try:
            files = _read_checked(city, record_set, later, sources, environment)
            delivered += [Delivered(raw, later, False) for raw in files]
        except NotDelivered:
            continue
        except FeedError as error:
            notes.append(f"late rows in the delivery of {later} were not read: {error.message}")
    return delivered, notes


def _counted(
    city: City,
    record_set: RecordSet,
    receipt: Receipt,
    judged: Judged,
    delivered: Sequence[Delivered],
    notes: list[str],
) -> Receipt:
    contract = load_contract(city, record_set)
    return replace(
        receipt,
        received=judged.received,
        accepted=judged.accepted.height,
        quarantined=judged.quarantined,
        other_month=judged.other_month,
        layout=judged.layout,
        late=judged.late,
        dropped=judged.dropped,
        files=[
            {"path": d.raw.path, "sha256": d.raw.sha256, "rows": d.raw.received, "delivery": d.delivery}
            for d in delivered
        ],
        header=list(delivered[0].raw.header),
        columns={name: str(dtype) for name, dtype in contract.landed_schema.items()},
        failures=_failures(judged.quarantine),
        corrections=judged.corrections,
        notes=notes,
        preview=_preview(judged.accepted),
    )


def _with_verdict(receipt: Receipt, record_set: RecordSet, judged: Judged) -> Receipt:
    """Gate A on one delivery."""
    feed = feed_name(record_set)
    own_rows = sum(f["rows"] for f in receipt.files if f["delivery"] == receipt.period) - receipt.layout
    minimum = int(record_set.options.get("minimum_rows", 1 if record_set.is_monthly_return else 0))
    if judged.quarantined_share > record_set.max_quarantined_share:
        worst = receipt.failures[0]
        return replace(
            receipt,
            message=(
                f"{feed}: {judged.quarantined_share:.1%} of the month's rows do not keep the contract, "
                f"{record_set.max_quarantined_share:.1%} are allowed; most often {worst['column'] or 'the row'}: "
                f"{worst['reason']} ({worst['count']} rows), {worst['expected']} was expected"
            ),
            remedy="see the failures and the quarantine file; have the delivery put right and run the month again",
        )
    by_month = delivers_by_month(record_set)
    if by_month and own_rows >= WRONG_MONTH_ROWS and receipt.accepted == receipt.late:
        return replace(
            receipt,
            message=f"{feed}: {own_rows} rows were delivered and none is of {receipt.period}",
            remedy=f"another month's file was sent: ask the department for {receipt.period}",
        )
    if receipt.accepted < minimum:
        return replace(
            receipt,
            message=f"{feed}: {receipt.accepted} rows of {receipt.period}, at least {minimum} were expected",
            remedy="ask the department whether the delivery is empty by mistake; `minimum_rows` is in feeds.yaml",
        )
    if record_set.complete_through and record_set.complete_through[:10] < _month_end(receipt.period):
        return replace(
            receipt,
            status=ACCEPTED,
            message=f"{feed}: the records end on {record_set.complete_through}: {receipt.period} is unreported",
            remedy="nothing, until the department delivers further: then move `complete_through` in feeds.yaml",
        )
    return replace(receipt, status=ACCEPTED, reported=True)


def _refused_when_suddenly_empty(state: StateFolder, record_set: RecordSet, receipt: Receipt) -> Receipt:
    """A header and no row says zero of what is rare; of what came by the dozen the month before it is a mistake.

    `minimum_rows` in feeds.yaml, 0 as well, is a department's own word on how few there may be.
    """
    said = "minimum_rows" in record_set.options or not delivers_by_month(record_set)
    if said or not receipt.reported or receipt.accepted:
        return receipt
    for period in (receipt.period, add_months(receipt.period, -1)):
        before = receipt_at(landed_folder(state, record_set, period) / CURRENT)
        if before is not None and before.accepted >= NEVER_EMPTY_ROWS:
            return replace(
                receipt,
                status=REFUSED,
                reported=False,
                message=(
                    f"{feed_name(record_set)}: {', '.join(f['path'] for f in receipt.files[:1])}: "
                    f"no row of {receipt.period}; {before.accepted} rows of {period} were delivered before"
                ),
                remedy=(
                    "ask the department for the rows; where none is the truth, "
                    "write `options: {minimum_rows: 0}` in feeds.yaml"
                ),
            )
    return receipt


def _month_end(period: Period) -> str:
    year, month = (int(part) for part in period.split("-"))
    return f"{period}-{calendar.monthrange(year, month)[1]:02d}"


def _failures(quarantine: pl.DataFrame) -> list[dict[str, Any]]:
    """Failures counted by reason and column, the most frequent first, each with its first places."""
    grouped = (
        quarantine.group_by("reason", "column", maintain_order=True)
        .agg(
            count=pl.len(),
            expected=pl.first("expected"),
            lines=pl.col("source_line").head(PLACES),
            places=pl.struct(file="source_file", line="source_line").head(PLACES),
            values=pl.col("value").drop_nulls().unique(maintain_order=True).head(3),
            details=pl.col("detail").filter(pl.col("detail") != "").unique(maintain_order=True).head(3),
        )
        .sort("count", "reason", "column", descending=[True, False, False])
    )
    return grouped.to_dicts()


def _preview(accepted: pl.DataFrame) -> list[dict[str, Any]]:
    """The first rows; text is masked, except codes of units and files."""
    shown = {"unit_code", "source_file", "measure"}
    return [
        {
            name: mask(value) if isinstance(value, str) and name not in shown else _plain(value)
            for name, value in row.items()
        }
        for row in accepted.head(PREVIEW_ROWS).to_dicts()
    ]


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _parquet(frame: pl.DataFrame) -> bytes:
    """Parquet with fixed settings: the same rows are the same bytes, and the hash says what changed."""
    stream = io.BytesIO()
    frame.rechunk().write_parquet(
        stream, compression="zstd", compression_level=3, statistics=True, row_group_size=1 << 18
    )
    return stream.getvalue()


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing, on disk before the name points to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
