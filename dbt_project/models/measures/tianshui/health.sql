with
ems_call as (
    select
        unit_code,
        period,
        count(arrived_at) as ems_calls_attended,
        sum(date_diff('second', called_at, arrived_at)) as ems_response_seconds,
    from {{ source('landing', 'health__ems_call') }}
    group by unit_code, period
),

health_emergency as (
    select
        unit_code,
        period,
        count(*) filter (where grade = 'general') as health_emergencies_general,
        count(*) filter (where grade != 'general') as health_emergencies_larger,
    from {{ source('landing', 'health__health_emergency') }}
    group by unit_code, period
),

medical_dispute as (
    select
        unit_code,
        period,
        count(*) as medical_disputes,
    from {{ source('landing', 'health__medical_dispute') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('health__ems_call', 'ems_call.ems_calls_attended') }} as ems_calls_attended,
    {{ reported('health__ems_call', 'ems_call.ems_response_seconds') }} as ems_response_seconds,
    {{ reported('health__health_emergency', 'health_emergency.health_emergencies_general') }}
        as health_emergencies_general,
    {{ reported('health__health_emergency', 'health_emergency.health_emergencies_larger') }}
        as health_emergencies_larger,
    {{ reported('health__medical_dispute', 'medical_dispute.medical_disputes') }} as medical_disputes,
from {{ ref('measure_spine') }} as spine
left join ems_call using (unit_code, period)
left join health_emergency using (unit_code, period)
left join medical_dispute using (unit_code, period)
