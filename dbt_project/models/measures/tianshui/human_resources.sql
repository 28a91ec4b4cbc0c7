with
labour_complaint as (
    select
        unit_code,
        period,
        count(*) filter (where matter = 'wage_arrears') as wage_complaints,
    from {{ source('landing', 'human_resources__labour_complaint') }}
    group by unit_code, period
),

labour_case as (
    select
        unit_code,
        period,
        count(*) as wage_cases_due,
        count(*) filter (where closed_at <= due_at) as wage_cases_closed_on_time,
    from {{ source('landing', 'human_resources__labour_case') }}
    where matter = 'wage_arrears'
    group by unit_code, period
),

construction_project as (
    select
        unit_code,
        period,
        count(*) as active_projects,
        count(*) filter (where wage_account) as active_projects_with_wage_account,
    from {{ source('landing', 'human_resources__construction_project') }}
    where state = 'active'
    group by unit_code, period
),

labour_dispute as (
    select
        unit_code,
        period,
        count(*) as labour_disputes_closed,
        count(*) filter (where outcome = 'agreed') as labour_disputes_agreed,
    from {{ source('landing', 'human_resources__labour_dispute') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('human_resources__labour_complaint', 'labour_complaint.wage_complaints') }}
        as wage_complaints,
    {{ reported('human_resources__labour_case', 'labour_case.wage_cases_due') }} as wage_cases_due,
    {{ reported('human_resources__labour_case', 'labour_case.wage_cases_closed_on_time') }}
        as wage_cases_closed_on_time,
    {{ reported('human_resources__construction_project', 'construction_project.active_projects') }}
        as active_projects,
    {{ reported('human_resources__construction_project', 'construction_project.active_projects_with_wage_account') }}
        as active_projects_with_wage_account,
    {{ reported('human_resources__labour_dispute', 'labour_dispute.labour_disputes_closed') }}
        as labour_disputes_closed,
    {{ reported('human_resources__labour_dispute', 'labour_dispute.labour_disputes_agreed') }}
        as labour_disputes_agreed,
from {{ ref('measure_spine') }} as spine
left join labour_complaint using (unit_code, period)
left join labour_case using (unit_code, period)
left join construction_project using (unit_code, period)
left join labour_dispute using (unit_code, period)
