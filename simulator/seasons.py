"""When and where dangers are greater: the year's course by topic, the day's by hour, streets against towns.

What belongs here: tables of numbers that the world multiplies with. What does not: any draw, any department.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: Log of how much more of a topic streets see than towns, per resident; topics not named: 0.1.
STREET_EFFECT = {
    "crime": 0.40,
    "public_order": 0.40,
    "traffic": 0.30,
    "fraud": 0.35,
    "cyber": 0.30,
    "finance": 0.35,
    "consumer": 0.35,
    "drugs": 0.30,
    "fire": 0.15,
    "disputes": 0.0,
    "disasters": -0.60,
    "wildfire": -1.00,
    "agriculture": -0.80,
    "work_safety": 0.05,
    "land": -0.30,
    "petitions": 0.10,
}

#: January … December, before scaling to a mean of 1. Spring Festival falls in January or February.
_SEASONS = {
    "fire": (1.35, 1.50, 1.25, 1.15, 0.85, 0.75, 0.75, 0.75, 0.80, 0.90, 1.10, 1.25),
    "wildfire": (1.30, 1.90, 2.40, 2.00, 0.70, 0.30, 0.15, 0.15, 0.25, 0.60, 1.00, 1.25),
    "traffic": (1.10, 1.15, 0.90, 0.95, 1.05, 0.95, 1.00, 1.05, 1.00, 1.15, 0.90, 0.90),
    "disasters": (0.10, 0.10, 0.20, 0.50, 0.90, 1.50, 3.20, 3.00, 1.60, 0.50, 0.20, 0.20),
    "crime": (0.95, 0.90, 0.97, 1.00, 1.03, 1.06, 1.08, 1.08, 1.02, 1.00, 0.97, 0.94),
    "public_order": (0.92, 0.95, 0.95, 1.00, 1.05, 1.08, 1.12, 1.10, 1.02, 0.98, 0.93, 0.90),
    "disputes": (1.08, 1.02, 0.95, 0.97, 1.00, 1.02, 1.02, 1.00, 0.97, 0.97, 0.98, 1.02),
    "labour": (1.55, 1.10, 0.75, 0.80, 0.85, 0.90, 0.90, 0.90, 0.95, 1.00, 1.15, 1.45),
    "petitions": (0.95, 0.95, 1.20, 1.00, 1.00, 1.00, 1.00, 0.98, 1.02, 1.05, 0.95, 0.90),
    "environment": (1.00, 0.90, 0.95, 1.00, 1.05, 1.10, 1.15, 1.10, 1.00, 0.95, 0.90, 0.95),
    "air": (1.40, 1.30, 1.15, 1.05, 0.90, 0.80, 0.75, 0.75, 0.80, 0.95, 1.20, 1.35),
    "health": (1.15, 1.10, 1.05, 1.00, 1.00, 0.95, 0.95, 0.95, 0.92, 0.95, 1.00, 1.08),
    "infectious": (1.25, 1.15, 1.10, 1.00, 1.00, 0.95, 0.95, 0.90, 0.85, 0.85, 0.95, 1.10),
    "food": (0.90, 0.95, 0.90, 0.95, 1.00, 1.10, 1.20, 1.15, 1.05, 1.00, 0.90, 0.90),
    "work_safety": (0.90, 0.75, 1.05, 1.05, 1.05, 1.08, 1.05, 1.05, 1.05, 1.02, 1.00, 0.98),
    "agriculture": (0.50, 0.60, 1.10, 1.30, 1.30, 1.30, 1.00, 1.00, 1.30, 1.40, 0.80, 0.50),
    "fraud": (1.00, 0.95, 1.00, 0.98, 1.00, 1.05, 1.02, 1.00, 0.98, 1.00, 1.05, 1.02),
}


def season(topic: str, month: int) -> float:
    """How much more of a topic there is in a month (1 … 12) than on average; 1 for a topic with no season."""
    course = _SEASONS.get(topic)
    if course is None:
        return 1.0
    return course[month - 1] * 12 / sum(course)


_HOURS = {
    "street": (4, 3, 2, 2, 2, 3, 4, 8, 11, 12, 12, 12, 10, 10, 10, 11, 12, 13, 12, 12, 11, 10, 8, 6),
    "office": (0, 0, 0, 0, 0, 0, 0, 0, 3, 9, 10, 8, 1.5, 1, 4, 9, 9, 6, 1, 0, 0, 0, 0, 0),
    "night": (12, 11, 10, 8, 5, 3, 2, 2, 2, 2, 3, 3, 4, 4, 4, 4, 5, 6, 8, 11, 14, 16, 16, 14),
    "even": (1,) * 24,
}


def hour_weights(pattern: str) -> npt.NDArray[np.float64]:
    """Share of each hour of the day in a pattern; KeyError names the patterns there are."""
    if pattern not in _HOURS:
        raise KeyError(f"no pattern of hours {pattern!r}; there are {', '.join(_HOURS)}")
    weights: npt.NDArray[np.float64] = np.array(_HOURS[pattern], dtype=np.float64)
    share: npt.NDArray[np.float64] = weights / weights.sum()
    return share
