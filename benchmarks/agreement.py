"""Whether a computation agrees with the oracle in numpy: no time is printed before this said yes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.generated_city import STATUSES, Floats, GeneratedCity
from benchmarks.numpy_index import NodeScores

TOLERANCE = 1e-9


class DisagreementError(AssertionError):
    """A computation and the oracle differ; the message names the first place and how many there are."""


def check_agreement(case: GeneratedCity, computed: NodeScores, oracle: NodeScores) -> None:
    """Compare score, coverage and status of every node, month and unit; DisagreementError when any differs."""
    for name, found, expected, same in (
        ("score", computed.score, oracle.score, _close(computed.score, oracle.score)),
        ("coverage", computed.coverage, oracle.coverage, _close(computed.coverage, oracle.coverage)),
        ("status", computed.status, oracle.status, computed.status == oracle.status),
    ):
        if not same.all():
            node, period, unit = (int(i[0]) for i in np.nonzero(~same))
            words = [found[node, period, unit].item(), expected[node, period, unit].item()]
            if name == "status":
                words = [STATUSES[word] for word in words]
            raise DisagreementError(
                f"{name} of {case.nodes[node].code} in {case.periods[period]} at {case.city.units[unit].code}: "
                f"computed {words[0]}, the oracle has {words[1]}; {(~same).sum():,} of {same.size:,} differ "
                f"by more than {TOLERANCE:g}"
            )


def _close(found: Floats, expected: Floats) -> npt.NDArray[np.bool_]:
    return np.isclose(found, expected, rtol=0, atol=TOLERANCE, equal_nan=True)
