with
cyber_incident as (
    select
        unit_code,
        period,
        count(*) filter (where grade = 'general') as cyber_incidents_general,
        count(*) filter (where grade != 'general') as cyber_incidents_larger,
    from {{ source('landing', 'cyberspace__cyber_incident') }}
    group by unit_code, period
),

cyber_vulnerability as (
    select
        unit_code,
        period,
        count(*) as cyber_vulnerabilities_due,
        count(*) filter (where closed_at <= due_at) as cyber_vulnerabilities_fixed_on_time,
    from {{ source('landing', 'cyberspace__cyber_vulnerability') }}
    group by unit_code, period
),

opinion_event as (
    select
        unit_code,
        period,
        count(*) as opinion_events_due,
        count(*) filter (where closed_at <= due_at) as opinion_events_handled_on_time,
    from {{ source('landing', 'cyberspace__opinion_event') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('cyberspace__cyber_incident', 'cyber_incident.cyber_incidents_general') }}
        as cyber_incidents_general,
    {{ reported('cyberspace__cyber_incident', 'cyber_incident.cyber_incidents_larger') }}
        as cyber_incidents_larger,
    {{ reported('cyberspace__cyber_vulnerability', 'cyber_vulnerability.cyber_vulnerabilities_due') }}
        as cyber_vulnerabilities_due,
    {{ reported('cyberspace__cyber_vulnerability', 'cyber_vulnerability.cyber_vulnerabilities_fixed_on_time') }}
        as cyber_vulnerabilities_fixed_on_time,
    {{ reported('cyberspace__opinion_event', 'opinion_event.opinion_events_due') }}
        as opinion_events_due,
    {{ reported('cyberspace__opinion_event', 'opinion_event.opinion_events_handled_on_time') }}
        as opinion_events_handled_on_time,
from {{ ref('measure_spine') }} as spine
left join cyber_incident using (unit_code, period)
left join cyber_vulnerability using (unit_code, period)
left join opinion_event using (unit_code, period)
