"""Issues over HTTP on loopback: files of `issues/` and nothing else, read only.

`/latest/<file>` leads to that file of the newest issue. No listing of folders, no hidden files, no way out
by `..` or a link. For a network put a real web server in front of the same folder; deploy/ says how.
"""

from __future__ import annotations

import json
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LOOPBACK = "127.0.0.1"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".xml": "application/atom+xml; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".pdf": "application/pdf",
    ".parquet": "application/vnd.apache.parquet",
    ".zip": "application/zip",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def issue_server(issues: Path, port: int = 0) -> ThreadingHTTPServer:
    """A server on loopback for a folder of issues; port 0 takes a free one. The caller serves and closes it."""
    return ThreadingHTTPServer((LOOPBACK, port), partial(_Handler, directory=str(issues)))


class _Handler(SimpleHTTPRequestHandler):
    server_version = "pingan"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    extensions_map = _TYPES

    def send_head(self) -> Any:
        """Answer a file, or refuse; called by GET and HEAD."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host not in {LOOPBACK, "localhost"}:
            # a page elsewhere whose name was pointed at loopback must not read what is here
            self.send_error(HTTPStatus.FORBIDDEN)
            return None
        place = self._place()
        if isinstance(place, str):
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", place)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        if place is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def _place(self) -> Path | str | None:
        """The file that is asked for, an address to go to instead, or None."""
        root = Path(self.directory).resolve()
        path = unquote(urlsplit(self.path).path)
        parts = [part for part in path.split("/") if part]
        if "\0" in path or any(part.startswith(".") for part in parts):
            return None
        if parts[:1] == ["latest"] and not (root / "/".join(parts)).exists():
            return self._latest(root, parts[1:])
        try:
            found = root.joinpath(*parts).resolve()
        except OSError:
            return None
        if not found.is_relative_to(root):
            return None
        if found.is_dir():
            if not (found / "index.html").is_file():
                return None
            return found if path.endswith("/") else f"{path}/"
        return found if found.is_file() else None

    @staticmethod
    def _latest(root: Path, parts: list[str]) -> str | None:
        try:
            folder = json.loads((root / "latest" / "issue.json").read_text(encoding="utf-8"))["folder"]
        except (OSError, ValueError, KeyError):
            return None
        return "/" + "/".join([str(folder), *parts])

    def guess_type(self, path: Any) -> str:
        """Content type by ending; what is not known is bytes."""
        return _TYPES.get(Path(path).suffix.lower(), "application/octet-stream")

    def end_headers(self) -> None:
        """Headers of every answer."""
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        # issues never change, but their renderings and the home may be made again
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: who reads what is nobody's business."""
