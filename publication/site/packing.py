"""All scores of a node as one short text, for the compare page: it reads a file for each node that is chosen.

Belongs here: the packing; assets/unpack.js is its other half and undoes it. A month's scores lie near those of the
month before, so that a series is told as differences: as base-36 numbers of each month a score took three bytes, so it
takes 1.3, and a reader loads the nodes of a comparison in place of every month's.

A text holds the units one after another, each its months in their order, in hundredths. It is made of the characters of
DIGITS, whose places are numbers:

* `MISSING` is a month without a score; 1 to RUN say for how many months the score is the last one, before the first
  month of a unit the one of the unit before;
* the next STEPS say a difference to it by themselves, the next HIGHS are the high digit of a greater one, whose low
  digit follows. Differences are 1, -1, 2, -2 … as 1, 2, 3, 4 …;
* `ANY` begins a difference in decimal digits, which a second one ends: any at all, since a score may have no bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

#: Printable ASCII that needs no escape in a script's text.
DIGITS = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in '"\\')
MISSING = 0
RUN = 12
STEPS = 30
HIGHS = len(DIGITS) - 2 - RUN - STEPS
ANY = len(DIGITS) - 1
_FIRST_STEP = 1 + RUN
_FIRST_HIGH = _FIRST_STEP + STEPS


def packed(series: Sequence[Sequence[float]]) -> str:
    """The scores of each unit by month (NaN for none) as text."""
    return "".join(DIGITS[place] for place in _places(series))


def _places(series: Sequence[Sequence[float]]) -> Iterator[int]:
    first = 0
    for months in series:
        last, begun, run = first, False, 0
        for value in months:
            score = None if value != value else round(value * 100)
            if run and (score != last or run == RUN):
                yield run
                run = 0
            if score is None:
                yield MISSING
                continue
            if score == last:
                run += 1
            else:
                yield from _difference(score - last)
                last = score
            if not begun:
                first, begun = score, True
        if run:
            yield run


def _difference(difference: int) -> Iterator[int]:
    number = 2 * difference - 1 if difference > 0 else -2 * difference
    if number <= STEPS:
        yield _FIRST_STEP + number - 1
    elif number <= STEPS + HIGHS * len(DIGITS):
        high, low = divmod(number - STEPS - 1, len(DIGITS))
        yield _FIRST_HIGH + high
        yield low
    else:
        yield ANY
        yield from (DIGITS.index(digit) for digit in str(number))
        yield ANY
