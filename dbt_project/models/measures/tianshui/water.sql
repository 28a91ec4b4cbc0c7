with
flood_hazard as (
    select
        unit_code,
        period,
        count(*) as flood_hazards_due,
        count(*) filter (where closed_at <= due_at) as flood_hazards_closed_on_time
    from {{ source('landing', 'water__flood_hazard') }}
    group by unit_code, period
),

water_sample as (
    select
        unit_code,
        period,
        count(*) as rural_water_samples,
        count(*) filter (where passed) as rural_water_samples_passed
    from {{ source('landing', 'water__water_sample') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('water__flood_hazard', 'flood_hazard.flood_hazards_due') }} as flood_hazards_due,
    {{ reported('water__flood_hazard', 'flood_hazard.flood_hazards_closed_on_time') }}
        as flood_hazards_closed_on_time,
    {{ reported('water__water_sample', 'water_sample.rural_water_samples') }} as rural_water_samples,
    {{ reported('water__water_sample', 'water_sample.rural_water_samples_passed') }}
        as rural_water_samples_passed
from {{ ref('measure_spine') }} as spine
left join flood_hazard using (unit_code, period)
left join water_sample using (unit_code, period)
