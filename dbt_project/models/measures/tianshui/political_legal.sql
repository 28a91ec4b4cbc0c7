with
dispute as (
    select
        unit_code,
        period,
        count(*) as platform_disputes_due,
        count(*) filter (where closed_at <= due_at) as platform_disputes_resolved_on_time,
    from {{ source('landing', 'political_legal__dispute') }}
    group by unit_code, period
),

major_decision as (
    select
        unit_code,
        period,
        count(*) as major_decisions,
        count(*) filter (where assessed) as major_decisions_assessed,
    from {{ source('landing', 'political_legal__major_decision') }}
    group by unit_code, period
),

risk_lead as (
    select
        unit_code,
        period,
        count(*) as risk_leads_due,
        count(*) filter (where closed_at <= due_at) as risk_leads_closed_on_time,
    from {{ source('landing', 'political_legal__risk_lead') }}
    group by unit_code, period
),

camera as (
    select
        unit_code,
        period,
        count(*) as cameras,
        count(*) filter (where online) as cameras_online,
    from {{ source('landing', 'political_legal__camera') }}
    group by unit_code, period
),

order_problem as (
    select
        unit_code,
        period,
        count(*) as order_problems_due,
        count(*) filter (where closed_at <= due_at) as order_problems_rectified_on_time,
    from {{ source('landing', 'political_legal__order_problem') }}
    group by unit_code, period
),

grid_event as (
    select
        unit_code,
        period,
        count(*) as grid_events_due,
        count(*) filter (where closed_at <= due_at) as grid_events_closed_on_time,
    from {{ source('landing', 'political_legal__grid_event') }}
    group by unit_code, period
),

grid as (
    select
        unit_code,
        period,
        count(*) as grids,
        count(*) filter (where full_time_workers >= workers_required) as grids_staffed,
    from {{ source('landing', 'political_legal__grid') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('political_legal__dispute', 'dispute.platform_disputes_due') }} as platform_disputes_due,
    {{ reported('political_legal__dispute', 'dispute.platform_disputes_resolved_on_time') }}
        as platform_disputes_resolved_on_time,
    {{ reported('political_legal__major_decision', 'major_decision.major_decisions') }} as major_decisions,
    {{ reported('political_legal__major_decision', 'major_decision.major_decisions_assessed') }}
        as major_decisions_assessed,
    {{ reported('political_legal__risk_lead', 'risk_lead.risk_leads_due') }} as risk_leads_due,
    {{ reported('political_legal__risk_lead', 'risk_lead.risk_leads_closed_on_time') }}
        as risk_leads_closed_on_time,
    {{ reported('political_legal__camera', 'camera.cameras') }} as cameras,
    {{ reported('political_legal__camera', 'camera.cameras_online') }} as cameras_online,
    {{ reported('political_legal__order_problem', 'order_problem.order_problems_due') }}
        as order_problems_due,
    {{ reported('political_legal__order_problem', 'order_problem.order_problems_rectified_on_time') }}
        as order_problems_rectified_on_time,
    {{ reported('political_legal__grid_event', 'grid_event.grid_events_due') }} as grid_events_due,
    {{ reported('political_legal__grid_event', 'grid_event.grid_events_closed_on_time') }}
        as grid_events_closed_on_time,
    {{ reported('political_legal__grid', 'grid.grids') }} as grids,
    {{ reported('political_legal__grid', 'grid.grids_staffed') }} as grids_staffed,
from {{ ref('measure_spine') }} as spine
left join dispute using (unit_code, period)
left join major_decision using (unit_code, period)
left join risk_lead using (unit_code, period)
left join camera using (unit_code, period)
left join order_problem using (unit_code, period)
left join grid_event using (unit_code, period)
left join grid using (unit_code, period)
