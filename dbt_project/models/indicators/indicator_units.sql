{{ config(pre_hook="{{ delete_window('measures_from') }}") }}

-- Whether an indicator applies to a unit in a month, and over how many of the lowest units: once per version of the
-- method that the window uses, because a window looks back with the method of its own month.
with
lowest_units as materialized (
    select
        unit_months.period,
        members.unit_code,
        units.parameter_group,
        count(*) as leaf_units,
    from {{ source('city', 'unit_members') }} as members
    inner join {{ source('city', 'unit_months') }} as unit_months on members.member_code = unit_months.unit_code
    inner join {{ source('city', 'units') }} as units on members.member_code = units.unit_code
    where members.member_is_leaf
    group by all
),

counted as materialized (
    select
        lowest_units.period,
        lowest_units.unit_code,
        parameters.version,
        parameters.indicator_code,
        sum(lowest_units.leaf_units) filter (where parameters.contributes) as leaf_units,
    from lowest_units
    inner join {{ source('city', 'scoring_parameters') }} as parameters
        on lowest_units.parameter_group = parameters.parameter_group
    group by all
)

select
    counted.version,
    counted.indicator_code,
    counted.unit_code,
    counted.period,
    months.month_index,
    coalesce(counted.leaf_units, 0)::bigint as leaf_units,
    parameters.applies and coalesce(counted.leaf_units, 0) > 0 as applies,
    months.version = counted.version as in_force,
from counted
inner join {{ source('city', 'months') }} as months on counted.period = months.period
inner join {{ source('city', 'unit_months') }} as unit_months
    on counted.unit_code = unit_months.unit_code and counted.period = unit_months.period
inner join {{ source('city', 'units') }} as units on counted.unit_code = units.unit_code
inner join {{ source('city', 'scoring_parameters') }} as parameters
    on
        counted.version = parameters.version
        and counted.indicator_code = parameters.indicator_code
        and units.parameter_group = parameters.parameter_group
