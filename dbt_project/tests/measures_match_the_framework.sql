{{ config(meta={'dagster': {'ref': {'name': 'own_measures'}}}) }}

-- depends_on: {{ ref('own_measures') }}
{% for model in var('measure_models') %}
-- depends_on: {{ ref(model) }}
{% endfor %}
-- Gate B: every measure that the framework or a veto asks for is offered by its department's model or may come as a
-- monthly return, and no model offers one that nothing uses.
with
offered as (
    select
        table_name as model,
        column_name as measure,
    from information_schema.columns
    where
        table_schema = 'measures'
        and list_contains({{ var('measure_models') | tojson | replace('"', "'") }}::varchar[], table_name)
        and column_name not in ('unit_code', 'period')
),

used as (
    select measure from {{ source('city', 'numerator_terms') }}
    union
    select denominator as measure from {{ source('city', 'framework') }}
    where denominator != ''
    union
    select measure from {{ source('city', 'vetoes') }}
)

select
    null::varchar as period,
    coalesce(offered.measure, used.measure) as measure,
    case
        when offered.measure is null then 'no model offers it and its department sends no monthly return'
        when used.measure is null then 'offered by ' || offered.model || ', used by nothing'
    end as fault,
from used
full join offered using (measure)
left join {{ source('city', 'measures') }} as declared on declared.measure = coalesce(offered.measure, used.measure)
where used.measure is null or (offered.measure is null and declared.may_be_returned is distinct from true)
