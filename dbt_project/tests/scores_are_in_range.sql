{{ config(meta={'dagster': {'ref': {'name': 'release_scores'}}}) }}

-- Gate B: scores lie in the range that their scoring kind declares (a z-score and an unclipped min-max have none),
-- nodes above between the lowest and the highest score of their children.
with
leaves as (
    select
        scores.period,
        scores.unit_code,
        scores.node_code,
        scores.score,
    from {{ ref('release_scores') }} as scores
    inner join {{ source('city', 'months') }} as months on scores.period = months.period
    inner join {{ source('city', 'framework') }} as framework
        on scores.node_code = framework.code and months.version = framework.version
    inner join {{ source('city', 'units') }} as units on scores.unit_code = units.unit_code
    inner join {{ source('city', 'scoring_parameters') }} as parameters
        on
            framework.version = parameters.version
            and framework.code = parameters.indicator_code
            and units.parameter_group = parameters.parameter_group
    where
        {{ in_window('release_from', 'scores.period') }}
        and case framework.scoring
            when 'zscore' then false
            when 'percentile_rank' then not scores.score between 0 and parameters.factor
            when 'minmax'
                then parameters.clip and not scores.score between parameters.range_low and parameters.range_high
            else not scores.score between 0 and 100
        end
),

parents as (
    select
        parent.period,
        parent.unit_code,
        parent.node_code,
        any_value(parent.score) as score,
    from {{ ref('node_scores') }} as parent
    inner join {{ ref('node_scores') }} as child
        on
            parent.period = child.period
            and parent.unit_code = child.unit_code
            and parent.node_code = child.parent
    inner join {{ source('city', 'framework') }} as framework
        on parent.version = framework.version and parent.node_code = framework.code
    where {{ in_window('release_from', 'parent.period') }} and parent.score is not null
    group by parent.period, parent.unit_code, parent.node_code
    -- means above 1e-9 of the extremes would be an error of arithmetic; floors may lift a geometric mean
    having
        any_value(parent.score) < min(child.score) - 1e-9
        or any_value(parent.score) > greatest(max(child.score), any_value(framework.floor)) + 1e-9
)

select * from leaves
union all
select * from parents
