"""Numbers as readers see them, the same in every rendering and in the live charts: rounded half away from zero for
display only, a true minus sign, a dash for what is missing.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

MISSING = "–"


def shown(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """A number with thousands separators; `signed` writes + before what is above zero.

    Rounding is that of JavaScript's toFixed (halves away from zero), so that a picture and its table agree.
    """
    if value is None:
        return MISSING
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    if rounded == 0:
        rounded = abs(rounded)  # no −0.00
    text = f"{rounded:,}".replace("-", "−")
    return f"+{text}" if signed and rounded > 0 else text
