"""The holding time (审定) between gate and publication, and people's decisions to hold a month or to release it.

`holds/<period>.json` says when the candidate passed its gates, whether publication asked for it meanwhile, and every
decision with who, when and why. A hold stands until a release, whatever is computed meanwhile; a release ends the
holding time of the candidate it was given for, not of a later one. Nothing is judged or published here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from city.folder import City
from city.periods import Period, month_index
from city.state import StateFolder
from gates.candidate import TABLES
from gates.store import json_text, replace_text
from publication.files import sha256_of

HOLD = "hold"
RELEASE = "release"


@dataclass(frozen=True)
class Decision:
    """A person's word: `hold` or `release`, by an operating-system user. `candidate` is the content it was said of."""

    action: str
    user: str
    at: str
    reason: str
    candidate: str = ""


@dataclass(frozen=True)
class Holding:
    """What is known of a month between gate and publication; times are ISO 8601 with a zone.

    `candidate` is the digest of the content that passed at `passed_at`; `asked_at` says that publication was asked for
    and did not happen yet, with the `reason` it was asked with.
    """

    period: Period
    candidate: str = ""
    passed_at: str = ""
    asked_at: str = ""
    reason: str = ""
    decisions: tuple[Decision, ...] = ()

    @property
    def held_by(self) -> Decision | None:
        """The hold in force, if the last decision was one."""
        last = self.decisions[-1] if self.decisions else None
        return last if last is not None and last.action == HOLD else None

    @property
    def released_by(self) -> Decision | None:
        """The release of this very candidate, if the last decision was one."""
        last = self.decisions[-1] if self.decisions else None
        return last if last is not None and last.action == RELEASE and last.candidate == self.candidate else None


def holding_hours(city: City, period: Period) -> float:
    """Hours that the rules in force ask for between gate and publication; 0 when they ask for none."""
    return float((city.version(period).rules.get("hold") or {}).get("hours", 0))


def read_holding(state: StateFolder, period: Period) -> Holding:
    """What is recorded of a month; a blank record when nothing is."""
    month_index(period)
    path = _path(state, period)
    if not path.exists():
        return Holding(period)
    content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Holding(**{**content, "decisions": tuple(Decision(**d) for d in content["decisions"])})


def candidate_digest(folder: Path) -> str:
    """One hash of a candidate's tables: another content is another candidate."""
    digest = hashlib.sha256()
    for name in sorted(TABLES):
        path = folder / f"{name}.parquet"
        digest.update(f"{name} {sha256_of(path) if path.exists() else '-'}\n".encode())
    return digest.hexdigest()


def gates_passed(state: StateFolder, city: City, period: Period, candidate: Path, now: datetime) -> Holding:
    """Begin the holding time of a candidate that has passed its gates; the same content does not begin again.

    That publication was asked for stays: another content begins another holding time and is published after it.
    """
    holding = read_holding(state, period)
    if not holding_hours(city, period) and not holding.decisions:
        return holding  # nothing to wait for, nothing to record
    digest = candidate_digest(candidate)
    if holding.candidate == digest:
        return holding
    holding = replace(holding, candidate=digest, passed_at=_text(city, now))
    _write(state, holding)
    return holding


def decide(state: StateFolder, city: City, period: Period, action: str, reason: str, user: str, now: datetime) -> None:
    """Record a person's hold or release of a month; ValueError when there is nothing to decide or no reason."""
    if action not in (HOLD, RELEASE):
        raise ValueError(f"{action!r} is no decision: {HOLD} or {RELEASE}")
    if not reason.strip():
        raise ValueError('a decision needs a reason: --reason "…". 须注明理由。')
    holding = read_holding(state, period)
    if action == HOLD and holding.held_by:
        raise ValueError(f"{period} is held already, by {holding.held_by.user} since {holding.held_by.at}")
    if action == RELEASE and not holding.held_by and not holding.candidate:
        raise ValueError(f"{period} is not held and no candidate of it waits: nothing to release. 该月未被暂缓。")
    decision = Decision(action, user, _text(city, now), reason.strip(), holding.candidate)
    _write(state, replace(holding, decisions=(*holding.decisions, decision)))


def obstacle(city: City, holding: Holding, now: datetime) -> tuple[str, str] | None:
    """Why the month may not be published now, in Chinese and English; None when it may."""
    held = holding.held_by
    if held is not None:
        return (
            f"{held.user} 于 {held.at} 暂缓发布：{held.reason}。解除：pingan release {holding.period} --reason …",
            f"held by {held.user} since {held.at}: {held.reason}. "
            f'To lift it: pingan release {holding.period} --reason "…"',
        )
    until = holding_until(city, holding)
    if until is None or holding.released_by is not None or now >= until:
        return None
    shown = until.isoformat(timespec="minutes")
    return (
        f"审定期至 {shown}；提前放行：pingan release {holding.period} --reason …",
        f'in its holding time until {shown}. To end it before: pingan release {holding.period} --reason "…"',
    )


def holding_until(city: City, holding: Holding) -> datetime | None:
    """End of the holding time in the city's zone; None when the rules ask for none or nothing has passed."""
    hours = holding_hours(city, holding.period)
    if not hours or not holding.passed_at:
        return None
    return datetime.fromisoformat(holding.passed_at) + timedelta(hours=hours)


def asked(state: StateFolder, city: City, period: Period, reason: str, now: datetime) -> None:
    """Remember that publication was asked for, so that it happens when the holding time is over."""
    holding = read_holding(state, period)
    _write(state, replace(holding, asked_at=holding.asked_at or _text(city, now), reason=reason))


def published(state: StateFolder, period: Period) -> None:
    """Forget that publication was asked for: it happened. Decisions stay on record."""
    holding = read_holding(state, period)
    if holding.asked_at:
        _write(state, replace(holding, asked_at="", reason=""))


def due_for_publication(state: StateFolder, city: City, now: datetime) -> list[Holding]:
    """Months whose publication was asked for and that nothing holds any more, by month."""
    waiting = [h for h in all_holdings(state) if h.asked_at]
    return [holding for holding in waiting if obstacle(city, holding, now) is None]


def all_holdings(state: StateFolder) -> list[Holding]:
    """Every month of which something is recorded, by month."""
    return [read_holding(state, path.stem) for path in sorted(state.holds.glob("????-??.json"))]


def manifest_entry(city: City, holding: Holding) -> dict[str, Any] | None:
    """What an issue says of its holding time and of the decisions on it; None when there was neither."""
    until = holding_until(city, holding)
    if until is None and not holding.decisions:
        return None
    return {
        "hours": holding_hours(city, holding.period),
        "passed_at": holding.passed_at,
        "until": until.isoformat(timespec="seconds") if until else None,
        "decisions": [{k: v for k, v in asdict(d).items() if k != "candidate"} for d in holding.decisions],
    }


def _text(city: City, now: datetime) -> str:
    if now.tzinfo is None:
        raise ValueError("now has no time zone: a decision's time must not depend on the machine")
    return now.astimezone(ZoneInfo(city.time_zone)).isoformat(timespec="seconds")


def _write(state: StateFolder, holding: Holding) -> None:
    path = _path(state, holding.period)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, json_text(asdict(holding)))


def _path(state: StateFolder, period: Period) -> Path:
    return state.holds / f"{period}.json"
