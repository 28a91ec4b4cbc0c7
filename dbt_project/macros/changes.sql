{% macro no_change_reason(score, earlier_score, earlier_period) -%}
    {# Why a change is null; null when there is a change. #}
    case
        when {{ earlier_period }} < (select first_issue from {{ source('city', 'run_window') }})
            then 'before_first_issue'
        when {{ score }} is null then 'no_score_now'
        when {{ earlier_score }} is null then 'no_score_then'
    end
{%- endmacro %}
