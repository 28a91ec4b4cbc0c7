{{ config(pre_hook="{{ delete_window('measures_from') }}") }}

-- Numerator and denominator of each indicator by unit and month. A lowest unit's month counts only when numerator and
-- denominator were both reported, so that a county never divides what some townships reported by the residents of all.
with
indicators as (
    select * from {{ source('city', 'framework') }}
    where scoring != ''
),

numerators as (
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
    where {{ in_window('measures_from', 'own.period') }}
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

judged as (
    select
        pairs.*,
        members.unit_code as upper_code,
        members.member_is_leaf,
        parameters.contributes,
        pairs.has_numerator
        and (indicators.denominator = '' or pairs.denominator is not null or not members.member_is_leaf) as counts,
    from pairs
    inner join indicators on pairs.indicator_code = indicators.code and pairs.version = indicators.version
    inner join {{ source('city', 'unit_members') }} as members on pairs.unit_code = members.member_code
    inner join {{ source('city', 'units') }} as units on pairs.unit_code = units.unit_code
    inner join {{ source('city', 'scoring_parameters') }} as parameters
        on
            pairs.indicator_code = parameters.indicator_code
            and pairs.version = parameters.version
            and units.parameter_group = parameters.parameter_group
),

summed as (
    select
        version,
        indicator_code,
        upper_code,
        period,
        sum(numerator order by unit_code) filter (where counts and (contributes or not member_is_leaf)) as numerator,
        sum(denominator order by unit_code) filter (where counts and (contributes or not member_is_leaf))
            as counted_denominator,
        sum(denominator order by unit_code) filter (where contributes or not member_is_leaf) as whole_denominator,
        count(*) filter (where counts and contributes and member_is_leaf) as leaf_units_reported,
        count(*) filter (where counts and not member_is_leaf) as upper_units_reported,
        sum(numerator order by unit_code) filter (where counts and not member_is_leaf) as numerator_of_upper_units,
    from judged
    group by version, indicator_code, upper_code, period
)

select
    version,
    indicator_code,
    upper_code as unit_code,
    period,
    numerator,
    -- Known to an upper level only (no lowest unit has the numerator): divided by the upper level's whole.
    case when leaf_units_reported = 0 then whole_denominator else counted_denominator end as denominator,
    leaf_units_reported,
    upper_units_reported,
    coalesce(numerator_of_upper_units, 0) as numerator_of_upper_units,
from summed
