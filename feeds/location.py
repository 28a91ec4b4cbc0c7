"""Where deliveries are: a folder or any fsspec URL, and bounded reading of what lies there.

Paths come from feeds.yaml and cannot leave the sources' root. What a file means is the readers' business.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import Any

import fsspec  # type: ignore[import-untyped]
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

from feeds.errors import FeedError, NotDelivered
from feeds.raw import RawFile

#: A delivery larger than this, packed or unpacked, is not a month of one department's records.
MAX_BYTES = 1 << 30
#: What the process keeps of files it has read, so that a range of months does not read a long file once a
#: month.
CACHE_BYTES = 256 << 20


#: Names under which programs keep what is not finished or not theirs to send: editors, browsers, file transfer.
_UNFINISHED_STARTS = (".", "~$")
_UNFINISHED_ENDS = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".swp", "~")


def is_unfinished_name(path: str) -> bool:
    """Whether a file's name says that it is a temporary one: no delivery, whatever a `*` in its location matches."""
    name = PurePosixPath(path).name.lower()
    return name.startswith(_UNFINISHED_STARTS) or name.endswith(_UNFINISHED_ENDS)


def place_path(feed: str, location: str, period: str) -> str:
    """The location with its month; FeedError when it would leave the root."""
    path = location.replace("{period}", period)
    parts = PurePosixPath(path).parts
    if not parts or path.startswith(("/", "~")) or ".." in parts or "\\" in path or ":" in path:
        raise FeedError(
            feed,
            path,
            "a location must stay below the sources' root",
            "write a relative path without `..` in feeds.yaml",
        )
    return "/".join(parts)


def find_files(feed: str, root: str, path: str) -> list[tuple[str, Callable[[], bytes]]]:
    """Files at a path (which may hold `*` or `?`: a delivery in several files), in the order of their names.

    Temporary files are left out. Returns the path of each relative to the root, and a function that reads it.
    NotDelivered when there is none, FeedError when a link leads out of the root: whoever may put files there may not
    read others by it.
    """
    filesystem, base = fsspec.core.url_to_fs(root)
    base = base.rstrip("/")
    whole = f"{base}/{path}" if base else path
    if any(sign in path for sign in "*?"):
        found = sorted(str(p) for p in filesystem.glob(whole) if filesystem.isfile(p))
        found = [name for name in found if not is_unfinished_name(name)]
    else:
        found = [whole] if filesystem.isfile(whole) else []
    local = isinstance(filesystem, LocalFileSystem)
    if not found and local:
        _require_open(Path(base), path)
    if not found:
        raise NotDelivered(path)
    if local:
        _refuse_outside(feed, path, base, found)
    start = len(base) + 1 if base else 0
    return [(name[start:], _reading(filesystem, name)) for name in found]


def _require_open(base: Path, path: str) -> None:
    """PermissionError when the folder of a delivery may not be read: nothing is found in it then, and that is not
    a department that delivered nothing.
    """
    plain = takewhile(lambda part: not any(sign in part for sign in "*?"), PurePosixPath(path).parts[:-1])
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(base.joinpath(*plain)):
        pass


def _refuse_outside(feed: str, path: str, base: str, found: Sequence[str]) -> None:
    root = Path(base).resolve()
    for name in found:
        if not Path(name).resolve().is_relative_to(root):
            raise FeedError(
                feed,
                path,
                "a link that leads out of the sources' root",
                "put the file itself there, or name its own root by `root:` in feeds.yaml",
            )


def _reading(filesystem: Any, name: str) -> Callable[[], bytes]:
    def read() -> bytes:
        with filesystem.open(name, "rb") as stream:
            return bytes(stream.read(MAX_BYTES + 1))

    return read


def read_bytes(feed: str, path: str, read: Callable[[], bytes]) -> bytes:
    """The file's bytes; FeedError when it cannot be read or is too large."""
    try:
        content = read()
    except OSError as error:
        raise FeedError(
            feed, path, f"cannot be read ({type(error).__name__})", "check access to the sources folder"
        ) from error
    if len(content) > MAX_BYTES:
        raise too_large(feed, path)
    return content


def unpack(feed: str, path: str, content: bytes) -> bytes:
    """The content of a .gz file, bounded; other files as they are."""
    if not path.endswith(".gz"):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            unpacked = stream.read(MAX_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FeedError(
            feed, path, f"the packed file is cut off or damaged ({error})", "ask for the whole file again"
        ) from error
    if len(unpacked) > MAX_BYTES:
        raise too_large(feed, path)
    return unpacked


def too_large(feed: str, path: str, limit: int = MAX_BYTES) -> FeedError:
    """The error for a delivery over a limit in bytes."""
    return FeedError(feed, path, f"larger than {limit >> 20} MiB", "ask for one month, or split it into several files")


def sha256(content: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(content).hexdigest()


class ReadCache:
    """The last files read, by content and by how they were read, up to a number of bytes."""

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        """`limit` in bytes, of the rows kept."""
        self._limit = limit
        self._kept: OrderedDict[Hashable, tuple[RawFile, int]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Hashable, read: Callable[[], RawFile]) -> RawFile:
        """What was read under the key, or else what `read` gives."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        raw = read()
        size = int(raw.rows.estimated_size()) + 4 * raw.rows.height + 1024
        if size <= self._limit:
            with self._lock:
                if key not in self._kept:
                    self._kept[key] = (raw, size)
                    self._bytes += size
                while self._bytes > self._limit:
                    _, (_, gone) = self._kept.popitem(last=False)
                    self._bytes -= gone
        return raw

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0


READ_CACHE = ReadCache()
