"""What is known of a city: its folder, read into typed objects and checked whole.

Belongs here: reading `data/<city>/` (or any folder given by path), its JSON Schemas, the check that lists every
fault, and the layout of the state folder. Does not belong here: reading deliveries (feeds), computing (warehouse).
"""

from city.folder import (
    City,
    Department,
    Feed,
    FrameworkNode,
    Measure,
    RecordSet,
    Unit,
    Version,
    load_city,
)
from city.periods import Period, months_between, parse_range
from city.state import StateFolder

__all__ = [
    "City",
    "Department",
    "Feed",
    "FrameworkNode",
    "Measure",
    "Period",
    "RecordSet",
    "StateFolder",
    "Unit",
    "Version",
    "load_city",
    "months_between",
    "parse_range",
]
