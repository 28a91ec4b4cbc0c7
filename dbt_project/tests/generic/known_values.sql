{% test known_values(model, column, values) %}
-- Gate B: a column holds only words of its vocabulary in the months of the window.
select *
from {{ model }}
where {{ in_window('release_from') }} and {{ column }} not in ('{{ values | join("', '") }}')
{% endtest %}
