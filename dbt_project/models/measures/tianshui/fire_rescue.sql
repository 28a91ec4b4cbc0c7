with
fire_incident as (
    select
        unit_code,
        period,
        count(*) as fires,
        sum(deaths) as fire_deaths,
        sum(loss_yuan) as fire_losses_yuan,
        count(*) filter (where grade != 'general') as major_fires,
        count(*) filter (where cause = 'electrical') as electrical_fires,
        sum(date_diff('second', occurred_at, arrived_at)) as fire_arrival_seconds,
        count(arrived_at) as fire_arrivals
    from {{ source('landing', 'fire_rescue__fire_incident') }}
    group by unit_code, period
),

fire_inspection as (
    select
        unit_code,
        period,
        count(*) as fire_inspections_done
    from {{ source('landing', 'fire_rescue__fire_inspection') }}
    group by unit_code, period
),

fire_hazard as (
    select
        unit_code,
        period,
        count(*) as fire_hazards_due,
        count(*) filter (where closed_at <= due_at) as fire_hazards_closed_on_time
    from {{ source('landing', 'fire_rescue__fire_hazard') }}
    group by unit_code, period
),

major_fire_hazard as (
    select
        unit_code,
        period,
        count(*) filter (where not closed and due_on < as_of) as major_fire_hazards_overdue
    from {{ source('landing', 'fire_rescue__major_fire_hazard') }}
    group by unit_code, period
),

hydrant as (
    select
        unit_code,
        period,
        count(*) as hydrants,
        count(*) filter (where working) as hydrants_working
    from {{ source('landing', 'fire_rescue__hydrant') }}
    group by unit_code, period
),

fire_station as (
    select
        unit_code,
        period,
        count(*) as fire_stations_required,
        count(*) filter (where compliant) as fire_stations_compliant
    from {{ source('landing', 'fire_rescue__fire_station') }}
    group by unit_code, period
),

fire_training as (
    select
        unit_code,
        period,
        sum(persons) as fire_trainees
    from {{ source('landing', 'fire_rescue__fire_training') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('fire_rescue__fire_incident', 'fire_incident.fires') }} as fires,
    {{ reported('fire_rescue__fire_incident', 'fire_incident.fire_deaths') }} as fire_deaths,
    {{ reported('fire_rescue__fire_incident', 'fire_incident.fire_losses_yuan') }} as fire_losses_yuan,
    {{ reported('fire_rescue__fire_incident', 'fire_incident.major_fires') }} as major_fires,
    {{ reported('fire_rescue__fire_incident', 'fire_incident.electrical_fires') }} as electrical_fires,
    {{ reported('fire_rescue__fire_incident', 'fire_incident.fire_arrival_seconds') }}
        as fire_arrival_seconds,
    {{ reported('fire_rescue__fire_incident', 'fire_incident.fire_arrivals') }} as fire_arrivals,
    {{ reported('fire_rescue__fire_inspection', 'fire_inspection.fire_inspections_done') }}
        as fire_inspections_done,
    {{ reported('fire_rescue__fire_hazard', 'fire_hazard.fire_hazards_due') }} as fire_hazards_due,
    {{ reported('fire_rescue__fire_hazard', 'fire_hazard.fire_hazards_closed_on_time') }}
        as fire_hazards_closed_on_time,
    {{ reported('fire_rescue__major_fire_hazard', 'major_fire_hazard.major_fire_hazards_overdue') }}
        as major_fire_hazards_overdue,
    {{ reported('fire_rescue__hydrant', 'hydrant.hydrants') }} as hydrants,
    {{ reported('fire_rescue__hydrant', 'hydrant.hydrants_working') }} as hydrants_working,
    {{ reported('fire_rescue__fire_station', 'fire_station.fire_stations_required') }}
        as fire_stations_required,
    {{ reported('fire_rescue__fire_station', 'fire_station.fire_stations_compliant') }}
        as fire_stations_compliant,
    {{ reported('fire_rescue__fire_training', 'fire_training.fire_trainees') }} as fire_trainees
from {{ ref('measure_spine') }} as spine
left join fire_incident using (unit_code, period)
left join fire_inspection using (unit_code, period)
left join fire_hazard using (unit_code, period)
left join major_fire_hazard using (unit_code, period)
left join hydrant using (unit_code, period)
left join fire_station using (unit_code, period)
left join fire_training using (unit_code, period)
