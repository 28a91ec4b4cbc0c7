{{ config(pre_hook="{{ delete_window('measures_from') }}") }}

-- Measures at the unit where their records are known, from every department: its own SQL, its monthly returns, and the
-- residents that the city's folder gives. An unreported measure has no row.
with
delivered as (
    {% for model in var('measure_models') %}
    {{ department_measures(model) }}
    union all
    {% endfor %}
    select
        unit_code,
        period,
        measure,
        quantity,
    from {{ source('city', 'monthly_returns') }}
    union all
    select
        unit_code,
        period,
        'residents' as measure,
        residents::double as quantity,
    from {{ source('city', 'residents') }}
)

select
    delivered.unit_code,
    delivered.period,
    delivered.measure,
    delivered.quantity,
    measures.kind,
from delivered
inner join {{ source('city', 'measures') }} as measures on delivered.measure = measures.measure
where {{ in_window('measures_from', 'delivered.period') }}
