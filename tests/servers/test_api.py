"""A department's HTTP API on loopback: the same landing as from its files, and what is said when it fails."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from tianshui_office import MONTH, Office

from feeds.json_reader import ATTEMPTS
from feeds.receipt import Receipt
from simulator.api import serving

pytestmark = pytest.mark.server

FEED = "health/ems_call"
ROOT, TOKEN = "PINGAN_HEALTH_SOURCE", "PINGAN_HEALTH_TOKEN"
SECRET, WRONG = "t0ken-5f3a91c7", "t0ken-wrong-88"


@pytest.fixture
def health(office: Callable[..., Office], caplog: pytest.LogCaptureFixture) -> Iterator[Office]:
    """The ambulance calls, six pages; afterwards no token may be in the state folder or in the most talkative log."""
    opened = office("health", "ems_call")
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    yield opened
    root.setLevel(level)
    for path in opened.state.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [s for s in (SECRET, WRONG) if s.encode() in content], path
    assert not [s for s in (SECRET, WRONG) if s in caplog.text]


def land(office: Office, root: str, token: str = SECRET) -> Receipt:
    """The month's receipt, read from an API; gate A agrees with it and repeats no token."""
    receipts = office.land(environment={ROOT: root, TOKEN: token})
    gate = office.gate(receipts)
    assert gate.passed == (receipts[FEED].status == "accepted")
    assert token not in gate.screen()
    return receipts[FEED]


def assert_refused(office: Office, receipt: Receipt, words: str, before: Receipt | None = None) -> None:
    assert receipt.status == "refused"
    assert receipt.message.startswith(f"{FEED}: health/{MONTH}/ems_call.json: ")
    assert words in receipt.message
    assert receipt.remedy
    assert (receipt.accepted, receipt.landing_file) == (0, "")
    assert receipt.in_force == (before.hash if before else "")
    if before:
        assert office.current(FEED) == before


def test_the_same_landing_from_an_api_as_from_files(health: Office) -> None:
    of_file = health.land()[FEED]
    with serving(health.sources, SECRET) as root:
        of_api = land(health, root)
        slash = land(health, root + "/")
    assert of_file.accepted > 5_000
    assert (of_api.hash, of_api.landing_file) == (of_file.hash, of_file.landing_file)
    assert (of_api.failures, of_api.preview) == (of_file.failures, of_file.preview)
    assert slash == of_api


@pytest.mark.parametrize("token", [WRONG, ""])
def test_a_wrong_or_missing_token_is_a_clear_refusal(health: Office, token: str) -> None:
    before = health.land()[FEED]
    with serving(health.sources, SECRET) as root:
        receipts = health.land(environment={ROOT: root, TOKEN: token} if token else {ROOT: root})
    assert_refused(health, receipts[FEED], "the system refused the token (401)", before)
    assert receipts[FEED].remedy == f"set the variable {TOKEN} anew"


@pytest.mark.parametrize("times", [2, ATTEMPTS - 1])
def test_an_api_that_fails_and_recovers_is_read(health: Office, times: int) -> None:
    of_file = health.land()[FEED]
    with serving(health.sources, SECRET, fail_first=times) as root:
        assert land(health, root).hash == of_file.hash


def test_an_api_that_does_not_recover_is_refused_and_read_by_the_next_run(health: Office) -> None:
    with serving(health.sources, SECRET, fail_first=ATTEMPTS) as root:
        receipt = land(health, root)
        assert_refused(health, receipt, f"no answer after {ATTEMPTS} attempts: the system answered 503")
        assert "ask the department whether its system is up" in receipt.remedy
        assert land(health, root).status == "accepted"


def test_nobody_listens(health: Office) -> None:
    with serving(health.sources, SECRET) as root:
        pass
    assert_refused(health, land(health, root), f"no answer after {ATTEMPTS} attempts: ConnectError")


def test_a_month_that_the_api_does_not_have_was_not_delivered(health: Office) -> None:
    health.path(FEED).unlink()
    with serving(health.sources, SECRET) as root:
        receipt = land(health, root)
    assert receipt.status == "not_delivered"
    assert f"health/{MONTH}/ems_call.json" in receipt.message


Spoil = Callable[[int, bytes], tuple[int, bytes, int]]


@contextmanager
def spoiling(office: Office, spoil: Spoil) -> Iterator[str]:
    """An API over the month's pages; `spoil` gives status, body and announced length of each page's answer."""
    pages = json.loads(office.path(FEED).read_bytes())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            number = int(parse_qs(address.query)["page"][0])
            if not address.path.endswith(f"{MONTH}/ems_call.json"):
                status, body, length = 404, b"", 0
            else:
                status, body, length = spoil(number, json.dumps(pages[number - 1]).encode())
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """A test's output is not the place."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def cut(number: int, body: bytes) -> tuple[int, bytes, int]:
    """The third page's connection ends before its announced length."""
    return (200, body[: len(body) // 2], len(body)) if number == 3 else (200, body, len(body))


def half(number: int, body: bytes) -> tuple[int, bytes, int]:
    """The third page is whole as HTTP, and half as JSON."""
    return (200, body[: len(body) // 2], len(body) // 2) if number == 3 else (200, body, len(body))


def gone(number: int, body: bytes) -> tuple[int, bytes, int]:
    """The third page was announced and is not there."""
    return (404, b"", 0) if number == 3 else (200, body, len(body))


def changed(number: int, body: bytes) -> tuple[int, bytes, int]:
    """A row has gone from the listing while it was read."""
    page = json.loads(body)
    page["rows"] = page["rows"][1:] if number == 3 else page["rows"]
    body = json.dumps(page).encode()
    return 200, body, len(body)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (cut, f"no answer after {ATTEMPTS} attempts: RemoteProtocolError"),
        (half, "page 3 is not JSON"),
        (gone, "page 3 was announced and is not there"),
        (changed, "rows were announced and"),
    ],
)
def test_a_listing_that_is_not_whole_is_refused(health: Office, spoil: Spoil, words: str) -> None:
    with spoiling(health, spoil) as root:
        assert_refused(health, land(health, root), words)
    before = health.land()[FEED]
    with spoiling(health, spoil) as root:
        assert_refused(health, land(health, root), words, before)


def test_a_page_that_is_cut_once_is_asked_for_again(health: Office) -> None:
    of_file = health.land()[FEED]
    answered: list[int] = []

    def once(number: int, body: bytes) -> tuple[int, bytes, int]:
        answered.append(number)
        return cut(number, body) if answered.count(number) == 1 else (200, body, len(body))

    with spoiling(health, once) as root:
        receipt = land(health, root)
    assert answered.count(3) == 2
    assert (receipt.status, receipt.accepted) == ("accepted", of_file.accepted)
    assert receipt.hash == of_file.hash
