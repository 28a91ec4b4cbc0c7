{{ config(materialized='view') }}

-- What could be measured: every unit in every month of the window, with the record sets reported in that month.
with
reports as (
    select
        period,
        list(record_set order by record_set) as reported,
    from {{ source('city', 'reports') }}
    where reported
    group by period
)

select
    unit_months.unit_code,
    unit_months.period,
    coalesce(reports.reported, []) as reported,
from {{ source('city', 'unit_months') }} as unit_months
left join reports on unit_months.period = reports.period
