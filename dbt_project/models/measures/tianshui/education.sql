with
school as (
    select
        unit_code,
        period,
        count(*) as schools,
        count(*) filter (where guard and alarm and closed) as schools_compliant,
    from {{ source('landing', 'education__school') }}
    group by unit_code, period
),

school_incident as (
    select
        unit_code,
        period,
        count(*) as school_incidents,
        sum(deaths) as school_incident_deaths,
    from {{ source('landing', 'education__school_incident') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('education__school', 'school.schools') }} as schools,
    {{ reported('education__school', 'school.schools_compliant') }} as schools_compliant,
    {{ reported('education__school_incident', 'school_incident.school_incidents') }}
        as school_incidents,
    {{ reported('education__school_incident', 'school_incident.school_incident_deaths') }}
        as school_incident_deaths,
from {{ ref('measure_spine') }} as spine
left join school using (unit_code, period)
left join school_incident using (unit_code, period)
