"""The small city that receives hostile deliveries: two kinds of records, as tests/feeds has them."""

from __future__ import annotations

import sys
import types
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "feeds"))

import small_feeds

from city.folder import City, RecordSet

CRIME = small_feeds.CRIME
RETURN = replace(small_feeds.RETURN, max_quarantined_share=1.0)


def attacked_city(folder: Path, record_set: RecordSet) -> City:
    """`smallville` with one record set; its contract is registered as a department's engineer would write it."""
    module = types.ModuleType("schemas.smallville.police")
    module.Crime = small_feeds.Crime  # type: ignore[attr-defined]
    sys.modules["schemas.smallville.police"] = module
    return small_feeds.small_city(folder, record_set)
