{{ config(materialized='view') }}

-- What moved each node of each unit, by indicator.
select
    period,
    unit_code,
    comparison,
    node_code,
    indicator_code,
    value_effect,
    weight_effect,
    availability_effect,
    method_effect,
    population_effect,
    total,
from {{ ref('change_effects') }}
where member_code is null
