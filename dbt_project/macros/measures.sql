{% macro reported(record_set, expression) -%}
    {# Zero events in a month that the department reported is zero; a month it did not report is null. #}
    case when list_contains(spine.reported, '{{ record_set }}') then coalesce({{ expression }}, 0)::bigint end
{%- endmacro %}

{% macro department_measures(model) -%}
    {# A department's wide rows as long ones. UNPIVOT leaves out nulls: an unreported measure has no row here. #}
    select
        unit_code,
        period,
        measure,
        quantity,
    from (
        unpivot (
            select
                unit_code,
                period,
                columns(* exclude (unit_code, period))::double,
            from {{ ref(model) }}
            where {{ in_window('measures_from') }}
        )
        on columns(* exclude (unit_code, period))
        into name measure value quantity
    )
{%- endmacro %}
