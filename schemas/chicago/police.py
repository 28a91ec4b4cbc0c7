"""Contracts of what the Chicago Police Department publishes of its incident records: burglaries and homicides.

Belongs here: columns, types and categories of a record. Which published value means which category is in feeds.yaml;
case numbers, beats, wards and times of update are not landed.
"""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from schemas.base import Event, Record

BURGLARY_CATEGORIES = ["forcible_entry", "unlawful_entry", "attempted_forcible_entry", "home_invasion"]
HOMICIDE_CATEGORIES = ["murder", "involuntary_manslaughter"]


class Burglary(Record):
    """A burglary on the day it happened. `place` is the department's own word unless it is a dwelling."""

    occurred_on: pl.Date
    category: str = pa.Field(isin=BURGLARY_CATEGORIES)
    place: str = pa.Field(nullable=True)
    arrest_made: bool


class Homicide(Event):
    """A victim of homicide: a case with two victims is two rows. `place` is as for burglaries, or a public place."""

    category: str = pa.Field(isin=HOMICIDE_CATEGORIES)
    place: str = pa.Field(nullable=True)
    arrest_made: bool
    domestic: bool
