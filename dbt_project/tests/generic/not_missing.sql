{% test not_missing(model, columns) %}
-- Gate B: these columns are never null in the months of the window.
select *
from {{ model }}
where
    {{ in_window('release_from') }}
    and ({% for column in columns %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %})
{% endtest %}
