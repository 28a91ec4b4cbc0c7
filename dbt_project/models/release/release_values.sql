-- What an issue says of every unit and indicator: numerator, denominator, value as measured and as scored.
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
    {{ months_in_words('v.months_counted', 'months.month_index') }} as months_counted,
from {{ ref('indicator_values') }} as v
inner join {{ ref('indicator_scores') }} as scores
    on
        v.period = scores.period
        and v.unit_code = scores.unit_code
        and v.indicator_code = scores.node_code
inner join {{ source('city', 'months') }} as months on v.period = months.period
where {{ in_window('release_from', 'v.period') }}
