{{ config(meta={'dagster': {'ref': {'name': 'release_scores'}}}) }}

-- Gate B: missing is never zero. A score is there exactly when the status says so, and so is its colour and rank.
select
    period,
    unit_code,
    node_code,
    status,
    score,
from {{ ref('release_scores') }}
where
    {{ in_window('release_from') }}
    and (
        (score is null) != (status in ('missing', 'not_applicable'))
        or (rank is null) != (score is null)
        or (colour is null) != (score is null)
        or not isfinite(coalesce(score, 0))
    )
