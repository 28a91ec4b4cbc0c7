"""Which departments' months have a new or changed delivery that is whole: what the sensor asks runs for.

A delivery is new when its content hash is not the one landed last. It is asked for when two looks in a row found the
same whole content; one that is cut off is left alone until it is whole, or until it has stayed so for PATIENCE looks:
then it is landed all the same, so that the department is told. What is remembered between looks is small: only
deliveries that are not landed yet, never a list of all. The work of one look is bounded.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from arrivals.due_days import closed_months
from arrivals.looking import Look, is_remote, is_watched, landed_digest, look
from arrivals.record import note_found, read_arrival
from city.folder import City, Feed, RecordSet
from city.periods import Period
from city.state import StateFolder
from feeds.landed import read_attempt, read_receipt

#: Looks that must find the same content; a department's own system answers whole or not at all.
LOOKS, REMOTE_LOOKS = 2, 1
#: Looks after which a delivery that stays cut off is landed (and refused) all the same: ten minutes at 30 s.
PATIENCE = 20
#: Looks after which a run that was asked for and landed nothing is asked for again, and how often.
ASK_AGAIN, ATTEMPTS = 40, 3
#: Bounds of one tick: months of departments, bytes, seconds, runs.
PLACES, BYTES, SECONDS, RUNS = 60, 256 << 20, 20.0, 3
#: A department's own system is asked no more often than this.
REMOTE_EVERY = timedelta(minutes=15)


@dataclass(frozen=True)
class Wanted:
    """A run to ask for: one month, the departments with something new, and a key that is this content's own."""

    period: Period
    departments: tuple[str, ...]
    key: str


@dataclass
class Memory:
    """What one look leaves for the next: the cursor.

    `seen`: record sets whose content is not landed: digest, looks that found it. `asked`: digest, attempt, looks since.
    """

    place: int = 0
    remote_at: str = ""
    seen: dict[str, tuple[str, int]] = field(default_factory=dict)
    asked: dict[str, tuple[str, int, int]] = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: str | None) -> Memory:
        """From a cursor; an empty one remembers nothing."""
        content = json.loads(cursor) if cursor else {}
        return cls(
            content.get("place", 0),
            content.get("remote_at", ""),
            {k: (v[0], v[1]) for k, v in content.get("seen", {}).items()},
            {k: (v[0], v[1], v[2]) for k, v in content.get("asked", {}).items()},
        )

    def text(self) -> str:
        """As a cursor."""
        return json.dumps(
            {"place": self.place, "remote_at": self.remote_at, "seen": self.seen, "asked": self.asked}, sort_keys=True
        )


@dataclass(frozen=True)
class Watched:
    """The outcome of one look."""

    wanted: tuple[Wanted, ...]
    cursor: str
    looked_at: int
    waiting: tuple[str, ...]


def watch(
    city: City,
    state: StateFolder,
    sources: str,
    environment: Mapping[str, str],
    cursor: str | None,
    now: datetime,
    clock: Callable[[], float] = time.monotonic,
) -> Watched:
    """Look at the month that closed, at what is pending, and at some of the older months in turn."""
    memory = Memory.read(cursor)
    months = closed_months(city, now)
    if not months:
        return Watched((), memory.text(), 0, ())
    remote = not memory.remote_at or now >= datetime.fromisoformat(memory.remote_at) + REMOTE_EVERY
    if remote:
        memory.remote_at = now.isoformat()
    looker = _Looker(city, state, sources, environment, months[0], memory, remote, now)
    began, places = clock(), _places(city, months, memory)
    done = 0
    for feed, period, in_turn in places:
        if done and (clock() - began > SECONDS or looker.bytes > BYTES):
            break
        looker.look_at(feed, period)
        done += 1
        if in_turn:
            memory.place += 1
    wanted = looker.wanted()
    return Watched(tuple(wanted), memory.text(), done, tuple(sorted(memory.seen)))


def _places(city: City, months: list[Period], memory: Memory) -> list[tuple[Feed, Period, bool]]:
    """The closed month of every department, then what is pending, then others in turn; each once."""
    feeds = {feed.department.key: feed for feed in city.feeds}
    places = {(key, months[0]): False for key in feeds}
    for name in [*memory.seen, *memory.asked][: 5 * PLACES]:
        key, _, period = name.split("/")
        if key in feeds and period in months:
            places.setdefault((key, period), False)
    others = [(key, period) for period in months[1:] for key in feeds]
    if others:
        memory.place %= len(others)
        for step in range(min(PLACES, len(others))):
            places.setdefault(others[(memory.place + step) % len(others)], True)
    return [(feeds[key], period, in_turn) for (key, period), in_turn in places.items()]


class _Looker:
    """One tick's looks, and what they found ready."""

    def __init__(
        self,
        city: City,
        state: StateFolder,
        sources: str,
        environment: Mapping[str, str],
        newest: Period,
        memory: Memory,
        remote: bool,
        now: datetime,
    ) -> None:
        self.city, self.state, self.sources, self.environment = city, state, sources, environment
        self.newest, self.memory, self.remote, self.now = newest, memory, remote, now
        self.bytes = 0
        self._ready: dict[Period, dict[str, list[tuple[RecordSet, str]]]] = {}

    def look_at(self, feed: Feed, period: Period) -> None:
        """All record sets of a department's month: it is ready when none of what is new is still being written."""
        new: list[tuple[RecordSet, str]] = []
        settled = True
        for record_set in feed.record_sets:
            name = f"{record_set.department_key}/{record_set.name}/{period}"
            away = is_remote(record_set, self.environment)
            if not is_watched(record_set, period, self.newest) or (away and not self.remote):
                continue
            found = look(record_set, period, self.sources, self.environment)
            self.bytes += found.size
            if not found.digest or found.digest == self._landed(record_set, period):
                self.memory.seen.pop(name, None)
                self.memory.asked.pop(name, None)
                continue
            new.append((record_set, found.digest))
            settled &= self._settled(name, found, REMOTE_LOOKS if away else LOOKS)
        if new and settled:
            self._ready.setdefault(period, {})[feed.department.key] = new

    def wanted(self) -> list[Wanted]:
        """Runs for what is ready and was not asked for, one per month, the newest months first."""
        runs: list[Wanted] = []
        for period in sorted(self._ready, reverse=True):
            parts: dict[str, list[str]] = {}
            for department, new in self._ready[period].items():
                due = [(r, digest, self._attempt(f"{department}/{r.name}/{period}", digest)) for r, digest in new]
                if len(runs) < RUNS and any(attempt for _, _, attempt in due):
                    parts[department] = [self._ask(r, period, digest, attempt) for r, digest, attempt in due]
            if parts:
                told = "\n".join(sorted(line for lines in parts.values() for line in lines))
                key = f"{period}:{hashlib.sha256(told.encode()).hexdigest()[:16]}"
                runs.append(Wanted(period, tuple(sorted(parts)), key))
        return runs

    def _settled(self, name: str, found: Look, looks: int) -> bool:
        digest, times = self.memory.seen.get(name, ("", 0))
        times = times + 1 if digest == found.digest else 1
        self.memory.seen[name] = (found.digest, times)
        return times >= (looks if found.whole else PATIENCE)

    def _attempt(self, name: str, digest: str) -> int:
        """Number of the attempt to ask now; 0 when it was asked and may still be under way, or was asked in vain."""
        asked, attempt, looks = self.memory.asked.get(name, ("", 0, 0))
        if asked != digest:
            return 1
        self.memory.asked[name] = (digest, attempt, looks + 1)
        return attempt + 1 if looks + 1 >= ASK_AGAIN and attempt < ATTEMPTS else 0

    def _ask(self, record_set: RecordSet, period: Period, digest: str, attempt: int) -> str:
        """Remember that it is asked for; answers what tells this content from every other one."""
        name = f"{record_set.department_key}/{record_set.name}/{period}"
        arrival = note_found(self.city, self.state, record_set, period, digest, self.now)
        self.memory.asked[name] = (digest, max(attempt, 1), 0)
        return f"{name} {digest} {arrival.contents} {attempt}"

    def _landed(self, record_set: RecordSet, period: Period) -> str:
        known = read_arrival(self.state, record_set, period)
        if known.landed:
            return known.landed
        receipt = read_attempt(self.state, record_set, period) or read_receipt(self.state, record_set, period)
        return landed_digest(receipt) if receipt is not None else ""  # landed before arrivals were recorded
