{{ config(meta={'dagster': {'ref': {'name': 'measures'}}}) }}

-- Gate B: nothing is lost on the way up. The root unit's measures equal the sum over every unit's own records.
with
own as (
    select
        period,
        measure,
        sum(quantity order by unit_code) as quantity,
    from {{ ref('own_measures') }}
    where {{ in_window('release_from') }}
    group by all
),

root as (
    select
        measures.period,
        measures.measure,
        sum(measures.quantity order by measures.unit_code) as quantity,
    from {{ ref('measures') }} as measures
    inner join {{ source('city', 'units') }} as units on measures.unit_code = units.unit_code
    where {{ in_window('release_from', 'measures.period') }} and units.parent = ''
    group by all
)

select
    own.period,
    own.measure,
    own.quantity,
    root.quantity as root_quantity,
from own
left join root on own.period = root.period and own.measure = root.measure
where abs(own.quantity - coalesce(root.quantity, 0)) > 1e-9 * greatest(1, abs(own.quantity))
