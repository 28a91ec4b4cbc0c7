with
prosecution as (
    select
        unit_code,
        period,
        count(*) as persons_prosecuted,
    from {{ source('landing', 'procuratorate__prosecution') }}
    group by unit_code, period
),

public_interest_case as (
    select
        unit_code,
        period,
        count(*) as public_interest_cases_due,
        count(*) filter (where closed_at <= due_at) as public_interest_cases_rectified,
    from {{ source('landing', 'procuratorate__public_interest_case') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('procuratorate__prosecution', 'prosecution.persons_prosecuted') }} as persons_prosecuted,
    {{ reported('procuratorate__public_interest_case', 'public_interest_case.public_interest_cases_due') }}
        as public_interest_cases_due,
    {{ reported('procuratorate__public_interest_case', 'public_interest_case.public_interest_cases_rectified') }}
        as public_interest_cases_rectified,
from {{ ref('measure_spine') }} as spine
left join prosecution using (unit_code, period)
left join public_interest_case using (unit_code, period)
