{% macro room(node) -%}
    {#- `models/indices/overall_index.sql` stands in the room `indices`; the spine belongs to the measures. -#}
    {%- set folder = node.original_file_path.split('/')[1] -%}
    {{- 'measures' if folder == 'spine' else folder -}}
{%- endmacro %}

{% macro delete_room_window() -%}
    {#- The months that every model of a room writes. In `indicators` each model says itself how far back it goes. -#}
    {%- set starts = {'measures': 'measures_from', 'indices': 'index_from', 'release': 'release_from'} -%}
    {%- set start_column = starts.get(room(model) | trim) -%}
    {%- if start_column -%}{{ delete_window(start_column) }}{%- endif -%}
{%- endmacro %}
