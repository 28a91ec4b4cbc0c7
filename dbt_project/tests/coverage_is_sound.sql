{{ config(meta={'dagster': {'ref': {'name': 'release_scores'}}}) }}

-- Gate B: coverage lies in 0..1, is null only where nothing is applicable, and a scored node has at least the minimum.
select
    scores.period,
    scores.unit_code,
    scores.node_code,
    scores.coverage,
    scores.status,
from {{ ref('release_scores') }} as scores
inner join {{ source('city', 'months') }} as months on scores.period = months.period
inner join {{ source('city', 'framework') }} as framework
    on scores.node_code = framework.code and months.version = framework.version
where
    {{ in_window('release_from', 'scores.period') }}
    and (
        scores.coverage not between 0 and 1 + 1e-12
        or (scores.coverage is null) != (scores.status = 'not_applicable')
        or (scores.score is not null and scores.coverage < framework.minimum_coverage - 1e-12)
    )
