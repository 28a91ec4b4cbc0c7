with
farm_machine as (
    select
        unit_code,
        period,
        count(*) as farm_machines,
        count(*) filter (where inspection_due >= as_of) as farm_machines_in_date,
    from {{ source('landing', 'agriculture__farm_machine') }}
    where category in ('tractor', 'combine')
    group by unit_code, period
),

farm_machine_accident as (
    select
        unit_code,
        period,
        count(*) as farm_machine_accidents,
        sum(deaths) as farm_machine_accident_deaths,
    from {{ source('landing', 'agriculture__farm_machine_accident') }}
    group by unit_code, period
),

produce_sample as (
    select
        unit_code,
        period,
        count(*) as produce_samples,
        count(*) filter (where passed) as produce_samples_passed,
    from {{ source('landing', 'agriculture__produce_sample') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('agriculture__farm_machine', 'farm_machine.farm_machines') }} as farm_machines,
    {{ reported('agriculture__farm_machine', 'farm_machine.farm_machines_in_date') }}
        as farm_machines_in_date,
    {{ reported('agriculture__farm_machine_accident', 'farm_machine_accident.farm_machine_accidents') }}
        as farm_machine_accidents,
    {{ reported('agriculture__farm_machine_accident', 'farm_machine_accident.farm_machine_accident_deaths') }}
        as farm_machine_accident_deaths,
    {{ reported('agriculture__produce_sample', 'produce_sample.produce_samples') }} as produce_samples,
    {{ reported('agriculture__produce_sample', 'produce_sample.produce_samples_passed') }}
        as produce_samples_passed,
from {{ ref('measure_spine') }} as spine
left join farm_machine using (unit_code, period)
left join farm_machine_accident using (unit_code, period)
left join produce_sample using (unit_code, period)
