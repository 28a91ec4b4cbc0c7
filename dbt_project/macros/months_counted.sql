{% macro months_in_words(months_counted, month_index) -%}
    {# Months whose bits are set, as `2022-11 2022-12 2023-01`; bit k stands for the k-th month before. #}
    nullif(array_to_string(list_transform(
        list_filter(range(24, -1, -1), lambda age: ({{ months_counted }} >> age::integer) & 1 = 1),
        lambda age: printf('%04d-%02d', ({{ month_index }} - age) // 12, ({{ month_index }} - age) % 12 + 1)
    ), ' '), '')
{%- endmacro %}
