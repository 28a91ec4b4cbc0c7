{{ config(meta={'dagster': {'ref': {'name': 'indicator_units'}}}) }}

-- depends_on: {{ ref('indicator_units') }}
-- Gate B: the effective weights of all leaves of a version of the method sum to one.
select
    null::varchar as period,
    version,
    sum(effective_weight order by code) as total,
from {{ source('city', 'framework') }}
where scoring != ''
group by version
having abs(sum(effective_weight order by code) - 1) > 1e-12
