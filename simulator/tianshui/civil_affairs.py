"""What 市民政局 would send: returns on elderly people in special difficulty and on left-behind rural children.

Belongs here: the returns' counts. Does not belong here: headers, words and file formats, and persons one by
one.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from city.periods import Period
from simulator.world import World

#: Persons on the registers per 10,000 residents; streets register no rural children.
ELDERS_IN_DIFFICULTY, LEFT_BEHIND_CHILDREN = 75.0, 42.0


def deliveries(world: World, period: Period) -> dict[str, pl.DataFrame]:
    """Canonical rows of each record set of the month."""
    return {"elder_return": _elder_return(world, period), "child_return": _child_return(world, period)}


def _elder_return(world: World, period: Period) -> pl.DataFrame:
    elders = world.stock("elder_in_difficulty", ELDERS_IN_DIFFICULTY, period)
    share = world.quality("elder_visits", period, 0.95)
    visited = world.share_of("elders_in_difficulty_visited", elders, share, period)
    return world.monthly_return({"elders_in_difficulty": elders, "elders_in_difficulty_visited": visited}, period)


def _child_return(world: World, period: Period) -> pl.DataFrame:
    registered = world.stock("left_behind_child", LEFT_BEHIND_CHILDREN, period)
    children = np.where(world.is_street, 0, registered)
    share = world.quality("child_guardians", period, 0.965)
    guarded = world.share_of("left_behind_children_with_guardian", children, share, period)
    return world.monthly_return(
        {"left_behind_children": children, "left_behind_children_with_guardian": guarded}, period
    )
