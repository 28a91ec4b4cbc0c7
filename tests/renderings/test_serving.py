"""`pingan serve`: files of issues/ on loopback, and no way to anything else."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator

import pytest

from publication.serving import issue_server


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    tmp_path = tmp_path_factory.mktemp("served")
    issues = tmp_path / "issues"
    (issues / "2022-02" / "r1" / "site").mkdir(parents=True)
    (issues / "latest").mkdir()
    (issues / "index.html").write_text("<h1>home</h1>")
    (issues / "feed.xml").write_text("<feed/>")
    (issues / ".publication.lock").write_text("")
    (issues / "latest" / "index.html").write_text("to the latest")
    (issues / "latest" / "issue.json").write_text('{"folder": "2022-02/r1"}')
    (issues / "2022-02" / "r1" / "scores.csv").write_text("a")
    (issues / "2022-02" / "r1" / "scores.parquet").write_bytes(b"PAR1")
    (issues / "2022-02" / "r1" / "site" / "index.html").write_text("site")
    (tmp_path / "secret.txt").write_text("secret")
    (issues / "way_out").symlink_to(tmp_path / "secret.txt")
    with issue_server(issues) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield "127.0.0.1", server.server_port
        server.shutdown()
        thread.join()


def ask(address: tuple[str, int], path: str, method: str = "GET", host: str = "") -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{address[1]}")
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/feed.xml", "application/atom+xml; charset=utf-8"),
        ("/2022-02/r1/scores.csv", "text/csv; charset=utf-8"),
        ("/2022-02/r1/scores.parquet", "application/vnd.apache.parquet"),
        ("/2022-02/r1/site/", "text/html; charset=utf-8"),
        ("/latest/issue.json", "application/json; charset=utf-8"),
    ],
)
def test_files_come_with_their_content_type(address: tuple[str, int], path: str, kind: str) -> None:
    status, headers, content = ask(address, path)
    assert (status, headers["content-type"], headers["x-content-type-options"]) == (200, kind, "nosniff")
    assert content
    assert ask(address, path, "HEAD")[0] == 200


def test_latest_leads_to_the_newest_issue(address: tuple[str, int]) -> None:
    status, headers, _ = ask(address, "/latest/scores.csv")
    assert (status, headers["location"]) == (302, "/2022-02/r1/scores.csv")
    assert ask(address, "/latest/")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt", "/%2e%2e/secret.txt", "/2022-02/../../secret.txt", "/..%2fsecret.txt", "/way_out",
        "/.publication.lock", "/2022-02/", "/2022-02/r1/", "/nothing.html", "/%00", "//etc/passwd",
    ],
)  # fmt: skip
def test_nothing_else_is_served(address: tuple[str, int], path: str) -> None:
    status, _, content = ask(address, path)
    assert status in {301, 302, 400, 404}, path
    if status in {301, 302}:
        pytest.fail(f"{path} leads somewhere")
    assert b"secret" not in content


def test_only_readers_on_this_machine_by_its_own_name(address: tuple[str, int]) -> None:
    assert ask(address, "/index.html", host="localhost:1")[0] == 200
    assert ask(address, "/index.html", host="evil.example")[0] == 403
    assert ask(address, "/index.html", "POST")[0] == 501
