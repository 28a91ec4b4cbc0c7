"""Faults for tests/mutations.py in the decomposition of changes and in whose records stand behind an indicator.

Each: formula, file, a text of it, the fault in its place, the test that must fail.
"""

DECOMPOSITION, MEMBERS = "methods/decomposition.py", "methods/members.py"
BY_HAND, OF_MEMBERS = "tests/methods/test_decomposition.py::", "tests/methods/test_members.py::"
EXACT = f"{BY_HAND}test_effects_sum_to_the_change_whatever_is_missing_and_whatever_the_method"
RECORDS, OF_RECORDS = "publication/indicator_records.py", "tests/core/test_whose_records_count.py::"
DEFINITIONS, OF_DEFINITIONS = "warehouse/changes.py", "tests/warehouse/test_changed_definitions.py::"
OF_EVERY_MEMBER = "tests/core/test_contributions.py::test_every_members_part_of_its_county_and_city"
ORACLE = "tests/methods/test_decomposition_oracle.py::test_contributions_are_those_of_the_oracle"

CHANGES = (
    (
        "change: mean weight of both periods",
        DECOMPOSITION,
        "stretch * 0.5 * (w0 + w1) * new_rule.secant(x0, x1)",
        "stretch * w1 * new_rule.secant(x0, x1)",
        ORACLE,
    ),
    (
        "change: weight effect",
        DECOMPOSITION,
        "((f0 - centre) + (f1 - centre)) * (w1 - w0)",
        "((f0 - centre) + (f1 - centre)) * (w0 - w1)",
        ORACLE,
    ),
    (
        "change: centred on c",
        DECOMPOSITION,
        "centre = (before + after) / 2",
        "centre = (before + after) / 2 * 0",
        f"{BY_HAND}test_effects_do_not_depend_on_the_zero_of_the_scale",
    ),
    (
        "change: what vanishes",
        DECOMPOSITION,
        "there & ~here, -stretch * w0",
        "there & ~here, stretch * w0",
        f"{BY_HAND}test_what_a_township_stops_reporting_is_availability_and_the_rest_weight",
    ),
    (
        "change: secant of the logarithm",
        DECOMPOSITION,
        "np.log1p(step) / np.where(a == b, 1.0, step)) / a",
        "np.log1p(step) / np.where(a == b, 1.0, step)) / b",
        f"{BY_HAND}test_a_geometric_mean_moves_by_its_logarithmic_mean",
    ),
    (
        "change: secant of the reciprocal",
        DECOMPOSITION,
        "reciprocal: Floats = -above / (a * b)",
        "reciprocal: Floats = -above / (a * a)",
        EXACT,
    ),
    (
        "change: logarithmic mean",
        DECOMPOSITION,
        "return np.exp(f0) * np.where(step == 0",
        "return np.exp(f1) * np.where(step == 0",
        f"{BY_HAND}test_a_geometric_mean_moves_by_its_logarithmic_mean",
    ),
    (
        "change: nothing moves under the floor",
        DECOMPOSITION,
        "(b - a) / np.where(x0 == x1, 1.0, x1 - x0)",
        "np.ones_like(a)",
        f"{BY_HAND}test_under_the_floor_of_a_geometric_node_nothing_moves",
    ),
    (
        "change: the old value by the new rule",
        DECOMPOSITION,
        "np.stack([new - again, zero, zero, again - old, zero + 1.0])",
        "np.stack([new - old, zero, zero, zero, zero + 1.0])",
        f"{BY_HAND}test_new_posts_are_the_methods_effect_and_not_the_departments",
    ),
    (
        "change: another mean is the method's",
        DECOMPOSITION,
        "if old_rule != new_rule:",
        "if False:",
        f"{BY_HAND}test_another_average_is_a_method_effect",
    ),
    (
        "change: leaves of a node under its coverage",
        DECOMPOSITION,
        "own = share * side.shares[child]\n        is_leaf",
        "own = share * np.maximum(side.shares[child], 0.5)\n        is_leaf",
        f"{BY_HAND}test_a_node_under_its_coverage_takes_its_indicators_with_it",
    ),
    (
        "members: two-period mean of the value",
        MEMBERS,
        "(v0 + v1) / 2)",
        "v1)",
        f"{OF_MEMBERS}test_a_members_part_is_its_own_rise_less_what_the_whole_would_have_risen_with_its_denominator",
    ),
    (
        "members: two-period mean of the denominator",
        MEMBERS,
        "((then.denominator + now.denominator) / 2)",
        "now.denominator",
        f"{OF_MEMBERS}test_members_and_nobody_together_are_the_change",
    ),
    (
        "members: residents are population",
        MEMBERS,
        "below * (1 - by_residents), below * by_residents",
        "below, below * 0",
        f"{OF_MEMBERS}test_residents_as_denominator_are_population",
    ),
    (
        "members: nothing where the whole does not move",
        MEMBERS,
        "np.where(moves & np.isfinite(moved), change / moved, 0.0)",
        "np.where(np.isfinite(moved), 1.0, 0.0)",
        f"{OF_MEMBERS}test_where_the_whole_does_not_move_nobody_has_a_part",
    ),
    (
        "members: shares of the residents",
        MEMBERS,
        "0.5 * (x0 + x1 - twice_centre) * (s1 - s0)",
        "0.5 * (x0 + x1) * (s1 - s0)",
        f"{OF_MEMBERS}test_a_mean_moves_by_scores_and_by_shares_of_the_residents",
    ),
    (
        "members: a score that appears",
        MEMBERS,
        "s1 * (x1 - twice_centre / 2)",
        "s1 * x1",
        f"{OF_MEMBERS}test_a_member_without_a_score_in_one_month_is_availability",
    ),
    (
        "members: the bound of zero",
        MEMBERS,
        "slope = np.where(moves, change / moved, 1.0)",
        "slope = np.where(moves, 1.0, 1.0)",
        f"{OF_MEMBERS}test_at_the_bound_of_zero_only_what_was_left_can_be_lost",
    ),
    (
        "change: measured otherwise",
        DEFINITIONS,
        "(np.isnan(again) | ~self._comparable)",
        "np.isnan(again)",
        f"{OF_DEFINITIONS}test_what_is_measured_otherwise_cannot_be_compared_and_is_all_the_methods",
    ),
    (
        "change: old values on the later scale",
        DEFINITIONS,
        'row["scale"] * (numerator[i]',
        "1.0 * (numerator[i]",
        f"{OF_DEFINITIONS}test_another_scale_is_the_methods_and_the_rise_is_told_in_its_terms",
    ),
    (
        "change: old values under the later cap",
        DEFINITIONS,
        'np.minimum(values[i], row["value_cap"])',
        "values[i]",
        f"{OF_DEFINITIONS}test_a_lower_cap_is_the_methods",
    ),
    (
        "change: other members of an upper unit",
        DEFINITIONS,
        "comparable[i, upper] &= old.get",
        "comparable[i, upper] |= old.get",
        f"{OF_DEFINITIONS}test_other_members_of_a_county_are_the_methods_and_a_township_stays_comparable",
    ),
    (
        "change: members' parts by their own upper unit's effects",
        DEFINITIONS,
        "multiplier = effects.multiplier[:, place]",
        "multiplier = effects.multiplier[:, 0]",
        OF_EVERY_MEMBER,
    ),
    (
        "change: members' sums by the months of their upper unit",
        "warehouse/month_arrays.py",
        "counted = month.months_counted[:, upper_of].T",
        "counted = month.months_counted[:, members].T",
        OF_EVERY_MEMBER,
    ),
    (
        "change: shrinkage towards a rate of zero",
        DEFINITIONS,
        "np.where(np.isnan(rate), 0.0,",
        "np.where(np.nan_to_num(rate) == 0, 0.0,",
        f"{OF_DEFINITIONS}test_shrinkage_towards_a_county_without_a_single_event_is_the_methods",
    ),
    (
        "records: a county stands for all below it",
        RECORDS,
        "sorted(complete | stood_for)",
        "sorted(complete)",
        f"{OF_RECORDS}test_a_county_that_alone_reported_stands_for_all_its_townships",
    ),
    (
        "records: it stands only where nobody reported",
        RECORDS,
        "alone = not own & complete and",
        "alone =",
        f"{OF_RECORDS}test_beside_its_townships_it_adds_events_and_no_residents",
    ),
    (
        "records: a township needs both numbers",
        RECORDS,
        "== len(self.terms) and self._has(code, month)}",
        "== len(self.terms)}",
        f"{OF_RECORDS}test_a_township_counts_only_with_both_numbers",
    ),
    (
        "records: nothing to stand on",
        RECORDS,
        " and bool(known)",
        "",
        f"{OF_RECORDS}test_a_county_has_nothing_to_stand_on_without_any_denominator",
    ),
    (
        "records: events that deductions count",
        RECORDS,
        " or self._deducts):",
        "):",
        f"{OF_RECORDS}test_events_that_deductions_count_are_events_seen",
    ),
)
