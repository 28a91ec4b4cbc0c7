"""`python tests/mutations.py`: put a fault into each formula, one at a time, and see the named test fail.

Works on a copy of the project in a temporary folder, so that the checkout stays as it is. Prints one line per fault as
a row of the table in docs/arithmetic-proof.md; ends with 1 when a test passes although the formula is wrong, or when a
text to be changed is no longer there. `--fast` leaves out the faults that need a run of dbt.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from changes_mutations import CHANGES
from studies.mutations import STUDIES

PROJECT = Path(__file__).resolve().parent.parent
SCORING, AGGREGATION, TREE, INDEX = (f"methods/{name}.py" for name in ("scoring", "aggregation", "tree", "index"))
WINDOWS, VALUES, MONTHS = (
    f"dbt_project/models/indicators/indicator_{name}.sql" for name in ("windows", "values", "months")
)
VETOES = "dbt_project/models/release/release_vetoes.sql"
RELEASE = "dbt_project/models/release/release_scores.sql"
KINDS, NODES, ASEM = (f"tests/methods/test_{name}.py::" for name in ("scoring", "aggregation", "oracle_asem"))
#: Tests that run dbt, which takes them half a minute.
RUN_DBT = ("tests/core/test_core.py", "tests/core/test_contributions.py")
PROPERTIES = "tests/methods/test_properties.py::"
MODELS = "tests/core/test_models.py::"


@dataclass(frozen=True)
class Mutation:
    """A text of a file, the fault in its place, and the test that must fail."""

    formula: str
    file: str
    old: str
    new: str
    test: str


MUTATIONS = (
    Mutation(
        "goalpost: slope above p60",
        SCORING,
        "np.where(better, 40.0, 60.0)",
        "np.where(better, 50.0, 60.0)",
        f"{KINDS}test_goalpost",
    ),
    Mutation(
        "goalpost: which side of p60",
        SCORING,
        "np.sign(p100 - p60) >= 0",
        "np.sign(p100 - p60) <= 0",
        f"{KINDS}test_goalpost",
    ),
    Mutation(
        "goalpost: unknown post",
        SCORING,
        "np.isnan(p0) | np.isnan(p100)",
        "np.isnan(p0) & np.isnan(p100)",
        f"{KINDS}test_unknown_parameters_score_nothing",
    ),
    Mutation(
        "target_attainment: cut at 100",
        SCORING,
        "return np.clip(score, 0.0, 100.0, out=score)\n    score = np.max",
        "return np.clip(score, 0.0, 101.0, out=score)\n    score = np.max",
        f"{KINDS}test_target_attainment",
    ),
    Mutation(
        "target_attainment: at the target",
        SCORING,
        "np.maximum(x, target)",
        "np.minimum(x, target)",
        f"{KINDS}test_target_attainment",
    ),
    Mutation(
        "relative_minmax: 60 at the bound",
        SCORING,
        "    score += 60.0\n    return np.clip(score",
        "    score += 50.0\n    return np.clip(score",
        f"{KINDS}test_relative_minmax",
    ),
    Mutation(
        "relative_minmax: direction",
        SCORING,
        "score = np.subtract(x, lo) if direction == 1 else np.subtract(hi, x)\n    score *= 40.0",
        "score = np.subtract(x, lo) if direction != 1 else np.subtract(hi, x)\n    score *= 40.0",
        f"{KINDS}test_relative_minmax",
    ),
    Mutation(
        "zero_tolerance: not below 0",
        SCORING,
        "np.maximum(0.0, 100.0 - points)",
        "100.0 - points",
        f"{KINDS}test_zero_tolerance",
    ),
    Mutation(
        "zero_tolerance above: residents",
        SCORING,
        "np.where(there, own * weight, 0.0)",
        "np.where(there, own, 0.0)",
        f"{KINDS}test_upper_units_take_the_mean_of_their_members_weighted_by_residents",
    ),
    Mutation(
        "zero_tolerance above: events of upper units",
        SCORING,
        "mean - known_above /",
        "mean + known_above /",
        f"{KINDS}test_upper_units_take_the_mean_of_their_members_weighted_by_residents",
    ),
    Mutation(
        "minmax: range",
        SCORING,
        "    score *= np.subtract(range_high, range_low)",
        "    score *= range_high",
        f"{ASEM}test_a_scores",
    ),
    Mutation("minmax: clip", SCORING, "out=score) if clip else score", "out=score)", f"{ASEM}test_b_declared_bounds"),
    Mutation("zscore: direction", SCORING, "np.multiply(spread, float(direction))", "spread", f"{ASEM}test_a_scores"),
    Mutation(
        "percentile_rank: n - 1", SCORING, "worse / (len(known) - 1)", "worse / len(known)", f"{ASEM}test_a_scores"
    ),
    Mutation(
        "percentile_rank: ties take the lowest",
        SCORING,
        'np.searchsorted(known, x, side="left")',
        'np.searchsorted(known, x, side="right")',
        f"{ASEM}test_a_scores",
    ),
    Mutation("percentile_rank: last bits", SCORING, "nearest, x)", "x, x)", f"{KINDS}test_percentile_rank"),
    Mutation(
        "constant indicators",
        SCORING,
        "if (span == 0).any():",
        "if (span == 0).all() and False:",
        f"{KINDS}test_a_constant_indicator_is_an_error_and_not_a_missing_score",
    ),
    Mutation(
        "arithmetic mean: weights",
        AGGREGATION,
        "* weight\n        self._weight = self._weight + (weight if every else there * weight)",
        "* 1.0\n        self._weight = self._weight + (1.0 if every else there * 1.0)",
        f"{ASEM}test_g_panel_with_gaps_and_two_sets_of_weights",
    ),
    Mutation(
        "mean: weight of the children that are there",
        AGGREGATION,
        "self._weight + (weight if every else there * weight)",
        "self._weight + weight",
        f"{NODES}test_scores",
    ),
    Mutation(
        "mean: whether every cell is there",
        AGGREGATION,
        "every = bool(there.all())",
        "every = bool(there.any())",
        f"{NODES}test_scores",
    ),
    Mutation(
        "mean: missing children",
        AGGREGATION,
        "        there = ~np.isnan(score)\n        values",
        "        there = np.ones(score.shape, np.bool_)\n        values",
        f"{NODES}test_scores",
    ),
    Mutation(
        "geometric mean",
        AGGREGATION,
        '"geometric": (np.log, np.exp)',
        '"geometric": (np.sqrt, np.square)',
        f"{ASEM}test_a_aggregates",
    ),
    Mutation(
        "harmonic mean",
        AGGREGATION,
        '"harmonic": (_reciprocal, _reciprocal)',
        '"harmonic": (_same, _same)',
        f"{ASEM}test_a_aggregates",
    ),
    Mutation("floor", AGGREGATION, "np.maximum(score, self._floor)", "score", f"{NODES}test_scores"),
    Mutation(
        "coverage",
        AGGREGATION,
        "np.divide(scored[node], applicable[node], out=coverage[node])",
        "np.divide(scored[node], 1.0, out=coverage[node])",
        f"{NODES}test_coverage",
    ),
    Mutation(
        "minimum coverage",
        AGGREGATION,
        "enough = coverage[node] >= tree.minimum_coverage[node] - _MARGIN",
        "enough = coverage[node] > tree.minimum_coverage[node] - _MARGIN + 1e-11",
        f"{NODES}test_scores",
    ),
    Mutation(
        "minimum coverage of zero",
        AGGREGATION,
        "has nothing to count\n        enough &= scored[node] > 0\n",
        "\n",
        f"{NODES}test_a_minimum_of_zero_lets_no_node_count_that_has_nothing",
    ),
    Mutation(
        "leaves under a node without a score",
        AGGREGATION,
        "        scored[node] *= enough\n",
        "",
        f"{NODES}test_leaf_weights",
    ),
    Mutation(
        "status: carried forward",
        AGGREGATION,
        "[MEASURED, CARRIED_FORWARD, PARTIAL, PARTIAL, MEASURED]",
        "[MEASURED, MEASURED, PARTIAL, PARTIAL, MEASURED]",
        f"{NODES}test_statuses",
    ),
    Mutation(
        "status: what does not apply",
        AGGREGATION,
        "applies = leaf_status != NOT_APPLICABLE",
        "applies = leaf_status != 9",
        f"{NODES}test_statuses",
    ),
    Mutation(
        "many weightings: coverage of a run",
        AGGREGATION,
        "enough = scored[node] / applicable[node] >= tree",
        "enough = scored[node] / 1.0 >= tree",
        f"{NODES}test_many_weightings_agree_with_rolling_up_each",
    ),
    Mutation(
        "many weightings: what counts in some cells only",
        AGGREGATION,
        "return weight if counts.all() else",
        "return weight if counts.any() else",
        f"{NODES}test_many_weightings_with_gaps_agree_with_rolling_up_each",
    ),
    Mutation(
        "many weightings: what lies under a node without a score",
        AGGREGATION,
        "scored[node] = _share(scored[node], enough)",
        "pass",
        f"{NODES}test_many_weightings_with_gaps_agree_with_rolling_up_each",
    ),
    Mutation(
        "many weightings: what does not apply",
        AGGREGATION,
        "applicable[leaf] = _share(own, applies[place])",
        "applicable[leaf] = own",
        f"{NODES}test_many_weightings_with_gaps_agree_with_rolling_up_each",
    ),
    Mutation(
        "many weightings: weight of the children that are there",
        AGGREGATION,
        "self._weight = weights @ there.astype(np.float64)",
        "self._weight = weights.sum(axis=1, keepdims=True)",
        f"{NODES}test_many_weightings_with_gaps_agree_with_rolling_up_each",
    ),
    Mutation(
        "many weightings: floor",
        AGGREGATION,
        "np.maximum(scores, self._floor))",
        "scores)",
        f"{NODES}test_many_weightings_agree_with_rolling_up_each",
    ),
    Mutation(
        "many weightings: another mean",
        AGGREGATION,
        "_Mean(aggregation or tree.aggregation[node]",
        "_Mean(tree.aggregation[node]",
        f"{NODES}test_weightings_may_come_with_scores_and_means_of_their_own",
    ),
    Mutation(
        "effective weights",
        TREE,
        "effective[node] * weight[child] / shared",
        "weight[child] / shared",
        "tests/methods/test_tree.py::test_a_tree_is_read_from_a_table",
    ),
    Mutation(
        "order of sums",
        TREE,
        "key=lambda i: self.codes[i]",
        "key=lambda i: i",
        "tests/methods/test_tree.py::test_a_tree_is_read_from_a_table",
    ),
    Mutation(
        "months in blocks",
        INDEX,
        "residents[part], {i: p[part]",
        "residents[:1], {i: p[part]",
        f"{PROPERTIES}test_months_together_are_the_months_alone_to_the_bit",
    ),
    Mutation(
        "window: its first month",
        WINDOWS,
        "coalesce(spine.window_months, 1) - 1 as months_before",
        "coalesce(spine.window_months, 1) as months_before",
        f"{MODELS}test_flows_are_summed_over_the_window",
    ),
    Mutation(
        "window: months before the first value",
        WINDOWS,
        "full join reported_months",
        "left join reported_months",
        f"{MODELS}test_months_before_the_first_value_count_in_its_window",
    ),
    Mutation(
        "window: months not reported",
        WINDOWS,
        "list(month) filter (where is_reported) over",
        "list(month) over",
        f"{MODELS}test_two_of_three_months_are_partial_and_one_is_missing",
    ),
    Mutation(
        "window: months required",
        WINDOWS,
        ">= indicators.months_required as enough",
        ">= 1 as enough",
        f"{MODELS}test_two_of_three_months_are_partial_and_one_is_missing",
    ),
    Mutation(
        "window: flow against a stock scaled",
        WINDOWS,
        "else indicators.window_months / summed.months_reported\n        end as numerator_factor",
        "else 1.0\n        end as numerator_factor",
        f"{MODELS}test_stocks_are_averaged_and_flows_against_them_scaled_for_months_not_reported",
    ),
    Mutation(
        "window: stocks averaged",
        WINDOWS,
        "when indicators.denominator_kind = 'stock' then 1.0 / summed.months",
        "when indicators.denominator_kind = 'stock' then 2.0 / summed.months",
        f"{MODELS}test_stocks_are_averaged_and_flows_against_them_scaled_for_months_not_reported",
    ),
    Mutation(
        "window: share of members that reported",
        WINDOWS,
        "indicators.minimum_coverage * indicator_units.leaf_units",
        "0 * indicator_units.leaf_units",
        f"{MODELS}test_too_few_members_make_a_month_unreported",
    ),
    Mutation(
        "smoothing",
        VALUES,
        "(completed.denominator + indicators.shrinkage)",
        "completed.denominator",
        f"{MODELS}test_small_units_are_shrunk_towards_their_county_and_both_values_kept",
    ),
    Mutation(
        "cap",
        VALUES,
        "then least(completed.uncapped_value, indicators.value_cap)",
        "then completed.uncapped_value",
        f"{MODELS}test_shares_are_capped_and_missing_ones_are_not_the_cap",
    ),
    Mutation(
        "carry: months",
        VALUES,
        "missing.month_index - indicators.carry_months",
        "missing.month_index - indicators.carry_months - 1",
        f"{MODELS}test_a_value_is_carried_forward_for_the_months_that_the_rules_allow",
    ),
    Mutation(
        "carry: a month that was reported",
        VALUES,
        " and not missing.reported_in_month",
        "",
        f"{MODELS}test_a_department_that_reported_is_not_stood_in_for",
    ),
    Mutation(
        "pairs before sums",
        MONTHS,
        "and (indicators.denominator = '' or pairs.denominator is not null) as is_complete_leaf",
        "as is_complete_leaf",
        "tests/core/test_core.py::test_with_many_gaps",
    ),
    Mutation(
        "rank: ties share the better",
        RELEASE,
        "rank() over",
        "row_number() over",
        f"{MODELS}test_ties_share_the_better_rank_within_their_level",
    ),
    Mutation(
        "rank: within the level",
        RELEASE,
        "partition by node_scores.period, units.level, node",
        "partition by node_scores.period, node",
        f"{MODELS}test_ties_share_the_better_rank_within_their_level",
    ),
    Mutation(
        "colour: cut point",
        RELEASE,
        "scores.rounded_score >= colours.cut_from",
        "scores.rounded_score >= colours.cut_from + 1",
        f"{MODELS}test_colours_follow_cut_points_and_vetoes_cap_them",
    ),
    Mutation(
        "colour: veto",
        RELEASE,
        "when scores.node_level = 0 then capped.cap_position",
        "when scores.node_level = 9 then capped.cap_position",
        f"{MODELS}test_colours_follow_cut_points_and_vetoes_cap_them",
    ),
    Mutation(
        "veto: window",
        VETOES,
        "own_months.month_index > months.month_index - rules.window_months",
        "own_months.month_index >= months.month_index - rules.window_months",
        f"{MODELS}test_vetoes_count_over_their_window_and_rise_as_declared",
    ),
    Mutation(
        "veto: levels it rises to",
        VETOES,
        "and (units.is_leaf or list_contains(rules.rises_to, units.level))",
        "and units.is_leaf",
        f"{MODELS}test_vetoes_count_over_their_window_and_rise_as_declared",
    ),
    Mutation(
        "veto: a unit that is no more",
        VETOES,
        " and events.period = unit_months.period",
        "",
        f"{MODELS}test_a_unit_that_was_dissolved_has_no_veto_of_its_own_and_its_county_still_has",
    ),
    Mutation(
        "change: rounded",
        RELEASE,
        "compared.rounded_score - compared.score_month",
        "compared.score_month - compared.rounded_score",
        f"{MODELS}test_changes_are_null_with_a_reason",
    ),
    *(Mutation(*fault) for fault in (*CHANGES, *STUDIES)),
)


def main() -> int:
    """Run the mutations; the number of those that no test noticed decides the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast", action="store_true", help="leave out the faults that need a run of dbt")
    parser.add_argument("--only", default="", help="formulas whose name holds this text")
    options = parser.parse_args()
    chosen = [m for m in MUTATIONS if options.only in m.formula and not (options.fast and m.test.startswith(RUN_DBT))]
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="pingan-mutations-") as folder:
        copy = Path(folder) / "project"
        ignored = shutil.ignore_patterns(".venv", ".git", "var", "target", "logs", ".*_cache", "__pycache__")
        shutil.copytree(PROJECT, copy, ignore=ignored)
        (Path(folder) / "shared").symlink_to((PROJECT.parent / "shared").resolve())
        said = outcome(copy, *sorted({mutation.test for mutation in chosen}))
        if said != "PASSES":
            sys.exit(f"a test that fails without a fault proves nothing: {said}")
        for number, mutation in enumerate(chosen, start=1):
            said = tried(mutation, copy)
            unnoticed += said != "fails"
            sys.stdout.write(f"{row(mutation, said)}\n")
            sys.stdout.flush()
            sys.stderr.write(f"{number} of {len(chosen)}\n")
    return 1 if unnoticed else 0


def row(mutation: Mutation, said: str) -> str:
    """The row of a fault in the table of the proof."""
    place = f"{mutation.file.rpartition('/')[2]} | `{mutation.test.rpartition('::')[2]}`"
    return f"| {mutation.formula} | {place} | {said} |"


def tried(mutation: Mutation, copy: Path) -> str:
    """Whether the named test fails on the fault, in a word."""
    file = copy / mutation.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutation.old) != 1:
        return f"THE TEXT IS THERE {text.count(mutation.old)} TIMES"
    file.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        return outcome(copy, mutation.test)
    finally:
        file.write_text(text, encoding="utf-8")


def outcome(copy: Path, *tests: str) -> str:
    """How tests of the copy end, in a word; else the last that pytest said."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    # The path reaches dbt too, whose Python models would else import the checkout. No bytecode: Python would take that
    # of the text before for a fault's, written in the same second and as long.
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return "PASSES"
    failed = done.returncode == 1 and " failed" in done.stdout
    return "fails" if failed and len(tests) == 1 else f"ENDS WITH {done.returncode}: {done.stdout[-300:]}"


if __name__ == "__main__":
    sys.exit(main())
