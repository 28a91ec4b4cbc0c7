from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from small_feeds import CRIME

from feeds import json_reader
from feeds.landing import Reception

Put = Callable[..., Path]
Take = Callable[..., Reception]
VARIABLE = "SMALL_TOKEN"
WORD = "a secret"
API = replace(CRIME, reader="json", location="crime/{period}.json", root="SMALL_API", token=VARIABLE, late_months=0)
FILE = replace(CRIME, reader="json", location="police/{period}/crime.json")


def row(number: int) -> dict[str, Any]:
    return {
        "案件编号": f"A{number}",
        "立案时间": "2022-01-05T13:05:00+08:00",
        "案件类别": "命案",
        "死亡人数": number,
        "单位代码": 110101001,
        "所属乡镇": None,
    }


def pages_of(rows: list[dict[str, Any]], size: int) -> list[dict[str, Any]]:
    parts = [rows[i : i + size] for i in range(0, len(rows), size)] or [[]]
    return [{"page": n, "pages": len(parts), "total": len(rows), "rows": p} for n, p in enumerate(parts, 1)]


@dataclass
class Api:
    """A department's system on the loopback: pages, and answers to give before them."""

    pages: list[dict[str, Any]]
    faults: list[int | str] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    base: str = ""
    stop: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(json_reader, "FIRST_WAIT", 0)
    served = Api(pages_of([row(n) for n in range(5)], 2))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = int(parse_qs(urlparse(self.path).query)["page"][0])
            served.asked.append(page)
            fault = served.faults.pop(0) if served.faults else 200
            if fault == "hang":
                served.stop.wait(5)
                return
            if self.headers.get("Authorization") != f"Bearer {WORD}":
                fault = 401
            elif not self.path.startswith("/v1/crime/2022-01.json"):
                fault = 404
            body = json.dumps(served.pages[page - 1]).encode() if fault == 200 else b"no"
            self.send_response(int(fault))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    served.base = f"http://127.0.0.1:{server.server_port}/v1/"
    yield served
    served.stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


def asked(take: Take, api: Api, given: str = WORD, period: str = "2022-01", **options: Any) -> Reception:
    environment = {"SMALL_API": api.base, VARIABLE: given}
    return take(replace(API, options=options), period, environment=environment)


def test_all_pages_are_fetched_with_the_token(take: Take, api: Api) -> None:
    taken = asked(take, api)
    assert taken.receipt.message == ""
    assert taken.receipt.accepted == 5
    assert api.asked == [1, 2, 3]
    assert taken.accepted is not None
    assert taken.accepted["source_line"].to_list() == [1, 2, 3, 4, 5]


def test_errors_of_the_server_and_a_timeout_are_tried_again(take: Take, api: Api) -> None:
    api.faults = [500, 503, "hang", 200, 429]
    assert asked(take, api, timeout=0.2).receipt.accepted == 5
    assert api.asked == [1, 1, 1, 1, 2, 2, 3]


def test_a_system_that_stays_down_is_an_error_after_some_attempts(take: Take, api: Api) -> None:
    api.faults = [500] * 20
    receipt = asked(take, api).receipt
    assert receipt.status == "refused"
    assert "after 4 attempts: the system answered 500" in receipt.message
    assert len(api.asked) == json_reader.ATTEMPTS


def test_a_refused_token_names_the_variable_and_not_the_token(take: Take, api: Api) -> None:
    receipt = asked(take, api, given="wrong-token").receipt
    assert VARIABLE in receipt.remedy
    assert "wrong-token" not in receipt.to_json()
    assert api.asked == [1]


def test_no_such_month_is_not_delivered(take: Take, api: Api) -> None:
    assert asked(take, api, period="2022-02").receipt.status == "not_delivered"


def test_a_listing_that_changed_while_it_was_read_is_an_error(take: Take, api: Api) -> None:
    api.pages[2]["rows"] = []
    assert "5 rows were announced and 4 came" in asked(take, api).receipt.message


def test_pages_in_a_file_give_the_same_rows_and_an_empty_page_is_no_events(put: Put, take: Take) -> None:
    put("police/2022-01/crime.json", json.dumps(pages_of([row(n) for n in range(5)], 2)))
    assert take(FILE).receipt.accepted == 5
    put("police/2022-01/crime.json", json.dumps(pages_of([], 2)[0]))
    receipt = take(FILE).receipt
    assert (receipt.status, receipt.reported, receipt.received) == ("accepted", True, 0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[{", "not JSON, or cut off"),
        (json.dumps(pages_of([row(1), row(2)], 1)[:1]), "1 pages of 2"),
        (json.dumps({"data": []}), "no list `rows`"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(put: Put, take: Take, content: str, said: str) -> None:
    put("police/2022-01/crime.json", content)
    assert said in take(FILE).receipt.message
