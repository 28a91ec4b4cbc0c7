{{ config(pre_hook="{{ delete_window('measures_from') }}") }}

-- Numerator and denominator of each indicator by unit and month. A lowest unit's month counts only when numerator and
-- denominator were both reported, so that a county never divides what some townships reported by the residents of all,
-- nor the city what one county reported by the residents of the others.
with
indicators as (
    select * from {{ source('city', 'framework') }}
    where scoring != ''
),

-- Nine of ten numerators are one measure: only the others are summed, which costs a sort of each group.
numerators as (
    select
        indicators.version,
        indicators.code as indicator_code,
        own.unit_code,
        own.period,
        terms.factor * own.quantity as numerator,
        true as complete,
    from {{ source('city', 'numerator_terms') }} as terms
    inner join indicators on terms.indicator_code = indicators.code and terms.version = indicators.version
    inner join {{ ref('own_measures') }} as own on terms.measure = own.measure
    where terms.terms = 1 and {{ in_window('measures_from', 'own.period') }}
    union all
    select
        indicators.version,
        indicators.code as indicator_code,
        own.unit_code,
        own.period,
        sum(terms.factor * own.quantity order by terms.measure) as numerator,
        count(*) = max(terms.terms) as complete,
    from {{ source('city', 'numerator_terms') }} as terms
    inner join indicators on terms.indicator_code = indicators.code and terms.version = indicators.version
    inner join {{ ref('own_measures') }} as own on terms.measure = own.measure
    where terms.terms > 1 and {{ in_window('measures_from', 'own.period') }}
    group by all
),

denominators as (
    select
        indicators.version,
        indicators.code as indicator_code,
        own.unit_code,
        own.period,
        own.quantity as denominator,
    from indicators
    inner join {{ ref('own_measures') }} as own on indicators.denominator = own.measure
    where {{ in_window('measures_from', 'own.period') }}
),

pairs as (
    select
        version,
        indicator_code,
        unit_code,
        period,
        numerators.numerator,
        denominators.denominator,
        coalesce(numerators.complete, false) as has_numerator,
    from numerators
    full join denominators using (version, indicator_code, unit_code, period)
),

located as (
    select
        pairs.*,
        units.is_leaf,
        indicators.scoring,
        indicators.denominator as denominator_measure,
        units.is_leaf and parameters.contributes and pairs.has_numerator
        and (indicators.denominator = '' or pairs.denominator is not null) as is_complete_leaf,
        parameters.contributes or not units.is_leaf as is_taken,
    from pairs
    inner join indicators on pairs.indicator_code = indicators.code and pairs.version = indicators.version
    inner join {{ source('city', 'units') }} as units on pairs.unit_code = units.unit_code
    inner join {{ source('city', 'scoring_parameters') }} as parameters
        on
            pairs.indicator_code = parameters.indicator_code
            and pairs.version = parameters.version
            and units.parameter_group = parameters.parameter_group
),

known_below as (
    select
        located.version,
        located.indicator_code,
        members.unit_code,
        located.period,
        count(*) filter (where located.is_complete_leaf) as complete_leaves,
        count(located.denominator) filter (where located.is_taken) as denominators,
    from located
    inner join {{ source('city', 'unit_members') }} as members on located.unit_code = members.member_code
    where members.unit_code != members.member_code or not located.is_leaf
    group by all
),

upper_records as (
    -- An upper unit's own record stands for all its lowest units when none of them reported. Beside theirs it adds what
    -- only the upper unit knows. With neither a denominator nor reporting units it has nothing to be set against; but
    -- events that deductions count are events seen, also where only one of the classes is told.
    select
        located.*,
        known_below.complete_leaves = 0
        and located.has_numerator
        and (located.denominator_measure = '' or known_below.denominators > 0) as stands_for_all,
        stands_for_all or known_below.complete_leaves > 0 or located.scoring = 'zero_tolerance' as counts,
    from located
    inner join known_below using (version, indicator_code, unit_code, period)
    where not located.is_leaf and located.numerator is not null
),

stood_for as (
    select distinct
        upper_records.version,
        upper_records.indicator_code,
        above.unit_code,
        upper_records.period,
        below.member_code,
    from upper_records
    inner join {{ source('city', 'unit_members') }} as above on upper_records.unit_code = above.member_code
    inner join {{ source('city', 'unit_members') }} as below on upper_records.unit_code = below.unit_code
    inner join {{ source('city', 'unit_months') }} as unit_months
        on below.member_code = unit_months.unit_code and upper_records.period = unit_months.period
    inner join {{ source('city', 'units') }} as units on below.member_code = units.unit_code
    inner join {{ source('city', 'scoring_parameters') }} as parameters
        on
            upper_records.version = parameters.version
            and upper_records.indicator_code = parameters.indicator_code
            and units.parameter_group = parameters.parameter_group
    where upper_records.stands_for_all and below.member_is_leaf and parameters.contributes
),

-- What an upper unit's numbers come from; a lowest unit's are its own record.
counted as (
    select
        located.version,
        located.indicator_code,
        members.unit_code,
        located.period,
        located.unit_code as from_unit,
        true as is_leaf,
        located.numerator,
        located.denominator,
    from located
    inner join {{ source('city', 'unit_members') }} as members on located.unit_code = members.member_code
    where located.is_complete_leaf and members.unit_code != members.member_code
    union all
    select
        upper_records.version,
        upper_records.indicator_code,
        members.unit_code,
        upper_records.period,
        upper_records.unit_code as from_unit,
        false as is_leaf,
        upper_records.numerator,
        upper_records.denominator,
    from upper_records
    inner join {{ source('city', 'unit_members') }} as members on upper_records.unit_code = members.member_code
    where upper_records.counts
    union all
    select
        stood_for.version,
        stood_for.indicator_code,
        stood_for.unit_code,
        stood_for.period,
        stood_for.member_code as from_unit,
        true as is_leaf,
        null as numerator,
        located.denominator,
    from stood_for
    left join located
        on
            stood_for.version = located.version
            and stood_for.indicator_code = located.indicator_code
            and stood_for.member_code = located.unit_code
            and stood_for.period = located.period
)

select
    version,
    indicator_code,
    unit_code,
    period,
    numerator,
    denominator,
    1::bigint as leaf_units_reported,
    0::bigint as upper_units_reported,
    0::double as numerator_of_upper_units,
from located
where is_complete_leaf
union all
select
    version,
    indicator_code,
    unit_code,
    period,
    sum(numerator order by from_unit) as numerator,
    sum(denominator order by from_unit) as denominator,
    count(*) filter (where is_leaf) as leaf_units_reported,
    count(*) filter (where not is_leaf) as upper_units_reported,
    coalesce(sum(numerator order by from_unit) filter (where not is_leaf), 0) as numerator_of_upper_units,
from counted
group by version, indicator_code, unit_code, period
