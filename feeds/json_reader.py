"""Pages of JSON from a department's HTTP API, or the same pages in a file.

A page is `{"page": 1, "pages": 3, "total": 2500, "rows": [{…}]}`. Every page must be there and hold what
the first one announced: a listing that changed while it was read is an error, not a shorter delivery. The
token is sent in a header and appears in no message.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import httpx
import polars as pl
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from feeds.errors import FeedError, NotDelivered
from feeds.location import MAX_BYTES, sha256, too_large, unpack
from feeds.raw import RawFile, raw_file

ATTEMPTS = 4
#: Seconds before the second attempt; doubled before each further one.
FIRST_WAIT = 0.5
TIMEOUT = 30.0
MAX_PAGES = 100_000
_LATER = "ask the department whether its system is up, then run this month again"
_FORM = "ask for pages of the form {page, pages, total, rows: [{…}]}"


def read_json_file(feed: str, path: str, content: bytes) -> RawFile:
    """One page, or a list of pages, in a file (UTF-8; .gz allowed)."""
    try:
        document = json.loads(unpack(feed, path, content))
    except UnicodeDecodeError as error:
        raise FeedError(
            feed, path, "not UTF-8, as JSON has to be", "ask the department to send the file as UTF-8"
        ) from error
    except (ValueError, RecursionError) as error:
        raise FeedError(
            feed,
            path,
            f"not JSON, or cut off, or nested too deep ({error})",
            "ask the department to send the file again",
        ) from error
    pages = document if isinstance(document, list) else [document]
    return _assemble(feed, path, sha256(content), [_page(feed, path, p, n) for n, p in enumerate(pages, 1)])


def read_json_http(
    feed: str,
    base: str,
    path: str,
    *,
    token: str = "",
    token_variable: str = "",
    timeout: float = TIMEOUT,
    page_size: int | None = None,
) -> RawFile:
    """All pages of `GET <base>/<path>?page=N`; NotDelivered when the API answers 404 to the first."""
    digest = hashlib.sha256()
    pages: list[dict[str, Any]] = []
    size = 0
    headers = {"Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    url = f"{base.rstrip('/')}/{path}"
    with httpx.Client(timeout=timeout, headers=headers, follow_redirects=False) as client:
        announced = 1
        while len(pages) < announced:
            number = len(pages) + 1
            query = {"page": number} | ({"page_size": page_size} if page_size else {})
            body = _get(client, url, query, feed, path, token_variable)
            size += len(body)
            if size > MAX_BYTES:
                raise too_large(feed, path)
            digest.update(body)
            try:
                page = _page(feed, path, json.loads(body), number)
            except (ValueError, RecursionError) as error:
                raise FeedError(feed, path, f"page {number} is not JSON ({error})", _FORM) from error
            pages.append(page)
            announced = min(int(page["pages"]), MAX_PAGES)
    return _assemble(feed, path, digest.hexdigest(), pages)


class _TryAgain(Exception):  # noqa: N818 - the reason for another attempt
    pass


def _get(
    client: httpx.Client,
    url: str,
    query: Mapping[str, int],
    feed: str,
    path: str,
    token_variable: str,
) -> bytes:
    def give_up(state: RetryCallState) -> bytes:
        reason = state.outcome.exception() if state.outcome else None
        raise FeedError(feed, path, f"no answer after {ATTEMPTS} attempts: {reason}", _LATER) from reason

    for attempt in (
        retrying := Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=FIRST_WAIT),
            retry=retry_if_exception_type(_TryAgain),
            retry_error_callback=give_up,
        )
    ):
        with attempt:
            return _get_once(client, url, query, feed, path, token_variable)
    raise AssertionError(retrying)


def _get_once(
    client: httpx.Client,
    url: str,
    query: Mapping[str, int],
    feed: str,
    path: str,
    token_variable: str,
) -> bytes:
    try:
        with client.stream("GET", url, params=query) as answer:
            status = answer.status_code
            if status == 429 or status >= 500:
                raise _TryAgain(f"the system answered {status}")
            if status in (401, 403):
                named = f"the variable {token_variable}" if token_variable else "`token:` in feeds.yaml"
                raise FeedError(feed, path, f"the system refused the token ({status})", f"set {named} anew")
            if status == 404:
                if query["page"] == 1:
                    raise NotDelivered(path)
                raise FeedError(feed, path, f"page {query['page']} was announced and is not there", _LATER)
            if status != 200:
                raise FeedError(feed, path, f"the system answered {status}, 200 was expected", _LATER)
            body = bytearray()
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > MAX_BYTES:
                    raise too_large(feed, path)
            return bytes(body)
    except httpx.TransportError as error:
        # The text of the error may hold the address, and an address may hold a password: its kind is enough.
        raise _TryAgain(type(error).__name__) from error


def _page(feed: str, path: str, page: object, number: int) -> dict[str, Any]:
    if not isinstance(page, dict) or not isinstance(page.get("rows"), list):
        raise FeedError(feed, path, f"page {number} has no list `rows`", _FORM)
    if not all(isinstance(row, dict) for row in page["rows"]):
        raise FeedError(feed, path, f"page {number}: a row is not an object with named fields", _FORM)
    if page.get("page", number) != number:
        raise FeedError(feed, path, f"page {page['page']!r} came where page {number} was expected", _FORM)
    pages = page.get("pages", 1)
    if not isinstance(pages, int) or isinstance(pages, bool) or pages < 0:
        raise FeedError(feed, path, f"page {number}: `pages` is {pages!r}, a number was expected", _FORM)
    return {"pages": pages, "total": page.get("total"), "rows": page["rows"]}


def _assemble(feed: str, path: str, digest: str, pages: list[dict[str, Any]]) -> RawFile:
    if not pages or len(pages) < pages[0]["pages"]:
        announced = pages[0]["pages"] if pages else "?"
        raise FeedError(feed, path, f"{len(pages)} pages of {announced} are there", "ask for all pages of the month")
    rows: list[dict[str, Any]] = [row for page in pages for row in page["rows"]]
    total = pages[0]["total"]
    if total is not None and total != len(rows):
        raise FeedError(
            feed,
            path,
            f"{total} rows were announced and {len(rows)} came",
            "run this month again; if it stays so, ask the department why the listing changes",
        )
    return rows_as_text(path, digest, rows)


def rows_as_text(path: str, digest: str, rows: list[dict[str, Any]]) -> RawFile:
    """Objects as rows of text; the columns are the fields in the order in which they first appear."""
    header = tuple(dict.fromkeys(str(name) for row in rows for name in row))
    frame = pl.DataFrame(
        [pl.Series(name, [cell_text(row.get(name)) for row in rows], dtype=pl.String) for name in header]
    )
    lines = pl.int_range(1, len(rows) + 1, dtype=pl.Int32, eager=True)
    if not header:
        # Objects without fields are blank rows.
        return RawFile(path, digest, header, frame, lines.clear(), layout=len(rows))
    return raw_file(path, digest, frame, lines)


def cell_text(value: object) -> str | None:
    """A JSON or SQL value as a cell: null blank, true or false, numbers unrounded, the rest as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)
