"""The arithmetic as `methods/` does it: values in arrays → score, coverage and status of every node in arrays."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np

from benchmarks.generated_city import STATUSES, GeneratedCity
from benchmarks.numpy_index import NodeScores
from methods import aggregation
from methods.aggregation import NodeResults
from methods.index import index_score_blocks, method_from_tables
from methods.scoring import Territory

#: methods' codes of statuses by those of generated cities, which number them in an order of their own.
_CODES = np.array([aggregation.STATUSES.index(word) for word in STATUSES], dtype=np.int8)


class LibraryIndex:
    """A generated city laid out for `methods.index`; laying out is not in the times."""

    def __init__(self, case: GeneratedCity) -> None:
        """Take the city's arrays over: deductions in the places of values, statuses by methods' codes."""
        city = case.city
        units, lowest = case.tables["units"], city.levels[-1]
        place = {unit.code: i for i, unit in enumerate(city.units)}
        members: dict[int, list[int]] = {i: [] for i, unit in enumerate(city.units) if unit.level != lowest}
        for unit in sorted((u for u in city.units if u.level == lowest), key=lambda u: u.code):
            above = city.unit_by_code[unit.parent]
            while above is not None:
                members[place[above.code]].append(place[unit.code])
                above = city.unit_by_code.get(above.parent) if above.parent else None  # type: ignore[assignment]
        territory = Territory.of(members, len(city.units))
        self.method = method_from_tables(
            case.tables["framework"], case.tables["scoring_parameters"], list(units["parameter_group"]), territory
        )
        deducting = [i for i, node in enumerate(case.indicators) if node.scoring == "zero_tolerance"]
        self.values = case.value.copy()
        self.values[deducting] = case.numerator[deducting]
        self.status = _CODES[case.status]
        residents = np.where([unit.level == lowest for unit in city.units], case.residents(), np.nan)
        self.residents = np.broadcast_to(residents, (len(case.periods), len(residents)))
        self.above = {i: case.numerator_of_upper_units[i][:, territory.upper] for i in deducting}

    def blocks(self, months: slice = slice(None)) -> Iterator[tuple[slice, NodeResults]]:
        """Values to overall, some months at a time, as the warehouse asks for them."""
        above = {i: points[months] for i, points in self.above.items()}
        values, status, residents = self.values[:, months], self.status[:, months], self.residents[months]
        return index_score_blocks(self.method, values, status, residents, above, leaf_weights=False)

    def run(self, months: slice = slice(None)) -> None:
        """What is timed: every block computed, none kept."""
        deque(self.blocks(months), maxlen=0)

    def months(self) -> Iterator[NodeScores]:
        """The results month by month in the oracle's shape and codes, nodes × 1 × units."""
        back = np.argsort(_CODES).astype(np.int8)
        for _, results in self.blocks():
            for month in range(results.score.shape[1]):
                part = slice(month, month + 1)
                yield NodeScores(results.score[:, part], results.coverage[:, part], back[results.status[:, part]])
