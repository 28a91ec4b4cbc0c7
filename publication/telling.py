"""The sentences of a change: what `publication.explanation` found, in Chinese or English.

Belongs here: wording. Every sentence says what a number of the issue says; none names a cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city.periods import Period
from publication.numbers import shown
from publication.wording import Wording

KINDS = ("value", "weight", "availability", "method", "population")
#: An effect smaller than this is not told: it would be shown as 0.00.
TOLD = 0.005


@dataclass(frozen=True)
class Compared:
    """Two months of an index as sentences speak of them."""

    comparison: str
    now: Period
    then: Period
    #: Whether the earlier month is published.
    published: bool
    #: Versions of the method in both months; of the earlier month None where it is not published.
    version: str
    version_then: str | None
    #: How many scores of the earlier month have changed since it was published; None where none has.
    restated: int | None
    #: Nodes of both months by code, with `in_now` and `in_then`.
    nodes: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Change:
    """A change of one node of one unit. `score` is its row of `scores`; `totals` are points by kind of effect.

    `indicators` and `members` are those that are told, the largest first: rows of `Explanation`'s tables.
    """

    unit: Mapping[str, Any]
    node: Mapping[str, Any]
    score: Mapping[str, Any]
    totals: Mapping[str, float]
    indicators: Sequence[Mapping[str, Any]]
    members: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Told:
    """Sentences of a change: what it is, a line for each indicator that moved it most, what its members did."""

    change: list[str]
    indicators: list[str]
    members: list[str]

    @property
    def all(self) -> list[str]:
        """One after another."""
        return [*self.change, *self.indicators, *self.members]


def tell(say: Wording, compared: Compared, change: Change) -> Told:
    """What the numbers say: the change, its kinds, the indicators and members that moved it most."""
    score, points = change.score, change.score[f"change_{compared.comparison}"]
    now, then = say.month(compared.now), say.month(compared.then)
    names = {"unit": say.name(change.unit), "node": say.name(change.node), "then": then}
    if points is None:
        reason = say.text(f"explain.reason.{score[f'change_{compared.comparison}_reason']}")
        return Told([say.text("explain.no_change", **names, reason=reason)], [], [])
    direction = "same" if abs(points) < TOLD else "up" if points > 0 else "down"
    told = [
        say.text(
            "explain.change",
            **names,
            now=now,
            score=shown(score["score"]),
            score_then=shown(float(score["score"]) - float(points)),
            direction=say.text(f"explain.{direction}"),
            change=shown(abs(points)),
        )
    ]
    gained = score[f"rank_change_{compared.comparison}"]
    if gained is not None:
        rank = int(score["rank"])
        told.append(say.text("explain.rank", now=now, then=then, rank=rank, rank_then=rank + int(gained)))
    told += _remarks(say, compared)
    effects = [
        f"{say.text(f'explain.effect.{kind}')} {shown(total, signed=True)}"
        for kind, total in change.totals.items()
        if abs(total) >= TOLD
    ]
    if effects:
        comma = "、" if say.language == "zh" else ", "
        told.append(say.text("explain.effects", effects=comma.join(effects), total=shown(points, signed=True)))
    told.append(say.text("explain.most" if change.indicators else "explain.nothing"))
    return Told(told, [_of_indicator(say, compared, row) for row in change.indicators], _of_members(say, change))


def _of_members(say: Wording, change: Change) -> list[str]:
    parts = [
        (say.name(row) if row["member_code"] else say.text("explain.nobody")) + f" {shown(row['total'], signed=True)}"
        for row in change.members
    ]
    return [say.text("explain.members", members=("；" if say.language == "zh" else "; ").join(parts))] if parts else []


def _remarks(say: Wording, compared: Compared) -> list[str]:
    """What a reader must know of the comparison."""
    then = say.month(compared.then)
    told = []
    if not compared.published:
        told.append(say.text("explain.earlier_unpublished", then=then))
    elif compared.version_then != compared.version:
        versions = {"old": compared.version_then, "new": compared.version}
        told.append(say.text("explain.version", then=then, now=say.month(compared.now), **versions))
    if compared.restated is not None:
        told.append(say.text("explain.restated", then=then, count=compared.restated))
    return told


def _of_indicator(say: Wording, compared: Compared, row: Mapping[str, Any]) -> str:
    known = row["status_then"] is not None
    pairs = {name: (shown(row[f"{name}_then"]), shown(row[name])) for name in ("score", "value")}
    counts = {name: (_count(row[f"{name}_then"]), _count(row[name])) for name in ("numerator", "denominator")}
    if not known:
        pairs = {name: ("…", now) for name, (_, now) in pairs.items()}
        counts = {name: ("…", now) for name, (_, now) in counts.items()}
    score = say.text("explain.indicator.score", then=pairs["score"][0], now=pairs["score"][1])
    value = ""
    (then, now), (below_then, below) = counts["numerator"], counts["denominator"]
    if row["scoring"] == "zero_tolerance":
        numbers = say.text("explain.indicator.points", then=then, now=now)
    else:
        old, new = pairs["value"]
        value = say.text("explain.indicator.value", then=old, now=new, unit=say.code("measure_unit", row["unit"]))
        if row["denominator"] is None and row["denominator_then"] is None:
            numbers = say.text("explain.indicator.numerator", then=then, now=now)
        else:
            numbers = say.text("explain.indicator.both", then=then, now=now, below_then=below_then, below=below)
    return say.text(
        "explain.indicator",
        code=row["indicator_code"],
        name=say.name(row),
        total=shown(row["total"], signed=True),
        score=score,
        value=value.rstrip(),
        counts=numbers,
        new=_appearance(say, compared, row),
    )


def _appearance(say: Wording, compared: Compared, row: Mapping[str, Any]) -> str:
    """Whether its score or the indicator itself came or went, and what is carried forward."""
    node = compared.nodes[row["indicator_code"]]
    if node["in_then"] is False:
        return say.text("explain.indicator.joined")
    if not node["in_now"]:
        return say.text("explain.indicator.left")
    months = {"then": say.month(compared.then), "now": say.month(compared.now)}
    told = ""
    if compared.published and (row["score"] is None) != (row["score_then"] is None):
        told = say.text(f"explain.indicator.{'vanished' if row['score'] is None else 'appeared'}", **months)
    for month, status in ((months["then"], row["status_then"]), (months["now"], row["status"])):
        if status == "carried_forward":
            told += say.text("explain.indicator.carried", month=month)
    return told


def _count(value: float | None) -> str:
    """A numerator or denominator: whole numbers without decimals."""
    return shown(value, 0 if value is not None and float(value).is_integer() else 2)
