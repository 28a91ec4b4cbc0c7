with
construction_accident as (
    select
        unit_code,
        period,
        count(*) as construction_accidents
    from {{ source('landing', 'housing__construction_accident') }}
    group by unit_code, period
),

hazard as (
    select
        unit_code,
        period,
        count(*) as construction_hazards_due,
        count(*) filter (where closed_at <= due_at) as construction_hazards_closed_on_time
    from {{ source('landing', 'housing__hazard') }}
    group by unit_code, period
),

selfbuilt_house as (
    select
        unit_code,
        period,
        count(*) filter (where risk != 'none') as selfbuilt_houses_listed,
        count(*) filter (where risk != 'none' and closed) as selfbuilt_houses_closed
    from {{ source('landing', 'housing__selfbuilt_house') }}
    group by unit_code, period
),

gas_accident as (
    select
        unit_code,
        period,
        count(*) as gas_accidents,
        sum(deaths) as gas_accident_deaths
    from {{ source('landing', 'housing__gas_accident') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('housing__construction_accident', 'construction_accident.construction_accidents') }}
        as construction_accidents,
    {{ reported('housing__hazard', 'hazard.construction_hazards_due') }} as construction_hazards_due,
    {{ reported('housing__hazard', 'hazard.construction_hazards_closed_on_time') }}
        as construction_hazards_closed_on_time,
    {{ reported('housing__selfbuilt_house', 'selfbuilt_house.selfbuilt_houses_listed') }}
        as selfbuilt_houses_listed,
    {{ reported('housing__selfbuilt_house', 'selfbuilt_house.selfbuilt_houses_closed') }}
        as selfbuilt_houses_closed,
    {{ reported('housing__gas_accident', 'gas_accident.gas_accidents') }} as gas_accidents,
    {{ reported('housing__gas_accident', 'gas_accident.gas_accident_deaths') }} as gas_accident_deaths
from {{ ref('measure_spine') }} as spine
left join construction_accident using (unit_code, period)
left join hazard using (unit_code, period)
left join selfbuilt_house using (unit_code, period)
left join gas_accident using (unit_code, period)
