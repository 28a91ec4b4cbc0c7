"""An explanation on the terminal: sentences, then tables. What is said is in `publication.explanation`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table

from city.periods import Period
from publication.city_of_issue import ComputedFrom
from publication.corrected_records import ACCEPTED
from publication.explanation import Explanation
from publication.numbers import MISSING, shown
from publication.telling import KINDS, TOLD
from publication.wording import Wording

#: Records of one indicator and month shown on the terminal, and all that corrections acted on; a file takes all.
RECORDS_SHOWN = 20


def print_explanation(explanation: Explanation, language: str, top: int, console: Console) -> None:
    """Sentences, the indicators that moved it, and its parts by department, first level and member."""
    say = Wording(explanation.city, explanation.issue.period, language)
    if explanation.issue.synthetic:
        console.print(say.text("explain.synthetic"), style="bold")
    for sentence in explanation.sentences(language, top):
        console.print(sentence, soft_wrap=True, markup=False)
    if explanation.change is None:
        return
    console.print(_indicators(explanation, say, top))
    if explanation.node["level"] == 0:
        console.print(_parts(say, "first_level", explanation.by("first_level").head(top)))
        console.print(_parts(say, "department", explanation.by("department").head(top)))
    if not explanation.members.is_empty():
        console.print(_parts(say, "member", explanation.members.rename({"member_code": "code"}).head(top)))


def print_sources(sources: Mapping[Period, ComputedFrom], code_now: str, say: Wording, console: Console) -> None:
    """Where an issue was computed from another folder or by another program than today's, and what was read instead."""
    for period, source in sorted(sources.items()):
        month = say.month(period)
        told = []
        if not source.kept:
            told.append(say.text("explain.records.folder_unknown", month=month))
        elif source.changed:
            told.append(say.text("explain.records.folder_changed", month=month, files=", ".join(source.changed)))
        if source.code_then != code_now:
            told.append(
                say.text("explain.records.code_changed", month=month, then=source.code_then or "?", now=code_now)
            )
        for sentence in told:
            console.print(sentence, style="yellow", soft_wrap=True, markup=False)


def print_records(
    explanation: Explanation, records: Sequence[tuple[str, pl.DataFrame]], say: Wording, console: Console
) -> None:
    """The records of some indicators, those of one month after the other."""
    names = {row["code"]: row for row in explanation.framework.iter_rows(named=True)}
    for code, rows in records:
        title = say.text("explain.records", code=code, name=say.name(names[code]), count=rows.height)
        console.print(f"\n{title}", style="bold")
        if rows.is_empty():
            console.print(say.text("explain.records.none"))
            continue
        for (period, part), own in rows.partition_by("issue_period", "part", as_dict=True, maintain_order=True).items():
            total = _quantity(float(own["counts"].sum()))
            heading = f"{say.month(str(period))} · {say.text(f'explain.record.{part}')}: {total}"
            console.print(heading, style="underline")
            told = own.filter((pl.int_range(pl.len()) < RECORDS_SHOWN) | (pl.col("status") != ACCEPTED))
            for row in told.iter_rows(named=True):
                console.print(_record(row, say), soft_wrap=True, markup=False)
            if own.height > told.height:
                console.print(say.text("explain.records.more", count=own.height - told.height))


def _indicators(explanation: Explanation, say: Wording, top: int) -> Table:
    kinds = [kind for kind in KINDS if explanation.effects[f"{kind}_effect"].abs().sum() >= TOLD]
    table = Table(box=None, pad_edge=False)
    table.add_column(say.text("explain.column.indicator"), max_width=34)
    for name in ("total", *(f"effect.{kind}" for kind in kinds), "score", "value", "numerator", "denominator"):
        key = f"explain.{name}" if name.startswith("effect.") else f"explain.column.{name}"
        table.add_column(say.text(key), justify="right")
    for row in explanation.indicators.head(top).iter_rows(named=True):
        pairs = [_pair(row[f"{name}_then"], row[name], digits) for name, digits in (("score", 2), ("value", 2))]
        counts = [_pair(row[f"{name}_then"], row[name], None) for name in ("numerator", "denominator")]
        effects = [shown(row[f"{kind}_effect"], signed=True) for kind in kinds]
        table.add_row(
            f"{row['indicator_code']} {say.name(row)}", shown(row["total"], signed=True), *effects, *pairs, *counts
        )
    return table


def _parts(say: Wording, what: str, rows: pl.DataFrame) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(say.text(f"explain.column.{what}"))
    table.add_column(say.text("explain.column.total"), justify="right")
    for row in rows.iter_rows(named=True):
        name = f"{row['code']} {say.name(row)}" if row["code"] else say.text("explain.nobody")
        table.add_row(name, shown(row["total"], signed=True))
    return table


def _record(row: Mapping[str, Any], say: Wording) -> str:
    """One line: month, unit, source file and line, record set and landing file, what it counts and says, correction."""
    place = f"{row['source_file']}:{row['source_line']}"
    landed = f"{row['record_set']} {row['hash'][:16]}".strip()
    said = [str(row["says"])] if row["says"] else []
    if row["correction"]:
        said.append(say.text(f"explain.record.{row['status']}", correction=row["correction"]))
    return f"  {row['period']} {row['unit_code']} {place} [{landed}] {_quantity(row['counts'])} | {' | '.join(said)}"


def _quantity(value: float) -> str:
    return shown(value, 0 if float(value).is_integer() else 2)


def _pair(then: float | None, now: float | None, digits: int | None) -> str:
    def one(value: float | None) -> str:
        if value is None:
            return MISSING
        return shown(value, digits if digits is not None else 0 if float(value).is_integer() else 2)

    return f"{one(then)} → {one(now)}"
