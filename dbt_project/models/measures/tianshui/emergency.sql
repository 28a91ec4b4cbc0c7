with
work_accident as (
    select
        unit_code,
        period,
        count(*) as work_accidents,
        sum(deaths) as work_accident_deaths,
        count(*) filter (where deaths >= 3) as major_work_accidents
    from {{ source('landing', 'emergency__work_accident') }}
    group by unit_code, period
),

hazard as (
    select
        unit_code,
        period,
        count(*) filter (where level = 'general') as general_hazards_due,
        count(*) filter (where level = 'general' and closed_at <= due_at) as general_hazards_closed_on_time,
        count(*) filter (where level = 'major') as major_hazards_due,
        count(*) filter (where level = 'major' and closed_at <= due_at) as major_hazards_closed_on_time
    from {{ source('landing', 'emergency__hazard') }}
    group by unit_code, period
),

safety_inspection as (
    select
        unit_code,
        period,
        count(*) as safety_inspections_done
    from {{ source('landing', 'emergency__safety_inspection') }}
    group by unit_code, period
),

disaster as (
    select
        unit_code,
        period,
        sum(affected) as disaster_affected_persons,
        sum(deaths + missing) as disaster_deaths_missing
    from {{ source('landing', 'emergency__disaster') }}
    group by unit_code, period
),

wildfire as (
    select
        unit_code,
        period,
        count(*) as wildfires,
        count(*) filter (where grade != 'general') as larger_wildfires
    from {{ source('landing', 'emergency__wildfire') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('emergency__work_accident', 'work_accident.work_accidents') }} as work_accidents,
    {{ reported('emergency__work_accident', 'work_accident.work_accident_deaths') }} as work_accident_deaths,
    {{ reported('emergency__work_accident', 'work_accident.major_work_accidents') }} as major_work_accidents,
    {{ reported('emergency__hazard', 'hazard.general_hazards_due') }} as general_hazards_due,
    {{ reported('emergency__hazard', 'hazard.general_hazards_closed_on_time') }}
        as general_hazards_closed_on_time,
    {{ reported('emergency__hazard', 'hazard.major_hazards_due') }} as major_hazards_due,
    {{ reported('emergency__hazard', 'hazard.major_hazards_closed_on_time') }}
        as major_hazards_closed_on_time,
    {{ reported('emergency__safety_inspection', 'safety_inspection.safety_inspections_done') }}
        as safety_inspections_done,
    {{ reported('emergency__disaster', 'disaster.disaster_affected_persons') }} as disaster_affected_persons,
    {{ reported('emergency__disaster', 'disaster.disaster_deaths_missing') }} as disaster_deaths_missing,
    {{ reported('emergency__wildfire', 'wildfire.wildfires') }} as wildfires,
    {{ reported('emergency__wildfire', 'wildfire.larger_wildfires') }} as larger_wildfires
from {{ ref('measure_spine') }} as spine
left join work_accident using (unit_code, period)
left join hazard using (unit_code, period)
left join safety_inspection using (unit_code, period)
left join disaster using (unit_code, period)
left join wildfire using (unit_code, period)
