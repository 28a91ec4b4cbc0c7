with
dispute as (
    select
        unit_code,
        period,
        count(*) as mediation_disputes,
    from {{ source('landing', 'justice__dispute') }}
    group by unit_code, period
),

mediation as (
    select
        unit_code,
        period,
        count(*) as mediations_concluded,
        count(*) filter (where agreed) as mediations_agreed,
    from {{ source('landing', 'justice__mediation') }}
    group by unit_code, period
),

medical_mediation as (
    select
        unit_code,
        period,
        count(*) as medical_mediations_concluded,
        count(*) filter (where agreed) as medical_mediations_agreed,
    from {{ source('landing', 'justice__medical_mediation') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('justice__dispute', 'dispute.mediation_disputes') }} as mediation_disputes,
    {{ reported('justice__mediation', 'mediation.mediations_concluded') }} as mediations_concluded,
    {{ reported('justice__mediation', 'mediation.mediations_agreed') }} as mediations_agreed,
    {{ reported('justice__medical_mediation', 'medical_mediation.medical_mediations_concluded') }}
        as medical_mediations_concluded,
    {{ reported('justice__medical_mediation', 'medical_mediation.medical_mediations_agreed') }}
        as medical_mediations_agreed,
from {{ ref('measure_spine') }} as spine
left join dispute using (unit_code, period)
left join mediation using (unit_code, period)
left join medical_mediation using (unit_code, period)
