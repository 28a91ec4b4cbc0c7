{{ config(meta={'dagster': {'ref': {'name': 'release_scores'}}}) }}

-- Gate B: the spine. Every unit x node x month of the window has a row with a status.
select
    unit_months.period,
    unit_months.unit_code,
    framework.code as node_code,
from {{ source('city', 'unit_months') }} as unit_months
inner join {{ source('city', 'months') }} as months on unit_months.period = months.period
inner join {{ source('city', 'framework') }} as framework on months.version = framework.version
left join {{ ref('release_scores') }} as scores
    on
        unit_months.period = scores.period
        and unit_months.unit_code = scores.unit_code
        and framework.code = scores.node_code
where {{ in_window('release_from', 'unit_months.period') }} and scores.status is null
