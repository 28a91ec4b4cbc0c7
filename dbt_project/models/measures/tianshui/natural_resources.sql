with
geohazard_site as (
    select
        unit_code,
        period,
        count(*) as geohazard_sites,
        count(*) filter (where monitored) as geohazard_sites_monitored
    from {{ source('landing', 'natural_resources__geohazard_site') }}
    group by unit_code, period
),

land_patch as (
    select
        unit_code,
        period,
        count(*) filter (where illegal) as land_patches_illegal,
        count(*) filter (where illegal and rectified) as land_patches_rectified
    from {{ source('landing', 'natural_resources__land_patch') }}
    group by unit_code, period
),

land_case as (
    select
        unit_code,
        period,
        count(*) as land_mining_cases
    from {{ source('landing', 'natural_resources__land_case') }}
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('natural_resources__geohazard_site', 'geohazard_site.geohazard_sites') }} as geohazard_sites,
    {{ reported('natural_resources__geohazard_site', 'geohazard_site.geohazard_sites_monitored') }}
        as geohazard_sites_monitored,
    {{ reported('natural_resources__land_patch', 'land_patch.land_patches_illegal') }}
        as land_patches_illegal,
    {{ reported('natural_resources__land_patch', 'land_patch.land_patches_rectified') }}
        as land_patches_rectified,
    {{ reported('natural_resources__land_case', 'land_case.land_mining_cases') }} as land_mining_cases
from {{ ref('measure_spine') }} as spine
left join geohazard_site using (unit_code, period)
left join land_patch using (unit_code, period)
left join land_case using (unit_code, period)
