{% macro generate_schema_name(custom_schema_name, node) -%}
    {# A model's schema is its room, without the target's name in front: there is one warehouse per city. #}
    {{ custom_schema_name | trim if custom_schema_name else room(node) }}
{%- endmacro %}
