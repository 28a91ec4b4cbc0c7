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

-- Earlier months, which have no row in the spine, are there for the windows of later ones.
series as materialized (
    select
        version,
        indicator_code,
        unit_code,
        month_index,
        spine.period,
        coalesce(spine.window_months, 1) - 1 as months_before,
        spine.applies,
        reported_months.period is not null as is_reported,
        {
            'month_index': month_index,
            'numerator': reported_months.numerator,
            'denominator': reported_months.denominator,
            'of_upper_units': reported_months.numerator_of_upper_units,
            'some_units_missing': reported_months.some_units_missing
        } as month,
    from spine
    full join reported_months using (version, indicator_code, unit_code, month_index)
),

counted as materialized (
    select
        * exclude (month, is_reported),
        -- in the order of months, and so are the sums
        list(month) filter (where is_reported) over (
            partition by version, indicator_code, unit_code
            order by month_index
            range between months_before preceding and current row
        ) as months,
    from series
),

summed as materialized (
    select
        -- noqa: disable=RF03
        counted.* exclude (months, month_index, months_before),
        len(counted.months) as months_reported,
        -- `one` is a lambda's argument, not a column
        list_bit_or(
            list_transform(counted.months, lambda one: 1::bigint << (month_index - one['month_index'])::integer)
        ) as months_counted,
        list_bool_or(list_transform(counted.months, lambda one: one['some_units_missing'])) as some_units_missing,
        list_sum(list_transform(counted.months, lambda one: one['numerator'])) as numerator_sum,
        list_sum(list_transform(counted.months, lambda one: one['denominator'])) as denominator_sum,
        list_sum(list_transform(counted.months, lambda one: one['of_upper_units'])) as of_upper_units,
        -- noqa: enable=RF03
    from counted
    where counted.period is not null
),

windowed as (
    select
        summed.period,
        summed.version,
        summed.indicator_code,
        summed.unit_code,
        summed.applies,
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
    from summed
    inner join indicators on summed.version = indicators.version and summed.indicator_code = indicators.code
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
