with
road_black_spot as (
    select
        unit_code,
        period,
        count(*) as road_black_spots,
        count(*) filter (where treated) as road_black_spots_treated
    from {{ source('landing', 'transport__road_black_spot') }}
    group by unit_code, period
),

hazard as (
    select
        unit_code,
        period,
        count(*) as transport_hazards_due,
        count(*) filter (where closed_at <= due_at) as transport_hazards_closed_on_time
    from {{ source('landing', 'transport__hazard') }}
    group by unit_code, period
),

operating_vehicle as (
    select
        unit_code,
        period,
        count(*) as operating_vehicles,
        count(*) filter (where online) as operating_vehicles_online
    from {{ source('landing', 'transport__operating_vehicle') }}
    group by unit_code, period
),

operating_accident as (
    select
        unit_code,
        period,
        sum(deaths) filter (where liable) as operating_vehicle_deaths
    from {{ source('landing', 'transport__operating_accident') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('transport__road_black_spot', 'road_black_spot.road_black_spots') }} as road_black_spots,
    {{ reported('transport__road_black_spot', 'road_black_spot.road_black_spots_treated') }}
        as road_black_spots_treated,
    {{ reported('transport__hazard', 'hazard.transport_hazards_due') }} as transport_hazards_due,
    {{ reported('transport__hazard', 'hazard.transport_hazards_closed_on_time') }}
        as transport_hazards_closed_on_time,
    {{ reported('transport__operating_vehicle', 'operating_vehicle.operating_vehicles') }}
        as operating_vehicles,
    {{ reported('transport__operating_vehicle', 'operating_vehicle.operating_vehicles_online') }}
        as operating_vehicles_online,
    {{ reported('transport__operating_accident', 'operating_accident.operating_vehicle_deaths') }}
        as operating_vehicle_deaths
from {{ ref('measure_spine') }} as spine
left join road_black_spot using (unit_code, period)
left join hazard using (unit_code, period)
left join operating_vehicle using (unit_code, period)
left join operating_accident using (unit_code, period)
