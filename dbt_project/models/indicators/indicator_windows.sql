{{ config(pre_hook="{{ delete_window('values_from') }}") }}

-- Numerator and denominator over each indicator's window, spine first: every unit x indicator x month has a row.
-- Over a window flows are summed and stocks averaged, both over the months that were reported (METHODS.md, section 1).
-- `materialized` keeps DuckDB from reordering joins across these steps: joined on the version alone, which all rows
-- share, they once filled a disk with 50 GB.
with
indicators as materialized (
    select * from {{ source('city', 'framework') }}
    where scoring != ''
),

spine as materialized (
    select
        indicator_units.*,
        indicators.window_months,
    from {{ ref('indicator_units') }} as indicator_units
    inner join indicators
        on
            indicator_units.version = indicators.version
            and indicator_units.indicator_code = indicators.code
    where {{ in_window('values_from', 'indicator_units.period') }} and indicator_units.in_force
),

reported_months as materialized (
    select
        indicator_months.*,
        indicator_units.month_index,
        indicator_months.leaf_units_reported between 1 and indicator_units.leaf_units - 1 as some_units_missing,
    from {{ ref('indicator_months') }} as indicator_months
    inner join {{ ref('indicator_units') }} as indicator_units
        on
            indicator_months.version = indicator_units.version
            and indicator_months.indicator_code = indicator_units.indicator_code
            and indicator_months.unit_code = indicator_units.unit_code
            and indicator_months.period = indicator_units.period
    inner join indicators
        on
            indicator_months.version = indicators.version
            and indicator_months.indicator_code = indicators.code
    where
        {{ in_window('measures_from', 'indicator_months.period') }}
        and (indicators.denominator = '' or indicator_months.denominator is not null)
        and indicator_months.leaf_units_reported > 0
        -- 1e-9 because 0.55 * 20 is one bit above 11
        and indicator_months.leaf_units_reported >= indicators.minimum_coverage * indicator_units.leaf_units - 1e-9
),

window_months as materialized (
    select
        version,
        indicator_code,
        unit_code,
        period,
        month_index as last_month,
        unnest(range(month_index - window_months + 1, month_index + 1)) as month_index,
    from spine
),

counted as materialized (
    select
        window_months.period,
        window_months.version,
        window_months.indicator_code,
        window_months.unit_code,
        count(*) as months_reported,
        bit_or(1::bigint << (window_months.last_month - window_months.month_index)::integer) as months_counted,
        bool_or(reported_months.some_units_missing) as some_units_missing,
        -- sorted once for three sums in the order of months
        list_sort(list({
            'month_index': reported_months.month_index,
            'numerator': reported_months.numerator,
            'denominator': reported_months.denominator,
            'of_upper_units': reported_months.numerator_of_upper_units
        })) as months,
    from window_months
    inner join reported_months
        on
            window_months.version = reported_months.version
            and window_months.indicator_code = reported_months.indicator_code
            and window_months.unit_code = reported_months.unit_code
            and window_months.month_index = reported_months.month_index
    group by all
),

summed as materialized (
    select
        counted.* exclude (months),  -- noqa: RF03
        -- `one` is a lambda's argument, not a column
        list_sum(list_transform(counted.months, lambda one: one['numerator'])) as numerator_sum,  -- noqa: RF03
        list_sum(list_transform(counted.months, lambda one: one['denominator'])) as denominator_sum,  -- noqa: RF03
        list_sum(list_transform(counted.months, lambda one: one['of_upper_units'])) as of_upper_units,  -- noqa: RF03
    from counted
),

windowed as (
    select
        spine.period,
        spine.version,
        spine.indicator_code,
        spine.unit_code,
        spine.applies,
        indicators.scale,
        indicators.denominator as denominator_measure,
        summed.of_upper_units as numerator_of_upper_units,
        coalesce(summed.months_reported, 0) as months_reported,
        coalesce(summed.months_reported, 0) >= indicators.months_required as enough,
        summed.months_reported < indicators.window_months or summed.some_units_missing as incomplete,
        summed.months_counted,
        coalesce(summed.months_counted & 1, 0) = 1 as reported_in_month,
        -- A summed flow set against a stock (either way round), or against nothing, is scaled up for the months not
        -- reported; events that deductions count are events seen and are not.
        case
            when indicators.numerator_kind = 'stock' then 1.0 / summed.months_reported
            when indicators.scoring = 'zero_tolerance' or indicators.denominator_kind = 'flow' then 1.0
            else indicators.window_months / summed.months_reported
        end as numerator_factor,
        case
            when indicators.denominator_kind = 'stock' then 1.0 / summed.months_reported
            when indicators.numerator_kind = 'stock' then indicators.window_months / summed.months_reported
            else 1.0
        end as denominator_factor,
        summed.numerator_sum * numerator_factor as numerator,
        summed.denominator_sum * denominator_factor as denominator,
    from spine
    inner join indicators on spine.version = indicators.version and spine.indicator_code = indicators.code
    left join summed
        on
            spine.period = summed.period
            and spine.version = summed.version
            and spine.indicator_code = summed.indicator_code
            and spine.unit_code = summed.unit_code
)

select
    period,
    version,
    indicator_code,
    unit_code,
    months_reported,
    case
        when not applies then 'not_applicable'
        when not enough then 'missing'
        when denominator_measure != '' and denominator = 0 then 'not_applicable'
        when incomplete then 'partial'
        else 'measured'
    end as status,
    case when applies and enough then numerator end as numerator,
    case when applies and enough then denominator end as denominator,
    case
        when status in ('partial', 'measured')
            then scale * case when denominator_measure = '' then numerator else numerator / denominator end
    end as uncapped_value,
    case when applies and enough then numerator_of_upper_units end as numerator_of_upper_units,
    case when applies and enough then months_counted end as months_counted,
    numerator_factor,
    denominator_factor,
    reported_in_month,
from windowed
