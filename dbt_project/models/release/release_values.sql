-- What an issue says of every unit and indicator: numerator, denominator, value as measured and as scored.
-- Months are put in words once for each set of months, of which there are few: for every row it took half of the time.
with
counted as (
    select distinct
        v.period,
        v.months_counted,
        months.month_index,
    from {{ ref('indicator_values') }} as v
    inner join {{ source('city', 'months') }} as months on v.period = months.period
    where {{ in_window('release_from', 'v.period') }}
),

in_words as (
    select
        period,
        months_counted,
        {{ months_in_words('months_counted', 'month_index') }} as words,
    from counted
)

select
    v.period,
    v.unit_code,
    v.indicator_code,
    v.numerator,
    v.denominator,
    v.value,
    v.value_smoothed,
    scores.score,
    scores.status,
    in_words.words as months_counted,
from {{ ref('indicator_values') }} as v
inner join {{ ref('indicator_scores') }} as scores
    on
        v.period = scores.period
        and v.unit_code = scores.unit_code
        and v.indicator_code = scores.node_code
inner join in_words on v.period = in_words.period and v.months_counted is not distinct from in_words.months_counted
where {{ in_window('release_from', 'v.period') }}
