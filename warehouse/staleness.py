"""What has changed since a month was computed: deliveries that landed, files of the city's folder.

A month reads the deliveries of up to two years before it, so a restated delivery makes many months stale. This only
compares hashes – those a candidate or a manifest names with those of now; whether a number moves is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from city import City, Period, StateFolder, months_between
from city.periods import month_index
from feeds.landed import read_receipt
from feeds.receipt import ACCEPTED
from warehouse.window import run_window

#: (department code, record set, month) -> hash of the delivery in force.
Landed = Mapping[tuple[str, str, Period], str]


@dataclass(frozen=True)
class ChangedDelivery:
    """A delivery that is not the one the month was computed from: `restated`, `new` or `gone`."""

    department: str
    record_set: str
    period: Period
    change: str


@dataclass(frozen=True)
class Changes:
    """What a month was not computed from although it is in force now. Empty: computing again gives the same."""

    deliveries: tuple[ChangedDelivery, ...] = ()
    files: tuple[str, ...] = field(default=())

    def __bool__(self) -> bool:
        """Whether anything has changed."""
        return bool(self.deliveries or self.files)


def landed_now(city: City, state: StateFolder, months: Sequence[Period]) -> Landed:
    """Hashes of the reported deliveries that months first..last read, from the pointers of landing."""
    if not months:
        return {}
    found = {}
    for period in months_between(run_window(city, months[0], months[0]).measures_from, months[-1]):
        for record_set in city.record_sets:
            receipt = read_receipt(state, record_set, period)
            if receipt is not None and receipt.status == ACCEPTED and receipt.reported:
                found[record_set.department, record_set.name, period] = receipt.hash
    return found


def changes_since(city: City, described: Mapping[str, Any], now: Landed, files_now: Mapping[str, str]) -> Changes:
    """What changed since a month was computed; `described` is its candidate.json or its manifest."""
    period = str(described["period"])
    reads = set(run_window(city, period, period).feed_months)
    then = {(e["department"], e["record_set"], e["period"]): str(e["hash"]) for e in described["landing"]}
    current = {key: digest for key, digest in now.items() if key[2] in reads}
    deliveries = [
        ChangedDelivery(key[0], key[1], key[2], _change(then.get(key), current.get(key)))
        for key in sorted(then.keys() | current.keys(), key=lambda key: (key[2], key[0], key[1]))
        if then.get(key) != current.get(key)
    ]
    return Changes(tuple(deliveries), _changed_files(described, files_now, period))


def _changed_files(described: Mapping[str, Any], now: Mapping[str, str], period: Period) -> tuple[str, ...]:
    inputs = described.get("inputs")
    if not inputs:
        return ()
    then = {e["path"]: e["sha256"] for e in inputs["city_folder"]}
    differing = {path for path in then.keys() | now.keys() if then.get(path) != now.get(path)}
    return tuple(sorted(path for path in differing if _decides(path, period)))


def _decides(path: str, period: Period) -> bool:
    """Prose decides nothing, nor does a method that is in force only after the month."""
    parts = path.split("/")
    later = parts[0] == "versions" and len(parts) > 2 and month_index(parts[1]) > month_index(period)
    return not path.endswith(".md") and not later


def _change(then: str | None, now: str | None) -> str:
    if then is None:
        return "new"
    return "gone" if now is None else "restated"
