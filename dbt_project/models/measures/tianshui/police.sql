with
police_call as (
    select
        unit_code,
        period,
        count(*) filter (
            where valid
            and subtype in ('theft', 'robbery', 'swindling', 'affray', 'other_criminal', 'other_public_order')
        ) as crime_calls,
        count(*) filter (where valid and subtype in ('theft', 'robbery', 'swindling')) as property_crime_calls,
        count(*) filter (where valid and subtype = 'affray') as affray_calls,
        count(*) filter (where valid and arrived_at is not null) as attended_calls,
        sum(date_diff('second', received_at, arrived_at)) filter (where valid) as arrival_seconds,
    from {{ source('landing', 'police__police_call') }}
    group by unit_code, period
),

traffic_call as (
    select
        unit_code,
        period,
        count(*) filter (where valid and subtype = 'accident') as traffic_accident_calls,
    from {{ source('landing', 'police__traffic_call') }}
    group by unit_code, period
),

criminal_case as (
    select
        unit_code,
        period,
        count(*) as criminal_cases,
        count(*) filter (where category = 'homicide') as homicide_cases,
        count(*) filter (
            where category in (
                'homicide', 'serious_injury', 'rape', 'robbery', 'kidnapping', 'arson', 'explosion', 'hijacking'
            )
        ) as serious_crime_cases,
        count(*) filter (where category = 'drugs') as drug_crime_cases,
        count(*) filter (where category = 'economic') as economic_crime_cases,
        count(*) filter (where cause = 'civil_dispute') as dispute_crime_cases,
        count(*) filter (where cause = 'civil_dispute' and category = 'homicide') as dispute_homicide_cases,
        count(*) filter (where place = 'medical_institution') as medical_crimes,
    from {{ source('landing', 'police__criminal_case') }}
    group by unit_code, period
),

criminal_clearance as (
    select
        unit_code,
        period,
        count(*) as criminal_cases_cleared,
    from {{ source('landing', 'police__criminal_clearance') }}
    group by unit_code, period
),

public_order_case as (
    select
        unit_code,
        period,
        count(*) as public_order_cases,
        count(*) filter (where place = 'medical_institution') as medical_public_order_cases,
    from {{ source('landing', 'police__public_order_case') }}
    group by unit_code, period
),

fraud_case as (
    select
        unit_code,
        period,
        count(*) as telecom_fraud_cases,
        sum(loss_yuan) as telecom_fraud_loss_yuan,
    from {{ source('landing', 'police__fraud_case') }}
    group by unit_code, period
),

fraud_clearance as (
    select
        unit_code,
        period,
        count(*) as telecom_fraud_cases_cleared,
    from {{ source('landing', 'police__fraud_clearance') }}
    group by unit_code, period
),

fraud_warning as (
    select
        unit_code,
        period,
        count(*) as fraud_warnings,
        count(*) filter (where contacted and loss_avoided) as fraud_warnings_heeded,
    from {{ source('landing', 'police__fraud_warning') }}
    group by unit_code, period
),

mass_incident as (
    select
        unit_code,
        period,
        count(*) filter (where persons between 10 and 29) as mass_incidents_small,
        count(*) filter (where persons between 30 and 99) as mass_incidents_medium,
        count(*) filter (where persons >= 100) as mass_incidents_large,
    from {{ source('landing', 'police__mass_incident') }}
    group by unit_code, period
),

extreme_incident as (
    select
        unit_code,
        period,
        count(*) as extreme_incidents,
    from {{ source('landing', 'police__extreme_incident') }}
    group by unit_code, period
),

traffic_accident as (
    select
        unit_code,
        period,
        sum(deaths) as traffic_deaths,
        sum(injured) as traffic_injured,
        count(*) filter (where deaths >= 3) as major_traffic_accidents,
        count(*) filter (where deaths + injured > 0) as injury_accidents,
        count(*) filter (where deaths + injured > 0 and alcohol) as drink_driving_accidents,
    from {{ source('landing', 'police__traffic_accident') }}
    group by unit_code, period
),

station_shift as (
    select
        unit_code,
        period,
        count(*) as station_shifts,
        count(*) filter (where worked) as station_shifts_worked,
    from {{ source('landing', 'police__station_shift') }}
    group by unit_code, period
),

key_vehicle as (
    select
        unit_code,
        period,
        count(*) as key_vehicles,
        count(*) filter (where inspection_due >= as_of) as key_vehicles_in_date,
    from {{ source('landing', 'police__key_vehicle') }}
    group by unit_code, period
),

village as (
    select
        unit_code,
        period,
        count(*) as villages,
        count(*) filter (where has_officer) as villages_with_officer,
    from {{ source('landing', 'police__village') }}
    group by unit_code, period
),

-- Systems of the first grade assess themselves: only the second and above must be assessed.
info_system as (
    select
        unit_code,
        period,
        count(*) as info_systems_due,
        count(*) filter (where assessed) as info_systems_assessed,
    from {{ source('landing', 'police__info_system') }}
    where grade != 'first'
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('police__police_call', 'police_call.crime_calls') }} as crime_calls,
    {{ reported('police__police_call', 'police_call.property_crime_calls') }} as property_crime_calls,
    {{ reported('police__police_call', 'police_call.affray_calls') }} as affray_calls,
    {{ reported('police__police_call', 'police_call.attended_calls') }} as attended_calls,
    {{ reported('police__police_call', 'police_call.arrival_seconds') }} as arrival_seconds,
    {{ reported('police__traffic_call', 'traffic_call.traffic_accident_calls') }} as traffic_accident_calls,
    {{ reported('police__criminal_case', 'criminal_case.criminal_cases') }} as criminal_cases,
    {{ reported('police__criminal_case', 'criminal_case.homicide_cases') }} as homicide_cases,
    {{ reported('police__criminal_case', 'criminal_case.serious_crime_cases') }} as serious_crime_cases,
    {{ reported('police__criminal_case', 'criminal_case.drug_crime_cases') }} as drug_crime_cases,
    {{ reported('police__criminal_case', 'criminal_case.economic_crime_cases') }} as economic_crime_cases,
    {{ reported('police__criminal_case', 'criminal_case.dispute_crime_cases') }} as dispute_crime_cases,
    {{ reported('police__criminal_case', 'criminal_case.dispute_homicide_cases') }} as dispute_homicide_cases,
    -- Null unless both kinds of case were reported: half a count would pass for the whole.
    {{ reported('police__criminal_case', 'criminal_case.medical_crimes') }}
    + {{ reported('police__public_order_case', 'public_order_case.medical_public_order_cases') }}
        as medical_offence_cases,
    {{ reported('police__criminal_clearance', 'criminal_clearance.criminal_cases_cleared') }}
        as criminal_cases_cleared,
    {{ reported('police__public_order_case', 'public_order_case.public_order_cases') }} as public_order_cases,
    {{ reported('police__fraud_case', 'fraud_case.telecom_fraud_cases') }} as telecom_fraud_cases,
    {{ reported('police__fraud_case', 'fraud_case.telecom_fraud_loss_yuan') }} as telecom_fraud_loss_yuan,
    {{ reported('police__fraud_clearance', 'fraud_clearance.telecom_fraud_cases_cleared') }}
        as telecom_fraud_cases_cleared,
    {{ reported('police__fraud_warning', 'fraud_warning.fraud_warnings') }} as fraud_warnings,
    {{ reported('police__fraud_warning', 'fraud_warning.fraud_warnings_heeded') }} as fraud_warnings_heeded,
    {{ reported('police__mass_incident', 'mass_incident.mass_incidents_small') }} as mass_incidents_small,
    {{ reported('police__mass_incident', 'mass_incident.mass_incidents_medium') }} as mass_incidents_medium,
    {{ reported('police__mass_incident', 'mass_incident.mass_incidents_large') }} as mass_incidents_large,
    {{ reported('police__extreme_incident', 'extreme_incident.extreme_incidents') }} as extreme_incidents,
    {{ reported('police__traffic_accident', 'traffic_accident.traffic_deaths') }} as traffic_deaths,
    {{ reported('police__traffic_accident', 'traffic_accident.traffic_injured') }} as traffic_injured,
    {{ reported('police__traffic_accident', 'traffic_accident.major_traffic_accidents') }}
        as major_traffic_accidents,
    {{ reported('police__traffic_accident', 'traffic_accident.injury_accidents') }} as injury_accidents,
    {{ reported('police__traffic_accident', 'traffic_accident.drink_driving_accidents') }}
        as drink_driving_accidents,
    {{ reported('police__station_shift', 'station_shift.station_shifts') }} as station_shifts,
    {{ reported('police__station_shift', 'station_shift.station_shifts_worked') }} as station_shifts_worked,
    {{ reported('police__key_vehicle', 'key_vehicle.key_vehicles') }} as key_vehicles,
    {{ reported('police__key_vehicle', 'key_vehicle.key_vehicles_in_date') }} as key_vehicles_in_date,
    {{ reported('police__village', 'village.villages') }} as villages,
    {{ reported('police__village', 'village.villages_with_officer') }} as villages_with_officer,
    {{ reported('police__info_system', 'info_system.info_systems_due') }} as info_systems_due,
    {{ reported('police__info_system', 'info_system.info_systems_assessed') }} as info_systems_assessed,
from {{ ref('measure_spine') }} as spine
left join police_call using (unit_code, period)
left join traffic_call using (unit_code, period)
left join criminal_case using (unit_code, period)
left join criminal_clearance using (unit_code, period)
left join public_order_case using (unit_code, period)
left join fraud_case using (unit_code, period)
left join fraud_clearance using (unit_code, period)
left join fraud_warning using (unit_code, period)
left join mass_incident using (unit_code, period)
left join extreme_incident using (unit_code, period)
left join traffic_accident using (unit_code, period)
left join station_shift using (unit_code, period)
left join key_vehicle using (unit_code, period)
left join village using (unit_code, period)
left join info_system using (unit_code, period)
