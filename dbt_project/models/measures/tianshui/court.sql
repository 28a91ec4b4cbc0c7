with
civil_suit as (
    select
        unit_code,
        period,
        count(*) as civil_suits,
    from {{ source('landing', 'court__civil_suit') }}
    group by unit_code, period
),

enforcement_case as (
    select
        unit_code,
        period,
        count(*) as enforcement_cases_closed,
        count(*) filter (where outcome = 'fully_enforced') as enforcement_cases_fully_enforced,
    from {{ source('landing', 'court__enforcement_case') }}
    group by unit_code, period
),

admin_suit as (
    select
        unit_code,
        period,
        count(*) as admin_suits_closed,
        count(*) filter (
            where outcome in ('revoked', 'ordered_to_act', 'declared_unlawful')
        ) as admin_suits_lost,
    from {{ source('landing', 'court__admin_suit') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('court__civil_suit', 'civil_suit.civil_suits') }} as civil_suits,
    {{ reported('court__enforcement_case', 'enforcement_case.enforcement_cases_closed') }}
        as enforcement_cases_closed,
    {{ reported('court__enforcement_case', 'enforcement_case.enforcement_cases_fully_enforced') }}
        as enforcement_cases_fully_enforced,
    {{ reported('court__admin_suit', 'admin_suit.admin_suits_closed') }} as admin_suits_closed,
    {{ reported('court__admin_suit', 'admin_suit.admin_suits_lost') }} as admin_suits_lost,
from {{ ref('measure_spine') }} as spine
left join civil_suit using (unit_code, period)
left join enforcement_case using (unit_code, period)
left join admin_suit using (unit_code, period)
