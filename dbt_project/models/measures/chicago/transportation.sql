with
all_out as (
    select
        unit_code,
        period,
        count(*) as street_lights_all_out
    from {{ source('landing', 'transportation__street_lights_all_out') }}
    group by unit_code, period
),

all_out_repair as (
    select
        unit_code,
        period,
        count(*) as street_lights_repairs,
        sum(date_diff('day', opened_on, completed_on)) as street_lights_repair_days
    from {{ source('landing', 'transportation__street_lights_all_out_repair') }}
    group by unit_code, period
),

one_out as (
    select
        unit_code,
        period,
        count(*) as street_lights_one_out
    from {{ source('landing', 'transportation__street_light_one_out') }}
    group by unit_code, period
),

alley as (
    select
        unit_code,
        period,
        count(*) as alley_lights_out,
        count(*) filter (where completed_on <= opened_on + interval 7 day) as alley_lights_repaired_in_7_days
    from {{ source('landing', 'transportation__alley_light_out') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('transportation__street_lights_all_out', 'all_out.street_lights_all_out') }} as street_lights_all_out,
    {{ reported('transportation__street_light_one_out', 'one_out.street_lights_one_out') }} as street_lights_one_out,
    {{ reported('transportation__alley_light_out', 'alley.alley_lights_out') }} as alley_lights_out,
    {{ reported('transportation__alley_light_out', 'alley.alley_lights_repaired_in_7_days') }}
        as alley_lights_repaired_in_7_days,
    {{ reported('transportation__street_lights_all_out_repair', 'all_out_repair.street_lights_repairs') }}
        as street_lights_repairs,
    {{ reported('transportation__street_lights_all_out_repair', 'all_out_repair.street_lights_repair_days') }}
        as street_lights_repair_days
from {{ ref('measure_spine') }} as spine
left join all_out using (unit_code, period)
left join all_out_repair using (unit_code, period)
left join one_out using (unit_code, period)
left join alley using (unit_code, period)
