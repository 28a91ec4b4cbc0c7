-- What an issue says of every unit and measure: spine first, so that what was not reported is a row that says so.
with
leaf_units as (
    select
        unit_months.period,
        members.unit_code,
        count(*) as leaf_units,
    from {{ source('city', 'unit_members') }} as members
    inner join {{ source('city', 'unit_months') }} as unit_months on members.member_code = unit_months.unit_code
    where members.member_is_leaf
    group by all
)

select
    unit_months.period,
    unit_months.unit_code,
    declared.measure,
    measures.quantity,
    case
        when measures.quantity is null then 'missing'
        when measures.leaf_units_reported between 1 and leaf_units.leaf_units - 1 then 'partial'
        else 'measured'
    end as status,
from {{ source('city', 'unit_months') }} as unit_months
cross join {{ source('city', 'measures') }} as declared
left join {{ ref('measures') }} as measures
    on
        unit_months.period = measures.period
        and unit_months.unit_code = measures.unit_code
        and declared.measure = measures.measure
left join leaf_units
    on unit_months.period = leaf_units.period and unit_months.unit_code = leaf_units.unit_code
where {{ in_window('release_from', 'unit_months.period') }}
