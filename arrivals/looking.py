"""Looking at what lies at a department's place: its content as one hash, and whether it is whole.

The hash is of content, never of a time stamp: a file copied again is no new delivery, and one rewritten within the
same second is. Whether a file has stopped growing can only be told by looking twice, which pipelines/ does; what can
be told at once – a workbook or a JSON document that is cut off – is told here. Nothing is judged or landed.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from city.folder import RecordSet
from city.periods import Period
from feeds.errors import FeedError, NotDelivered, feed_name
from feeds.location import MAX_BYTES, find_files, place_path, read_bytes, sha256
from feeds.readers import ISSUE, delivers_by_month, read_delivery
from feeds.receipt import NOT_DELIVERED, Receipt


@dataclass(frozen=True)
class Look:
    """What was found. `digest` is empty when nothing is there; `fault` says why it is not whole, else is empty."""

    digest: str = ""
    size: int = 0
    fault: str = ""

    @property
    def whole(self) -> bool:
        """Whether something is there and nothing shows that it is cut off."""
        return bool(self.digest) and not self.fault


def look(record_set: RecordSet, period: Period, sources: str, environment: Mapping[str, str]) -> Look:
    """Look at one record set's delivery of a month; a place that cannot be reached holds nothing, with the fault."""
    try:
        if is_remote(record_set, environment) or record_set.reader == ISSUE:
            return _look_by_reading(record_set, period, sources, environment)
        feed = feed_name(record_set)
        own_root = environment.get(record_set.root, "") if record_set.root else ""
        found = find_files(feed, own_root or sources, place_path(feed, record_set.location, period))
        if record_set.reader == "sql":  # a SQLite file holds many months: only the month's rows count
            return _look_by_reading(record_set, period, sources, environment)
        contents = [(name, read_bytes(feed, name, read)) for name, read in found]
    except NotDelivered:
        return Look()
    except (FeedError, OSError, ValueError, ImportError) as error:
        # The text of the error may hold an address with a password: its kind is enough.
        return Look(fault=error.message if isinstance(error, FeedError) else type(error).__name__)
    faults = [fault for name, content in contents if (fault := _cut_off(record_set.reader, name, content))]
    size = sum(len(content) for _, content in contents)
    return Look(delivery_digest((name, sha256(content)) for name, content in contents), size, "; ".join(faults))


def landed_digest(receipt: Receipt) -> str:
    """The digest of the delivery that a receipt accounts for, comparable with Look.digest; empty without files."""
    if receipt.status == NOT_DELIVERED:
        return ""
    own = [(str(f["path"]), str(f["sha256"])) for f in receipt.files if f["delivery"] == receipt.period]
    return delivery_digest(own) if own else ""


def delivery_digest(files: Iterable[tuple[str, str]]) -> str:
    """One hash of a delivery's files by path and content, whatever their order."""
    return hashlib.sha256("\n".join(f"{path} {digest}" for path, digest in sorted(files)).encode()).hexdigest()


def is_remote(record_set: RecordSet, environment: Mapping[str, str]) -> bool:
    """Whether a look asks a department's own system, which must not be asked every half minute."""
    own_root = environment.get(record_set.root, "") if record_set.root else ""
    if record_set.reader == "sql":
        return "://" in own_root
    return record_set.reader == "json" and own_root.startswith(("http://", "https://"))


def is_watched(record_set: RecordSet, period: Period, newest: Period) -> bool:
    """Whether a new delivery of the month may be looked for.

    Where one place holds all months, any change would look like a change of each: only the newest is watched, and a
    correction of an earlier one is landed by hand. Records that ended before the month began never come.
    """
    if record_set.complete_through and record_set.complete_through[:7] < period:
        return False
    return delivers_by_month(record_set) or period == newest


def _look_by_reading(record_set: RecordSet, period: Period, sources: str, environment: Mapping[str, str]) -> Look:
    files = read_delivery(record_set, period, sources, environment)
    size = sum(int(raw.rows.estimated_size()) for raw in files)
    return Look(delivery_digest((raw.path, raw.sha256) for raw in files), size)


def _cut_off(reader: str, name: str, content: bytes) -> str:
    """What shows that a file is not whole; empty when nothing does. A CSV cut at a line's end shows nothing."""
    if not content:
        return f"{name}: empty"
    try:
        if name.endswith(".gz"):
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
                unpacked = 0
                while unpacked <= MAX_BYTES and (part := stream.read(1 << 20)):
                    unpacked += len(part)  # beyond the limit landing refuses it
        elif reader == "xlsx":
            with zipfile.ZipFile(io.BytesIO(content)):
                pass  # the directory of a workbook stands at its end
        elif reader == "json":
            json.loads(content)
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile, ValueError) as error:
        return f"{name}: cut off or damaged ({type(error).__name__})"
    return ""
