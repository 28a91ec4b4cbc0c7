"""The whole arithmetic of a version of the method: values of indicators → scores of every node, unit and month.

Belongs here: joining the tree, the scoring rules and the territory, and going through months in blocks so that memory
stays bounded. The formulas are in `methods.scoring` and `methods.aggregation`; reading and writing tables is the
warehouse's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from methods.aggregation import NodeResults, Statuses, empty_results, roll_up_into
from methods.scoring import ScoringRule, Territory, score_values, zero_tolerance_above
from methods.tree import Floats, Tree, tree_from_table

#: Parameters of scoring kinds by the names of their columns in city.scoring_parameters.
PARAMETERS = (
    *("p0", "p60", "p100", "target", "lo", "hi", "range_low", "range_high"),
    *("mean", "sd", "centre", "spread", "factor"),
)
#: Unit-months scored at a time: months of a small city go together, a large city's one by one.
_CELLS_AT_ONCE = 4096


@dataclass(frozen=True)
class Method:
    """What a version of the method does to the values of given units: rules in the order of the tree's leaves."""

    tree: Tree
    rules: tuple[ScoringRule, ...]
    territory: Territory


def method_from_tables(
    framework: pl.DataFrame, parameters: pl.DataFrame, parameter_groups: Sequence[str], territory: Territory
) -> Method:
    """The method of one version from the warehouse's tables framework and scoring_parameters.

    `parameter_groups` names the group of each unit, in the order in which values come.
    """
    tree = tree_from_table(framework.to_dict(as_series=False))
    directions = dict(framework.select("code", "direction").iter_rows())
    # once for the table: column by column and rule by rule it is 1,800 calls of polars, 0.2 s a month
    columns = {name: parameters[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in PARAMETERS}
    clips, references = parameters["clip"].to_list(), parameters["reference_values"].to_list()
    rows_of: dict[str, dict[str, int]] = {}
    for row, (code, group) in enumerate(parameters.select("indicator_code", "parameter_group").iter_rows()):
        rows_of.setdefault(code, {})[group] = row
    rules = []
    for leaf in tree.leaves:
        code, kind = tree.codes[leaf], tree.scoring[leaf]
        row_of_group = rows_of[code]
        of_unit = np.array([row_of_group[group] for group in parameter_groups], dtype=np.intp)
        rules.append(
            ScoringRule(
                code=code,
                kind=kind,
                direction=int(directions[code]),
                clip=bool(clips[next(iter(row_of_group.values()))]),
                parameters={name: column[of_unit] for name, column in columns.items()},
                references=tuple(
                    (np.flatnonzero(of_unit == row), np.array(references[row], dtype=np.float64))
                    for row in row_of_group.values()
                    if references[row]
                )
                if kind == "percentile_rank"
                else (),
            )
        )
    return Method(tree, tuple(rules), territory)


def index_score_blocks(
    method: Method,
    values: Floats,
    status: Statuses,
    residents: Floats,
    known_above: Mapping[int, Floats],
    *,
    leaf_weights: bool = True,
) -> Iterator[tuple[slice, NodeResults]]:
    """Score, coverage and status of every node, some months at a time: which months, and nodes × these months × units.

    `values` and `status` are leaves × months × units, NaN where there is no value; for zero tolerance a value is the
    points to deduct. `residents` are months × units, NaN where unknown. `known_above` holds, by position among the
    leaves, the points known to upper units only, months × upper units.

    The arrays of a block are those of the next too: whoever keeps a block copies it. So memory does not grow with
    months, nor does the cost of one: twelve months of 40,000 units are 1.5 GB, and writing them to memory that was
    never used before took an eighth of the time.
    """
    leaves, months, units = values.shape
    at_once = min(max(1, _CELLS_AT_ONCE // units), months)
    whole = empty_results(method.tree, (at_once, units), leaf_weights=leaf_weights)
    for start in range(0, months, at_once):
        part = slice(start, min(start + at_once, months))
        count = part.stop - part.start
        score = leaf_scores(method, values[:, part], residents[part], {i: p[part] for i, p in known_above.items()})
        results = NodeResults(*(array[:, :count] for array in vars(whole).values()))
        flat = NodeResults(*(array.reshape(len(array), count * units) for array in vars(results).values()))
        roll_up_into(flat, method.tree, score.reshape(leaves, -1), status[:, part].reshape(leaves, -1))
        yield part, results


def index_scores(
    method: Method, values: Floats, status: Statuses, residents: Floats, known_above: Mapping[int, Floats]
) -> NodeResults:
    """As `index_score_blocks`, of all months together: nodes × months × units."""
    results = empty_results(method.tree, values.shape[1:])
    for part, block in index_score_blocks(method, values, status, residents, known_above):
        for name, array in vars(block).items():
            getattr(results, name)[:, part] = array
    return results


def leaf_scores(method: Method, values: Floats, residents: Floats, known_above: Mapping[int, Floats]) -> Floats:
    """Scores of the indicators, leaves × months × units; shapes as in `index_score_blocks`."""
    score = np.empty(values.shape)
    for i, rule in enumerate(method.rules):
        score[i] = score_values(rule, values[i])
        if rule.kind == "zero_tolerance":
            above = known_above.get(i)
            none = np.zeros((len(values[i]), len(method.territory.upper)))
            zero_tolerance_above(score[i], residents, none if above is None else above, method.territory)
    return score
