with
burglary as (
    select
        unit_code,
        period,
        count(*) as burglaries,
        count(*) filter (where place = 'dwelling') as residential_burglaries,
        count(*) filter (where category = 'forcible_entry') as forcible_burglaries,
        count(*) filter (where arrest_made) as burglaries_with_arrest,
        count(*) filter (where category = 'home_invasion') as home_invasions
    from {{ source('landing', 'police__burglary') }}
    group by unit_code, period
),

homicide as (
    select
        unit_code,
        period,
        count(*) as homicides,
        count(*) filter (where place = 'public_place') as homicides_in_public,
        count(*) filter (where domestic) as domestic_homicides,
        count(*) filter (where arrest_made) as homicides_with_arrest
    from {{ source('landing', 'police__homicide') }}
    where category = 'murder'
    group by unit_code, period
)

select
    spine.unit_code,
    spine.period,
    {{ reported('police__burglary', 'burglary.burglaries') }} as burglaries,
    {{ reported('police__burglary', 'burglary.residential_burglaries') }} as residential_burglaries,
    {{ reported('police__burglary', 'burglary.forcible_burglaries') }} as forcible_burglaries,
    {{ reported('police__burglary', 'burglary.burglaries_with_arrest') }} as burglaries_with_arrest,
    {{ reported('police__burglary', 'burglary.home_invasions') }} as home_invasions,
    {{ reported('police__homicide', 'homicide.homicides') }} as homicides,
    {{ reported('police__homicide', 'homicide.homicides_in_public') }} as homicides_in_public,
    {{ reported('police__homicide', 'homicide.domestic_homicides') }} as domestic_homicides,
    {{ reported('police__homicide', 'homicide.homicides_with_arrest') }} as homicides_with_arrest
from {{ ref('measure_spine') }} as spine
left join burglary using (unit_code, period)
left join homicide using (unit_code, period)
