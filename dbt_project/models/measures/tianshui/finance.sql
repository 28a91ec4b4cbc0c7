with
involved_account as (
    select
        unit_code,
        period,
        count(*) as involved_accounts,
    from {{ source('landing', 'finance__involved_account') }}
    group by unit_code, period
),

fundraising_case as (
    select
        unit_code,
        period,
        count(*) as fundraising_cases,
        sum(amount_yuan) as fundraising_amount_yuan,
    from {{ source('landing', 'finance__fundraising_case') }}
    group by unit_code, period
),

fundraising_ledger as (
    select
        unit_code,
        period,
        count(*) as fundraising_ledger_cases,
        count(*) filter (where resolved) as fundraising_ledger_resolved,
    from {{ source('landing', 'finance__fundraising_ledger') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('finance__involved_account', 'involved_account.involved_accounts') }}
        as involved_accounts,
    {{ reported('finance__fundraising_case', 'fundraising_case.fundraising_cases') }}
        as fundraising_cases,
    {{ reported('finance__fundraising_case', 'fundraising_case.fundraising_amount_yuan') }}
        as fundraising_amount_yuan,
    {{ reported('finance__fundraising_ledger', 'fundraising_ledger.fundraising_ledger_cases') }}
        as fundraising_ledger_cases,
    {{ reported('finance__fundraising_ledger', 'fundraising_ledger.fundraising_ledger_resolved') }}
        as fundraising_ledger_resolved,
from {{ ref('measure_spine') }} as spine
left join involved_account using (unit_code, period)
left join fundraising_case using (unit_code, period)
left join fundraising_ledger using (unit_code, period)
