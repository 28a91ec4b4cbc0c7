"""Notices reach people by a real mail server, a real webhook or a file; once each; a failing channel harms nothing."""

from __future__ import annotations

import json
import secrets
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

sys.path.insert(0, str(Path(__file__).parent.parent / "gates"))

from small_candidate import small_city

from city import City, StateFolder
from city.check import check_city
from notices.outbox import Notice, raise_notice, send_waiting, sent, waiting

NOW = datetime(2023, 2, 5, 0, 30, tzinfo=UTC)
NOTICE = Notice(
    "reminder/D1/2023-01", "reminder", "warning", "报送到期", "deliveries are due", "请今日报送。", "Please deliver.",
    period="2023-01", department="D1",
)  # fmt: skip
PASSWORD = secrets.token_hex(8)


class Mailbox:
    """A mail server's memory; `refuse` makes it answer 451."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.refuse = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.refuse:
            return "451 try again later"
        mail = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mail_port(mailbox: Mailbox) -> Iterator[int]:
    """A real SMTP server on loopback that knows one account."""

    def known(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        right = (data.login, data.password) == (b"office", PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(
        mailbox, hostname="127.0.0.1", port=port, authenticator=known, auth_required=True, auth_require_tls=False
    )
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


class Hook(BaseHTTPRequestHandler):
    """A webhook that remembers what it got."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), json.loads(body)))  # type: ignore[attr-defined]
        self.send_response(self.server.answer)  # type: ignore[attr-defined]
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Hook)
    server.got, server.answer = [], 204  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path, "small")


def city_with(notices: dict[str, Any] | None) -> City:
    city = small_city()
    return replace(city, settings={**city.settings, **({"notices": notices} if notices else {})})


def mail_city(port: int) -> City:
    return city_with(
        {
            "channel": "smtp", "host": "127.0.0.1", "port": port, "from": "index@small.example",
            "to": ["office@small.example"], "departments": {"D1": ["police@small.example"]},
            "user": "OFFICE_USER", "password": "OFFICE_PASSWORD",
        }
    )  # fmt: skip


ENVIRONMENT = {"OFFICE_USER": "office", "OFFICE_PASSWORD": PASSWORD, "HOOK_TOKEN": PASSWORD}


@pytest.mark.server
def test_a_notice_reaches_a_mail_server_once(mailbox: Mailbox, mail_port: int, state: StateFolder) -> None:
    city = mail_city(mail_port)
    assert raise_notice(city, state, NOTICE, NOW)
    assert not raise_notice(city, state, NOTICE, NOW)
    assert send_waiting(city, state, ENVIRONMENT, NOW).sent == (NOTICE.key,)
    assert not raise_notice(city, state, NOTICE, NOW + timedelta(days=1)), "the same occasion is told once"
    assert send_waiting(city, state, ENVIRONMENT, NOW).sent == ()
    (mail,) = mailbox.mails
    assert mailbox.recipients == [["office@small.example", "police@small.example"]]
    assert "报送到期" in mail["Subject"]
    assert "模拟" in mail["Subject"], "synthetic data says so"
    assert "请今日报送" in mail.get_content()
    assert "Please deliver" in mail.get_content()
    assert mail["Message-ID"] == "<reminder.D1.2023-01@small.pingan>"


@pytest.mark.server
def test_a_mail_server_that_refuses_is_reported_and_tried_again(
    mailbox: Mailbox, mail_port: int, state: StateFolder
) -> None:
    city = mail_city(mail_port)
    raise_notice(city, state, NOTICE, NOW)
    mailbox.refuse = True
    ((key, error),) = send_waiting(city, state, ENVIRONMENT, NOW).failed
    assert key == NOTICE.key
    assert "451" in error
    (kept,) = waiting(state)
    assert (kept.attempts, kept.last_error) == (1, error)
    mailbox.refuse = False
    assert send_waiting(city, state, ENVIRONMENT, NOW + timedelta(seconds=59)).sent == (), "not at once"
    assert send_waiting(city, state, ENVIRONMENT, NOW + timedelta(seconds=61)).sent == (NOTICE.key,)
    assert waiting(state) == []
    assert [n.attempts for n in sent(state)] == [2]


@pytest.mark.server
@pytest.mark.parametrize("password", ["wrong", None])
def test_a_wrong_or_absent_password_is_said_without_being_shown(
    password: str | None, mailbox: Mailbox, mail_port: int, state: StateFolder
) -> None:
    city = mail_city(mail_port)
    raise_notice(city, state, NOTICE, NOW)
    environment = {"OFFICE_USER": "office", **({"OFFICE_PASSWORD": password} if password else {})}
    ((_, error),) = send_waiting(city, state, environment, NOW).failed
    assert ("OFFICE_PASSWORD" in error) if password is None else ("535" in error)
    assert mailbox.mails == []
    assert "wrong" not in error


@pytest.mark.server
def test_a_notice_reaches_a_webhook_with_its_token_and_nowhere_else(hook: HTTPServer, state: StateFolder) -> None:
    url = f"http://127.0.0.1:{hook.server_port}/notices"
    city = city_with({"channel": "webhook", "url": url, "token": "HOOK_TOKEN"})
    raise_notice(city, state, NOTICE, NOW)
    hook.answer = 503  # type: ignore[attr-defined]
    ((_, error),) = send_waiting(city, state, ENVIRONMENT, NOW).failed
    assert "503" in error
    hook.answer = 204  # type: ignore[attr-defined]
    assert send_waiting(city, state, ENVIRONMENT, NOW, at_once=True).sent == (NOTICE.key,)
    headers, body = hook.got[-1]  # type: ignore[attr-defined]
    assert headers["Authorization"] == f"Bearer {PASSWORD}"
    assert headers["Idempotency-Key"] == NOTICE.key
    assert (body["key"], body["period"], body["department"], body["synthetic"]) == (NOTICE.key, "2023-01", "D1", True)
    everything = "".join(p.read_text(encoding="utf-8") for p in state.notices.rglob("*") if p.is_file())
    assert PASSWORD not in everything


def test_without_a_channel_notices_go_into_a_file(state: StateFolder) -> None:
    city = city_with(None)
    raise_notice(city, state, NOTICE, NOW)
    raise_notice(city, state, replace(NOTICE, key="other"), NOW)
    assert len(send_waiting(city, state, {}, NOW).sent) == 2
    lines = [json.loads(line) for line in (state.notices / "2023-02.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {line["key"] for line in lines} == {NOTICE.key, "other"}
    assert all("请今日报送" in line["text"] for line in lines)


@pytest.mark.parametrize(
    ("notices", "words"),
    [
        ({"channel": "smtp", "host": "127.0.0.1", "port": 1, "from": "a@b", "to": ["c@d"]}, "127.0.0.1:1"),
        ({"channel": "webhook", "url": "http://127.0.0.1:1/x"}, "did not answer"),
        ({"channel": "webhook"}, "needs 'url'"),
        ({"channel": "pigeon"}, "pigeon"),
        ({"channel": "smtp"}, "needs 'host'"),
    ],
)
def test_a_channel_that_cannot_be_used_fails_no_run(notices: dict[str, Any], words: str, state: StateFolder) -> None:
    city = city_with(notices)
    raise_notice(city, state, NOTICE, NOW)
    ((_, error),) = send_waiting(city, state, {}, NOW).failed
    assert words in error
    assert [n.key for n in waiting(state)] == [NOTICE.key]


@pytest.mark.parametrize("key", ["", "../up", "a b", "a//b", "/a"])
def test_a_key_cannot_leave_the_outbox(key: str, state: StateFolder) -> None:
    with pytest.raises(ValueError, match="key"):
        raise_notice(city_with(None), state, replace(NOTICE, key=key), NOW)


@pytest.mark.parametrize(
    ("notices", "faulty"),
    [
        ("{channel: file}", False),
        ("{channel: smtp, host: h, from: a@b, to: [c@d]}", False),
        ("{channel: smtp, host: h, from: a@b}", True),
        ("{channel: webhook, url_variable: HOOK}", False),
        ("{channel: webhook}", True),
        ("{channel: smtp, host: h, from: a@b, to: [c@d], password: 'secret!'}", True),
    ],
)
def test_the_city_check_knows_the_channels(notices: str, faulty: bool, tmp_path: Path) -> None:
    import shutil

    from city.folder import CITIES

    folder = tmp_path / "chicago"
    shutil.copytree(CITIES / "chicago", folder)
    path = folder / "city.yaml"
    path.write_text(path.read_text(encoding="utf-8") + f"\nnotices: {notices}\n", encoding="utf-8")
    faults = [f for f in check_city(folder) if f.file == "city.yaml"]
    assert bool(faults) == faulty, faults


def test_the_command_shows_what_was_sent_and_what_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from city.folder import load_city
    from pipelines.command_line import cli

    monkeypatch.setenv("PINGAN_HOME", str(tmp_path))
    run = CliRunner().invoke
    assert "尚无通知" in run(cli, ["notices"]).output
    raise_notice(load_city("tianshui"), StateFolder(tmp_path, "tianshui"), NOTICE, NOW)
    assert "待发" in run(cli, ["notices"]).output
    done = run(cli, ["notices", "--send"])
    assert (done.exit_code, "已发" in done.output, "待发" in done.output) == (0, True, False)
