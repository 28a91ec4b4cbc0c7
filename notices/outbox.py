"""Notices waiting and sent: one small file each under `notices/`, so that each is sent once and none is lost.

`raise_notice` puts it into `waiting/` unless its key is known; `send_waiting` hands it to the channel and moves it to
`sent/`. A kill between the two sends it again: the same key, which mail carries as its Message-ID.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from filelock import FileLock, Timeout

from city.folder import City
from city.state import StateFolder
from gates.store import json_text, replace_text
from notices.channels import ChannelError, channel_of

INFO, WARNING, ERROR = "info", "warning", "error"
_KEY = re.compile(r"\A[A-Za-z0-9_.:-]+(/[A-Za-z0-9_.:-]+)*\Z")
#: A failing channel is tried again after 1, 2, 4 … minutes, at most an hour apart, for as long as it takes.
_LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True)
class Notice:
    """Something a person must know. `key` names the occasion: the same occasion is told once.

    `department` is a code when a department is meant (a reminder, a receipt), else empty: the index office.
    """

    key: str
    kind: str
    severity: str
    subject_zh: str
    subject_en: str
    text_zh: str
    text_en: str
    period: str = ""
    department: str = ""
    raised_at: str = ""
    sent_at: str = ""
    attempts: int = 0
    tried_at: str = ""
    last_error: str = ""


@dataclass(frozen=True)
class Sending:
    """What came of an attempt to send what waits."""

    sent: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()


def raise_notice(city: City, state: StateFolder, notice: Notice, now: datetime) -> bool:
    """Put a notice into the outbox; False when its key is known already. ValueError for a malformed key."""
    if not _KEY.match(notice.key) or ".." in notice.key:
        raise ValueError(f"{notice.key!r} is no key of a notice: letters, digits, _ . : - and / between parts")
    if any(_path(state, place, notice.key).exists() for place in ("waiting", "sent")):
        return False
    folder = state.notices / "waiting"
    folder.mkdir(parents=True, exist_ok=True)
    replace_text(_path(state, "waiting", notice.key), json_text(asdict(replace(notice, raised_at=_text(city, now)))))
    return True


def waiting(state: StateFolder) -> list[Notice]:
    """Notices not sent yet, the oldest first."""
    return _listed(state, "waiting")


def sent(state: StateFolder) -> list[Notice]:
    """Notices sent, the oldest first."""
    return _listed(state, "sent")


def send_waiting(
    city: City, state: StateFolder, environment: Mapping[str, str], now: datetime, *, at_once: bool = False
) -> Sending:
    """Send what waits; never raises for a channel that fails. `at_once` does not wait out the time between attempts.

    Two processes do not send at the same time: the second finds the lock taken and leaves it to the first.
    """
    if not waiting(state):
        return Sending()
    done: list[str] = []
    failed: list[tuple[str, str]] = []
    try:
        with FileLock(state.notices / ".lock", timeout=0):
            for notice in waiting(state):
                if not at_once and not _is_due(notice, now):
                    continue
                try:
                    channel_of(city, state, environment).send(city, notice)
                except ChannelError as error:
                    tried = replace(
                        notice, attempts=notice.attempts + 1, tried_at=_text(city, now), last_error=str(error)
                    )
                    replace_text(_path(state, "waiting", notice.key), json_text(asdict(tried)))
                    failed.append((notice.key, str(error)))
                    continue
                _move_to_sent(state, replace(notice, sent_at=_text(city, now), attempts=notice.attempts + 1))
                done.append(notice.key)
    except Timeout:
        return Sending()
    return Sending(tuple(done), tuple(failed))


def _is_due(notice: Notice, now: datetime) -> bool:
    if not notice.tried_at:
        return True
    wait = min(timedelta(minutes=2 ** min(notice.attempts - 1, 10)), _LONGEST_WAIT)
    return now >= datetime.fromisoformat(notice.tried_at) + wait


def _move_to_sent(state: StateFolder, notice: Notice) -> None:
    target = _path(state, "sent", notice.key)
    target.parent.mkdir(parents=True, exist_ok=True)
    replace_text(target, json_text(asdict(notice)))
    _path(state, "waiting", notice.key).unlink(missing_ok=True)


def _listed(state: StateFolder, place: str) -> list[Notice]:
    found = []
    for path in (state.notices / place).glob("*.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        found.append(Notice(**content))
    return sorted(found, key=lambda notice: (notice.raised_at, notice.key))


def _path(state: StateFolder, place: str, key: str) -> Path:
    return state.notices / place / f"{key.replace('/', '__').replace(':', '-')}.json"


def _text(city: City, now: datetime) -> str:
    if now.tzinfo is None:
        raise ValueError("now has no time zone: a notice's time must not depend on the machine")
    return now.astimezone(ZoneInfo(city.time_zone)).isoformat(timespec="seconds")
