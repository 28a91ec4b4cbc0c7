"""A month's scores as arrays, as declared and as other kinds of scoring would have them.

Belongs here: from an issue's tables and the version in force to arrays of indicators × units. The arithmetic of an
alternative is `methods.alternative_scoring`; what is made of the arrays is `warehouse.robustness`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from city import City, FrameworkNode, Version
from city.reference_quantiles import read_quantiles
from methods.alternative_scoring import (
    ALTERNATIVES,
    ReferenceSet,
    alternative_scores,
    own_reference,
    score_range,
)
from methods.index import PARAMETERS
from methods.robustness import DECIMALS, Uncertainty, declared_and_others
from methods.scoring import ScoringRule, score_values
from methods.tree import Floats, Indices, tree_of
from warehouse.tables import scoring_parameters


@dataclass(frozen=True)
class MonthScores:
    """A month as arrays: scores by every kind, indicators × units, in the order of the units table.

    `varied` counts indicators that another kind scores otherwise. Reference sets are of `reference_months`, frozen
    in the version, but for `by_own_month` indicators whose sets are the values of the month itself.
    """

    units: pl.DataFrame
    territory: Territory
    uncertainty: Uncertainty
    varied: int
    reference_months: str | None
    by_own_month: int


@dataclass(frozen=True)
class Territory:
    """Positions in the units table: lowest units by peer group, and of each upper unit its lowest members."""

    lowest: npt.NDArray[np.intp]
    groups: Mapping[str, npt.NDArray[np.intp]]
    members: Mapping[int, npt.NDArray[np.intp]]
    residents: Floats


def _territory(units: pl.DataFrame) -> Territory:
    codes, parents = units["unit_code"].to_list(), units["parent"].to_list()
    place = {code: i for i, code in enumerate(codes)}
    lowest = [i for i, code in enumerate(codes) if code not in set(parents)]
    groups: dict[str, list[int]] = {}
    members: dict[int, list[int]] = {}
    for i in lowest:
        groups.setdefault(units["peer_group"][i] or "", []).append(i)
        above = place.get(parents[i])
        while above is not None:
            members.setdefault(above, []).append(i)
            above = place.get(parents[above])
    return Territory(
        lowest=np.array(lowest, dtype=np.intp),
        groups={group: np.array(found, dtype=np.intp) for group, found in sorted(groups.items())},
        members={above: np.array(found, dtype=np.intp) for above, found in sorted(members.items())},
        # without residents every member counts the same
        residents=units["residents"].fill_null(0).cast(pl.Float64).to_numpy(),
    )


def month_scores(city: City, version: Version, tables: Mapping[str, pl.DataFrame], weights_share: float) -> MonthScores:
    """Scores of a month from its values and units, with what a study varies."""
    tree = tree_of(version.framework, version.rules)
    units = tables["units"].sort("unit_code")
    codes = units["unit_code"].to_list()
    leaves = [tree.codes[leaf] for leaf in tree.leaves]
    rows = tables["values"].with_columns(scored_value=pl.coalesce("value_smoothed", "value").cast(pl.Float64))
    scores, scored_values, status = indicator_matrices(rows, ("score", "scored_value", "status"), leaves, codes)
    declared, values = scores.astype(np.float64), scored_values.astype(np.float64)
    nodes = {node.code: node for node in version.framework}
    others = {kind: declared.copy() for kind in ALTERNATIVES}
    territory = _territory(units)
    months, frozen = _frozen_references(city, version)
    own_month = 0
    shares = _group_shares(territory)
    for place, code in enumerate(leaves):
        sets, own = _references(nodes[code], values[place], declared[place], territory, frozen)
        own_month += own
        for kind in ALTERNATIVES:
            others[kind][place] = _alternative(
                kind, nodes[code], values[place], declared[place], territory, sets, shares
            )
    differences = [np.nan_to_num(np.abs(other - declared)).max(axis=1) for other in others.values()]
    return MonthScores(
        units=units,
        territory=territory,
        uncertainty=Uncertainty(
            tree=tree,
            scores={"declared": declared, **others},
            applicable=status != "not_applicable",
            aggregations=declared_and_others(tree),
            weights_share=weights_share,
        ),
        reference_months=months or None,
        by_own_month=own_month,
        varied=int((np.max(differences, axis=0) > 10.0**-DECIMALS).sum()),
    )


@lru_cache(maxsize=4)  # read again for each of a backfill's months it was a sixth of the study
def _frozen_references(city: City, version: Version) -> tuple[str, dict[tuple[str, str], ReferenceSet]]:
    """The months that a version has frozen, and by indicator and peer group the reference sets of them."""
    frozen = read_quantiles(version)
    rules = _rules(city, version) if frozen.sets else {}
    nodes = {node.code: node for node in version.indicators}
    groups = {group for _, group in rules}
    sets = {}
    for (code, group), quantiles in frozen.sets.items():
        if group in groups:  # else no unit is in it
            scores = score_values(rules[code, group], quantiles.copy())
            sets[code, group] = _reference_set(nodes[code], quantiles, scores)
    return frozen.months, sets


def _rules(city: City, version: Version) -> dict[tuple[str, str], ScoringRule]:
    """How the version scores each indicator in each peer group."""
    nodes = {node.code: node for node in version.indicators}
    rules = {}
    for row in scoring_parameters(city, version).iter_rows(named=True):
        kind, _, group = row["parameter_group"].partition(" group ")
        if kind != "peer":
            continue
        ranked = row["reference_values"]
        rules[row["indicator_code"], group] = ScoringRule(
            code=row["indicator_code"],
            kind=nodes[row["indicator_code"]].scoring,
            direction=row["direction"],
            clip=row["clip"],
            parameters={name: np.nan if row[name] is None else row[name] for name in PARAMETERS},
            references=[(slice(None), np.array(ranked))] if ranked else [],
        )
    return rules


def _references(
    node: FrameworkNode,
    values: Floats,
    declared: Floats,
    territory: Territory,
    frozen: Mapping[tuple[str, str], ReferenceSet],
) -> tuple[dict[str, ReferenceSet], bool]:
    """Reference sets by peer group: those frozen in the version, else the group's own values of the month.

    Also answers whether any group's set is the month's own.
    """
    sets, own_month = {}, False
    for group, members in territory.groups.items():
        known = members[~np.isnan(declared[members])]
        if not len(known):
            continue
        found = frozen.get((node.code, group))
        if found is None:
            own_month = True
            capped = np.minimum(values[known], float(node.params.get("cap", np.inf)))
            found = _reference_set(node, *own_reference(capped, declared[known]))
        sets[group] = found
    return sets, own_month


def _reference_set(node: FrameworkNode, quantiles: Floats, scores: Floats) -> ReferenceSet:
    direction = -1 if node.scoring == "zero_tolerance" else node.direction
    return ReferenceSet(quantiles, scores, direction, *score_range(node.scoring, node.params))


def _alternative(
    kind: str,
    node: FrameworkNode,
    values: Floats,
    declared: Floats,
    territory: Territory,
    sets: Mapping[str, ReferenceSet],
    shares: Mapping[str, Floats],
) -> Floats:
    """One indicator's scores by another kind, all units; as declared where the reference set tells nothing apart.

    An upper unit's value is scored by each of its members' groups and averaged with their residents, as its bounds
    are; zero tolerance has township scale, so there it keeps its distance to the mean of its members.
    """
    lowest, highest = score_range(node.scoring, node.params)
    capped = np.minimum(values, float(node.params.get("cap", np.inf)))
    answer, by_group = declared.copy(), {}
    for group, members in territory.groups.items():
        known = members[~np.isnan(declared[members])]
        scores = alternative_scores(kind, capped, sets[group]) if group in sets else None
        by_group[group] = declared if scores is None else scores
        answer[known] = by_group[group][known]
    above = np.array([unit for unit in territory.members if not np.isnan(declared[unit])], dtype=np.intp)
    if node.scoring == "zero_tolerance":
        for unit in above:
            members = territory.members[unit]
            known = ~np.isnan(declared[members])
            shift = _mean((answer - declared)[members][known], _member_weights(territory, members)[known])
            answer[unit] = np.clip(declared[unit] + shift, lowest, highest)
    else:
        weighted = sum(by_group[group][above] * share[above] for group, share in shares.items())
        answer[above] = weighted / sum(share[above] for share in shares.values())
    return answer


def _member_weights(territory: Territory, members: Indices) -> Floats:
    weight = territory.residents[members]
    return weight if weight.sum() > 0 else np.ones(len(members))


def _group_shares(territory: Territory) -> dict[str, Floats]:
    """By peer group the residents that each upper unit has in it; 0 for other units."""
    shares = {group: np.zeros(len(territory.residents)) for group in territory.groups}
    for above, members in territory.members.items():
        weights = _member_weights(territory, members)
        for group, own in territory.groups.items():
            shares[group][above] = weights[np.isin(members, own)].sum()
    return shares


def _mean(numbers: Floats, weight: Floats) -> float:
    return float((numbers * weight).sum() / weight.sum()) if weight.sum() > 0 else 0.0


def indicator_matrices(
    rows: pl.DataFrame, columns: Sequence[str], leaves: list[str], codes: list[str]
) -> tuple[npt.NDArray[Any], ...]:
    """Columns of values as indicators × units; KeyError when a row is missing: every unit × indicator has one."""
    every = pl.DataFrame({"indicator_code": leaves}).with_row_index("i")
    every = every.join(pl.DataFrame({"unit_code": codes}).with_row_index("j"), how="cross")
    known = rows.select("indicator_code", "unit_code", *columns, there=True)
    wide = every.join(known, on=["indicator_code", "unit_code"], how="left").sort("i", "j")
    absent = wide.filter(pl.col("there").is_null())
    if absent.height:
        first = absent.row(0, named=True)
        raise KeyError(f"values has no row of {first['indicator_code']} and {first['unit_code']}")
    return tuple(wide[column].to_numpy().reshape(len(leaves), len(codes)) for column in columns)
