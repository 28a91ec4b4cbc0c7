"""The shapes of record that recur: event, case with a deadline, inspection, ledger item, monthly return.

A department's contract subclasses one of these and adds its own columns. Only what holds for every city
belongs here; a rule that one city has belongs in its own module. Contracts never hold names, identity or
telephone numbers.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pandera.polars as pa
import polars as pl

#: Pairs of columns (earlier, later) that must not be the other way round when both are there.
TimeOrder = tuple[tuple[str, str], ...]

#: Declared on a contract class as ClassVar, kept under a private name: pandera 0.35 takes every public
#: attribute of a model, ClassVar or not, for a column and refuses the class.
_DECLARATIONS = ("key", "time_order")


class Record(pa.DataFrameModel):
    """Anything with an identifier. Subclasses may declare `key` and `time_order`; time orders add up."""

    key: ClassVar[tuple[str, ...]] = ("record_id",)
    time_order: ClassVar[TimeOrder] = ()

    record_id: str = pa.Field(str_length={"min_value": 1})

    class Config:
        """Columns that the contract does not name are not its business; types are parsed before."""

        strict = False
        coerce = False

    def __init_subclass__(cls, **options: Any) -> None:
        """Put `key` and `time_order` out of pandera's sight before it collects columns."""
        _hide_declarations(cls)
        super().__init_subclass__(**options)  # type: ignore[no-untyped-call]


def _hide_declarations(contract: type[pa.DataFrameModel]) -> None:
    for name in _DECLARATIONS:
        if name in contract.__dict__:
            setattr(contract, f"_{name}", contract.__dict__[name])
            delattr(contract, name)
        contract.__annotations__.pop(name, None)


_hide_declarations(Record)


class Event(Record):
    """Something that happened at one time."""

    occurred_at: pl.Datetime


class CaseWithDeadline(Record):
    """Work that was opened, falls due and may have been closed."""

    time_order: ClassVar[TimeOrder] = (("opened_at", "due_at"), ("opened_at", "closed_at"))

    opened_at: pl.Datetime
    due_at: pl.Datetime
    closed_at: pl.Datetime = pa.Field(nullable=True)


class Inspection(Record):
    """A visit that was passed or not."""

    inspected_at: pl.Datetime
    passed: bool


class LedgerItem(Record):
    """An item as it stands at the end of a month: one row per item and month."""

    as_of: pl.Date


class MonthlyReturn(pa.DataFrameModel):
    """A finished number: measure and value of one unit and month.

    Any finite value is allowed, because published indices may be negative; where the numbers are counts, the
    record set says `options: {non_negative: true}` and the feed checks that besides.
    """

    measure: str = pa.Field(str_length={"min_value": 1})
    value: float

    class Config:
        """As for records."""

        strict = False
        coerce = False

    @pa.check("value", name="finite")
    def _finite(cls, data: pa.PolarsData) -> pl.LazyFrame:  # noqa: N805 - pandera makes it a class method
        return data.lazyframe.select(pl.col(data.key).is_finite())


def contract_key(contract: type[pa.DataFrameModel]) -> tuple[str, ...]:
    """Columns that identify a row; empty for a monthly return, whose key is period, unit and measure."""
    return tuple(getattr(contract, "_key", ()))


def contract_time_order(contract: type[pa.DataFrameModel]) -> TimeOrder:
    """The contract's own (earlier, later) pairs and those of its bases, each once."""
    pairs: dict[tuple[str, str], None] = {}
    for base in reversed(contract.__mro__):
        pairs.update(dict.fromkeys(base.__dict__.get("_time_order", ())))
    return tuple(pairs)
