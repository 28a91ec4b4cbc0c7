"""The channels that notices go by: a local file, SMTP, a webhook. city.yaml `notices:` chooses one and says where.

Passwords and tokens come only from the environment variables that city.yaml names, and appear in no message, file or
log. A channel raises ChannelError with a reason that a person can act on, and nothing else.
"""

from __future__ import annotations

import json
import os
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from city.folder import City
from city.state import StateFolder

if TYPE_CHECKING:
    from notices.outbox import Notice

TIMEOUT = 20.0
_SEVERITY = {"info": ("通知", "notice"), "warning": ("提醒", "warning"), "error": ("告警", "alarm")}


class ChannelError(RuntimeError):
    """A notice could not be handed over; the message holds no address with a password and no token."""


class Channel(Protocol):
    """Hands one notice over, or raises ChannelError."""

    def send(self, city: City, notice: Notice) -> None:
        """Hand the notice over."""


def channel_of(city: City, state: StateFolder, environment: Mapping[str, str]) -> Channel:
    """The channel that the city's folder names; without one, the local file."""
    given: Mapping[str, Any] = city.settings.get("notices") or {}
    try:
        return _channel(given, state, environment)
    except KeyError as error:
        raise ChannelError(f"city.yaml: notices needs {error} for this channel; see docs/city-folder.md") from None


def _channel(given: Mapping[str, Any], state: StateFolder, environment: Mapping[str, str]) -> Channel:
    kind = given.get("channel", "file")
    if kind == "file":
        return FileChannel(state)
    if kind == "smtp":
        return SmtpChannel(
            host=str(given["host"]),
            port=int(given.get("port", 25)),
            sender=str(given["from"]),
            to=tuple(given["to"]),
            departments={str(k): tuple(v) for k, v in (given.get("departments") or {}).items()},
            starttls=bool(given.get("starttls", False)),
            user=_variable(given, "user", environment),
            password=_variable(given, "password", environment),
        )
    if kind == "webhook":
        return WebhookChannel(
            url=str(given.get("url") or _variable(given, "url_variable", environment) or given["url"]),
            token=_variable(given, "token", environment),
        )
    raise ChannelError(f"city.yaml: notices.channel is {kind!r}: write file, smtp or webhook")


@dataclass(frozen=True)
class FileChannel:
    """Lines of JSON in `notices/<month of sending>.jsonl`."""

    state: StateFolder

    def send(self, city: City, notice: Notice) -> None:
        """Append a line and put it on disk."""
        path = self.state.notices / f"{notice.raised_at[:7]}.jsonl"
        line = json.dumps(message_of(city, notice), ensure_ascii=False, sort_keys=True)
        try:
            with path.open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise ChannelError(f"{path} cannot be written ({type(error).__name__})") from error


@dataclass(frozen=True)
class SmtpChannel:
    """A mail server. A notice that means a department goes to its addresses too, when there are some."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    departments: Mapping[str, tuple[str, ...]]
    starttls: bool = False
    user: str = ""
    password: str = ""

    def send(self, city: City, notice: Notice) -> None:
        """One mail to all who are meant."""
        mail = EmailMessage()
        zh, en = subject_of(city, notice)
        mail["Subject"] = " ".join(f"{zh} {en}".split())
        mail["From"] = self.sender
        mail["To"] = ", ".join(dict.fromkeys((*self.to, *self.departments.get(notice.department, ()))))
        mail["Message-ID"] = f"<{notice.key.replace('/', '.').replace(':', '-')}@{city.key}.pingan>"
        mail.set_content(text_of(city, notice))
        try:
            with smtplib.SMTP(self.host, self.port, timeout=TIMEOUT) as server:
                if self.starttls:
                    server.starttls(context=ssl.create_default_context())
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(mail)
        except (OSError, smtplib.SMTPException) as error:
            # The server's own words may repeat what was sent to it: its kind and code are enough.
            code = getattr(error, "smtp_code", "")
            raise ChannelError(
                f"the mail server {self.host}:{self.port} did not take it ({type(error).__name__} {code})".rstrip()
                + "; check notices in city.yaml and the variables it names"
            ) from None


@dataclass(frozen=True)
class WebhookChannel:
    """An HTTP address that takes a notice as JSON; its token goes as a bearer token."""

    url: str
    token: str = ""

    def send(self, city: City, notice: Notice) -> None:
        """POST; anything but 2xx is a failure. Redirects are not followed: they would carry the token elsewhere."""
        headers = {"Idempotency-Key": notice.key}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            answer = httpx.post(
                self.url, json=message_of(city, notice), headers=headers, timeout=TIMEOUT, follow_redirects=False
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ChannelError(
                f"the webhook did not answer ({type(error).__name__}); check notices in city.yaml"
            ) from None
        if not answer.is_success:
            raise ChannelError(f"the webhook answered {answer.status_code}, 2xx was expected")


def message_of(city: City, notice: Notice) -> dict[str, Any]:
    """What a file or a webhook gets."""
    zh, en = subject_of(city, notice)
    return {
        "key": notice.key,
        "kind": notice.kind,
        "severity": notice.severity,
        "city": city.key,
        "period": notice.period,
        "department": notice.department,
        "raised_at": notice.raised_at,
        "subject_zh": zh,
        "subject_en": en,
        "text": text_of(city, notice),
        "synthetic": city.synthetic,
    }


def subject_of(city: City, notice: Notice) -> tuple[str, str]:
    """Subjects in Chinese and English, with the city and, where data is synthetic, that it is."""
    zh, en = _SEVERITY.get(notice.severity, (notice.severity, notice.severity))
    mark_zh, mark_en = ("〔模拟〕", "[synthetic] ") if city.synthetic else ("", "")
    return f"{mark_zh}{city.name_zh}{zh}：{notice.subject_zh}", f"{mark_en}{city.name_en} {en}: {notice.subject_en}"


def text_of(city: City, notice: Notice) -> str:
    """The text in Chinese and English."""
    notices = filter(None, (city.settings.get("notice_zh"), city.settings.get("notice_en"))) if city.synthetic else ()
    return "\n\n".join([notice.text_zh, notice.text_en, *notices]) + "\n"


def _variable(given: Mapping[str, Any], field: str, environment: Mapping[str, str]) -> str:
    name = str(given.get(field) or "")
    if not name:
        return ""
    value = environment.get(name, "")
    if not value:
        raise ChannelError(f"city.yaml names the variable {name} (notices.{field}), which is not set")
    return value
