{{ config(pre_hook="{{ delete_window('index_from') }}") }}

-- Scores of the leaves, each by its scoring kind, in the shape that the levels above read.
with
scored as (
    select
        v.period,
        v.version,
        v.unit_code,
        v.indicator_code,
        v.status,
        v.numerator_of_upper_units,
        units.is_leaf,
        indicators.scoring,
        -- greatest() and least() pass over nulls: a missing value must not come out as a bound
        case when v.value_smoothed is not null then case indicators.scoring
            when 'goalpost' then {{ scored_with(['p0', 'p60', 'p100'], goalpost('v.value_smoothed')) }}
            when 'target_attainment' then {{ scored_with(['target'], target_attainment('v.value_smoothed')) }}
            when 'relative_minmax' then {{ scored_with(['lo', 'hi'], relative_minmax('v.value_smoothed')) }}
            when 'minmax' then {{ scored_with(['lo', 'hi'], minmax('v.value_smoothed')) }}
            when 'zscore' then {{ scored_with(['mean', 'sd'], zscore('v.value_smoothed')) }}
            when 'percentile_rank' then {{ scored_with(['reference_values'], percentile_rank('v.value_smoothed')) }}
            when 'zero_tolerance' then greatest(0, 100 - v.numerator)
        end end as own_score,
    from {{ ref('indicator_values') }} as v
    inner join {{ source('city', 'framework') }} as indicators
        on v.version = indicators.version and v.indicator_code = indicators.code
    inner join {{ source('city', 'units') }} as units on v.unit_code = units.unit_code
    inner join {{ source('city', 'scoring_parameters') }} as p
        on
            v.version = p.version
            and v.indicator_code = p.indicator_code
            and units.parameter_group = p.parameter_group
    where {{ in_window('index_from', 'v.period') }}
),

member_means as (
    -- Deductions have township scale: upper levels take the mean of their members' scores, weighted by residents.
    select
        scored.period,
        scored.version,
        members.unit_code,
        scored.indicator_code,
        sum(scored.own_score * residents.residents order by scored.unit_code)
        / sum(residents.residents order by scored.unit_code) as mean_score,
        count(*) as members_scored,
    from scored
    inner join {{ source('city', 'unit_members') }} as members on scored.unit_code = members.member_code
    inner join {{ source('city', 'residents') }} as residents
        on scored.unit_code = residents.unit_code and scored.period = residents.period
    where
        scored.scoring = 'zero_tolerance' and scored.is_leaf and scored.own_score is not null
        and members.unit_code != members.member_code
    group by all
),

final_scores as (
    select
        scored.*,
        case
            when scored.status in ('missing', 'not_applicable') then null
            when scored.scoring = 'zero_tolerance' and not scored.is_leaf
                then
                    -- An event known to the upper level only deducts as one in an average member would.
                    case when member_means.mean_score is not null then greatest(
                        0, member_means.mean_score - scored.numerator_of_upper_units / member_means.members_scored
                    ) end
            else scored.own_score
        end as score,
    from scored
    left join member_means
        on
            scored.period = member_means.period
            and scored.version = member_means.version
            and scored.unit_code = member_means.unit_code
            and scored.indicator_code = member_means.indicator_code
)

select
    final_scores.period,
    final_scores.version,
    final_scores.unit_code,
    final_scores.indicator_code as node_code,
    nodes.level as node_level,
    nodes.parent,
    nodes.parent_level,
    nodes.weight,
    final_scores.score,
    case
        when final_scores.status = 'not_applicable' then null
        when final_scores.score is null then 0.0
        else 1.0
    end as coverage,
    case
        when final_scores.status = 'not_applicable' then 'not_applicable'
        when final_scores.score is null then 'missing'
        else final_scores.status
    end as status,
    case when final_scores.score is null then 0 else nodes.effective_weight end as leaf_weight_scored,
    case
        when final_scores.score is not null and final_scores.status = 'carried_forward' then nodes.effective_weight
        else 0
    end as leaf_weight_carried,
    case when final_scores.status = 'not_applicable' then 0 else nodes.effective_weight end as leaf_weight_applicable,
from final_scores
inner join {{ source('city', 'framework') }} as nodes
    on final_scores.version = nodes.version and final_scores.indicator_code = nodes.code
