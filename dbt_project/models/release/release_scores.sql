-- What an issue says of every unit and node: score, coverage, status, rank among its level, colour, changes.
-- Ranks, colours and comparisons use scores rounded to 1e-9, so that the last bit of a sum decides nothing.
-- depends_on: {{ ref('overall_index') }} (a view of node_scores: lineage reads on from level to level)
with
scores as (
    select
        node_scores.*,
        round(node_scores.score, 9) as rounded_score,
        months.month_index,
        units.level as unit_level,
        case
            when node_scores.score is not null
                then
                    rank() over (
                        partition by node_scores.period, units.level, node_scores.node_code
                        order by round(node_scores.score, 9) desc nulls last
                    )
        end as rank,
    from {{ ref('node_scores') }} as node_scores
    inner join {{ source('city', 'months') }} as months on node_scores.period = months.period
    inner join {{ source('city', 'units') }} as units on node_scores.unit_code = units.unit_code
    where {{ in_window('index_from', 'node_scores.period') }}
),

coloured as (
    select
        scores.period,
        scores.unit_code,
        scores.node_code,
        min(colours.position) as position,
    from scores
    inner join {{ source('city', 'colours') }} as colours
        on scores.version = colours.version and scores.rounded_score >= colours.cut_from
    group by all
),

capped as (
    select
        period,
        unit_code,
        max(cap_position) as cap_position,
    from {{ ref('release_vetoes') }}
    group by all
),

compared as (
    select
        scores.*,
        greatest(coloured.position, case when scores.node_level = 0 then capped.cap_position end) as position,
        previous_month.rounded_score as score_month,
        previous_month.rank as rank_month,
        previous_year.rounded_score as score_year,
        previous_year.rank as rank_year,
        months.month_before,
        months.year_before,
    from scores
    inner join {{ source('city', 'months') }} as months on scores.period = months.period
    left join coloured
        on
            scores.period = coloured.period
            and scores.unit_code = coloured.unit_code
            and scores.node_code = coloured.node_code
    left join capped on scores.period = capped.period and scores.unit_code = capped.unit_code
    -- Not before the first issue, though a run over earlier months may have computed them: a month's changes must not
    -- depend on the range of the run.
    left join scores as previous_month
        on
            months.month_before = previous_month.period
            and months.month_before >= (select first_issue from {{ source('city', 'run_window') }})
            and scores.unit_code = previous_month.unit_code
            and scores.node_code = previous_month.node_code
    left join scores as previous_year
        on
            months.year_before = previous_year.period
            and months.year_before >= (select first_issue from {{ source('city', 'run_window') }})
            and scores.unit_code = previous_year.unit_code
            and scores.node_code = previous_year.node_code
    where {{ in_window('release_from', 'scores.period') }}
)

select
    compared.period,
    compared.unit_code,
    compared.unit_level,
    compared.node_code,
    compared.node_level,
    compared.score,
    compared.coverage,
    compared.status,
    compared.rank,
    case when compared.score is not null then colours.colour end as colour,
    round(compared.rounded_score - compared.score_month, 9) as change_month,
    {{ no_change_reason('compared.score', 'compared.score_month', 'compared.month_before') }} as change_month_reason,
    round(compared.rounded_score - compared.score_year, 9) as change_year,
    {{ no_change_reason('compared.score', 'compared.score_year', 'compared.year_before') }} as change_year_reason,
    -- a rise in rank is positive
    compared.rank_month - compared.rank as rank_change_month,
    compared.rank_year - compared.rank as rank_change_year,
from compared
left join {{ source('city', 'colours') }} as colours
    on compared.version = colours.version and compared.position = colours.position
