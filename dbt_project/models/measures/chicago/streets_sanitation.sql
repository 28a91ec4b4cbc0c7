with
sanitation_complaint as (
    select
        unit_code,
        period,
        count(*) as sanitation_complaints,
        count(*) filter (where completed_on <= opened_on + interval 7 day) as sanitation_completed_in_7_days,
        count(*) filter (where completed_on is null or completed_on > last_day(opened_on))
            as sanitation_open_at_month_end
    from {{ source('landing', 'streets_sanitation__sanitation_complaint') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('streets_sanitation__sanitation_complaint', 'sanitation_complaint.sanitation_complaints') }}
        as sanitation_complaints,
    {{ reported('streets_sanitation__sanitation_complaint', 'sanitation_complaint.sanitation_completed_in_7_days') }}
        as sanitation_completed_in_7_days,
    {{ reported('streets_sanitation__sanitation_complaint', 'sanitation_complaint.sanitation_open_at_month_end') }}
        as sanitation_open_at_month_end
from {{ ref('measure_spine') }} as spine
left join sanitation_complaint using (unit_code, period)
