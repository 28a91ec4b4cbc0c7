{% test unique_grain(model, columns) %}
-- Gate B: one row per grain in the months of the window.
select
    period,
    {{ columns | join(', ') }},
    count(*) as rows_found,
from {{ model }}
where {{ in_window('release_from') }}
group by all
having count(*) > 1
{% endtest %}
