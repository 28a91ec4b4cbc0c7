{{ config(materialized='view') }}

-- What moved the overall index of each upper unit, by its lowest members: which township moved the county and the city.
select
    period,
    unit_code,
    comparison,
    member_code,
    indicator_code,
    value_effect,
    weight_effect,
    availability_effect,
    method_effect,
    population_effect,
    total,
    denominator_part,
from {{ ref('change_effects') }}
where member_code is not null
