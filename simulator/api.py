"""A department's HTTP API, served from simulated pages on loopback, for tests and for trying a feed by hand.

What belongs here: pages, a token, and the ways an API fails that a reader must bear. What does not: making
pages.
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
import secrets
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN_VARIABLE = "PINGAN_SIMULATOR_TOKEN"  # nosec B105 # the variable's name


class _Stumbles:
    """How many requests are still answered with 503 before the system is well."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._lock = threading.Lock()

    def next(self) -> bool:
        """Whether this request fails."""
        with self._lock:
            self._left -= 1
            return self._left >= 0


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, *args: Any, folder: Path, token: str, stumbles: _Stumbles) -> None:
        self._folder = folder.resolve()
        self._token = token
        self._stumbles = stumbles
        super().__init__(*args)

    def do_GET(self) -> None:
        """`GET /<location>?page=N` with the token: page N of the file at the location."""
        if self._stumbles.next():
            self._answer(503, {"error": "the system is being restarted"})
            return
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            self._answer(401, {"error": "a bearer token is needed"})
            return
        address = urlsplit(self.path)
        path = (self._folder / unquote(address.path).lstrip("/")).resolve()
        if not path.is_relative_to(self._folder) or path.suffix != ".json" or not path.is_file():
            self._answer(404, {"error": "nothing has been delivered here"})
            return
        page = parse_qs(address.query).get("page", ["1"])[0]
        pages = json.loads(path.read_bytes())
        if not page.isdecimal() or not 1 <= int(page) <= len(pages):
            self._answer(404, {"error": f"there is no page {page[:20]}"})
            return
        self._answer(200, pages[int(page) - 1])

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a test's output is not the place."""

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content, ensure_ascii=False).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def server(folder: Path, token: str, port: int = 0, fail_first: int = 0) -> ThreadingHTTPServer:
    """A server on loopback that is not running yet; port 0 takes a free one, `fail_first` requests fail."""
    handler = partial(_Handler, folder=folder, token=token, stumbles=_Stumbles(fail_first))
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


def address(running: ThreadingHTTPServer) -> str:
    """The server's root URL."""
    return f"http://127.0.0.1:{running.server_address[1]}"


@contextmanager
def serving(folder: Path, token: str, fail_first: int = 0) -> Iterator[str]:
    """Serve in a thread while the block runs; gives the root URL."""
    running = server(folder, token, fail_first=fail_first)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield address(running)
    finally:
        running.shutdown()
        thread.join()
        running.server_close()


def main(arguments: list[str] | None = None) -> None:
    """`python -m simulator.api --folder var/tianshui/sources --port 8080`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the sources folder")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--fail-first", type=int, default=0, help="answer 503 to so many requests first")
    options = parser.parse_args(arguments)
    token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        token = secrets.token_hex(16)
        sys.stdout.write(f"{TOKEN_VARIABLE} is not set; the token is {token}\n")
    running = server(options.folder, token, options.port, options.fail_first)
    sys.stdout.write(f"{address(running)}\n")
    sys.stdout.flush()
    try:
        running.serve_forever()
    except KeyboardInterrupt:
        sys.stdout.write("stopped\n")
    finally:
        running.server_close()


if __name__ == "__main__":
    main()
