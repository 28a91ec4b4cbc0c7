with
-- A station's month, then given to every township that the station serves: the sums are township-days.
station_month as (
    select
        station,
        period,
        count(*) filter (where valid) as valid_days,
        count(*) filter (where valid and good) as good_days,
        count(pm25_tenths) filter (where valid) as pm25_days,
        sum(pm25_tenths) filter (where valid) as pm25_tenths,
    from {{ source('landing', 'environment__air_daily') }}
    group by station, period
),

air as (
    select
        service.unit_code,
        service.period,
        sum(station_month.good_days) as air_good_days,
        sum(station_month.valid_days) as air_valid_days,
        sum(station_month.pm25_tenths) as pm25_tenths,
        sum(station_month.pm25_days) as pm25_days,
    from {{ source('landing', 'environment__air_station_service') }} as service
    inner join station_month using (station, period)
    group by service.unit_code, service.period
),

water_section as (
    select
        unit_code,
        period,
        count(*) as water_sections,
        count(*) filter (where quality_class <= target_class) as water_sections_compliant,
    from {{ source('landing', 'environment__water_section') }}
    group by unit_code, period
),

water_source as (
    select
        unit_code,
        period,
        count(*) as water_sources,
        count(*) filter (where compliant) as water_sources_compliant,
    from {{ source('landing', 'environment__water_source') }}
    group by unit_code, period
),

env_emergency as (
    select
        unit_code,
        period,
        count(*) as env_emergencies,
        count(*) filter (where grade != 'general') as env_emergencies_larger,
    from {{ source('landing', 'environment__env_emergency') }}
    group by unit_code, period
),

env_complaint as (
    select
        unit_code,
        period,
        count(*) as env_complaints,
    from {{ source('landing', 'environment__env_complaint') }}
    group by unit_code, period
),

env_problem as (
    select
        unit_code,
        period,
        count(*) as env_problems_due,
        count(*) filter (where closed_at <= due_at) as env_problems_closed_on_time,
    from {{ source('landing', 'environment__env_problem') }}
    group by unit_code, period
),

hazwaste as (
    select
        unit_code,
        period,
        sum(generated_kg) as hazwaste_generated_kg,
        sum(disposed_kg) as hazwaste_disposed_kg,
    from {{ source('landing', 'environment__hazwaste') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    -- Null unless both the days and the ledger of stations were reported.
    case
        when list_contains(spine.reported, 'environment__air_station_service')
            then {{ reported('environment__air_daily', 'air.air_good_days') }}
    end as air_good_days,
    case
        when list_contains(spine.reported, 'environment__air_station_service')
            then {{ reported('environment__air_daily', 'air.air_valid_days') }}
    end as air_valid_days,
    case
        when list_contains(spine.reported, 'environment__air_station_service')
            then {{ reported('environment__air_daily', 'air.pm25_tenths') }}
    end as pm25_tenths,
    case
        when list_contains(spine.reported, 'environment__air_station_service')
            then {{ reported('environment__air_daily', 'air.pm25_days') }}
    end as pm25_days,
    {{ reported('environment__water_section', 'water_section.water_sections') }} as water_sections,
    {{ reported('environment__water_section', 'water_section.water_sections_compliant') }}
        as water_sections_compliant,
    {{ reported('environment__water_source', 'water_source.water_sources') }} as water_sources,
    {{ reported('environment__water_source', 'water_source.water_sources_compliant') }}
        as water_sources_compliant,
    {{ reported('environment__env_emergency', 'env_emergency.env_emergencies') }} as env_emergencies,
    {{ reported('environment__env_emergency', 'env_emergency.env_emergencies_larger') }}
        as env_emergencies_larger,
    {{ reported('environment__env_complaint', 'env_complaint.env_complaints') }} as env_complaints,
    {{ reported('environment__env_problem', 'env_problem.env_problems_due') }} as env_problems_due,
    {{ reported('environment__env_problem', 'env_problem.env_problems_closed_on_time') }}
        as env_problems_closed_on_time,
    {{ reported('environment__hazwaste', 'hazwaste.hazwaste_generated_kg') }} as hazwaste_generated_kg,
    {{ reported('environment__hazwaste', 'hazwaste.hazwaste_disposed_kg') }} as hazwaste_disposed_kg,
from {{ ref('measure_spine') }} as spine
left join air using (unit_code, period)
left join water_section using (unit_code, period)
left join water_source using (unit_code, period)
left join env_emergency using (unit_code, period)
left join env_complaint using (unit_code, period)
left join env_problem using (unit_code, period)
left join hazwaste using (unit_code, period)
