{{ config(pre_hook="{{ delete_window('index_from') }}") }}

-- Values with their status: what is missing is carried forward from at most `carry_months` earlier where the rules let
-- its department; shares are capped; rates of small units are shrunk towards their county's rate (METHODS.md, 2 and 3).
with
windows as (
    select
        indicator_windows.*,
        months.month_index,
    from {{ ref('indicator_windows') }} as indicator_windows
    inner join {{ source('city', 'months') }} as months on indicator_windows.period = months.period
    where {{ in_window('values_from', 'indicator_windows.period') }}
),

indicators as (
    select * from {{ source('city', 'framework') }}
    where scoring != ''
),

earlier as (
    -- The method of the later month decides what is carried; a change of version carries nothing. A department that
    -- did report, but too few months for the window, is not stood in for (METHODS.md, section 3).
    select
        missing.period,
        missing.indicator_code,
        missing.unit_code,
        arg_max(known, known.month_index) as last_known,
    from windows as missing
    inner join indicators on missing.version = indicators.version and missing.indicator_code = indicators.code
    inner join windows as known
        on
            missing.version = known.version
            and missing.indicator_code = known.indicator_code
            and missing.unit_code = known.unit_code
            and known.month_index < missing.month_index
            and known.month_index >= missing.month_index - indicators.carry_months
    where missing.status = 'missing' and not missing.reported_in_month and known.status in ('measured', 'partial')
    group by all
),

completed as (
    select
        windows.period,
        windows.version,
        windows.indicator_code,
        windows.unit_code,
        case when earlier.last_known is null then windows.status else 'carried_forward' end as status,
        coalesce(earlier.last_known.numerator, windows.numerator) as numerator,
        coalesce(earlier.last_known.denominator, windows.denominator) as denominator,
        coalesce(earlier.last_known.uncapped_value, windows.uncapped_value) as uncapped_value,
        coalesce(earlier.last_known.numerator_of_upper_units, windows.numerator_of_upper_units)
            as numerator_of_upper_units,
        coalesce(
            earlier.last_known.months_counted << (windows.month_index - earlier.last_known.month_index)::integer,
            windows.months_counted
        ) as months_counted,
        coalesce(earlier.last_known.numerator_factor, windows.numerator_factor) as numerator_factor,
        coalesce(earlier.last_known.denominator_factor, windows.denominator_factor) as denominator_factor,
    from windows
    left join earlier
        on
            windows.period = earlier.period
            and windows.indicator_code = earlier.indicator_code
            and windows.unit_code = earlier.unit_code
)

select
    completed.period,
    completed.version,
    completed.indicator_code,
    completed.unit_code,
    -- integers for the arithmetic, which reads rows into arrays: joining by codes there took ten times as long
    indicators.position::integer as indicator_position,
    units.position::integer as unit_position,
    completed.status,
    completed.numerator,
    completed.denominator,
    -- least() passes over nulls: without the guard a missing value would come out as the cap
    case
        when completed.uncapped_value is not null
            then least(completed.uncapped_value, indicators.value_cap)
    end as value,
    case
        when completed.uncapped_value is null then null
        when rates.rate is not null and indicators.shrinkage is not null and units.is_leaf
            then
                least(
                    indicators.scale * (completed.numerator + indicators.shrinkage * rates.rate)
                    / (completed.denominator + indicators.shrinkage),
                    indicators.value_cap
                )
        else least(completed.uncapped_value, indicators.value_cap)
    end as value_smoothed,
    completed.numerator_of_upper_units,
    completed.months_counted,
    completed.numerator_factor,
    completed.denominator_factor,
from completed
inner join indicators on completed.version = indicators.version and completed.indicator_code = indicators.code
inner join {{ source('city', 'units') }} as units on completed.unit_code = units.unit_code
left join {{ source('city', 'reference_rates') }} as rates
    on
        completed.version = rates.version
        and completed.indicator_code = rates.indicator_code
        and units.parent = rates.unit_code
where {{ in_window('index_from', 'completed.period') }}
