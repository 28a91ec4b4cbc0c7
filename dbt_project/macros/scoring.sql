{#- The scoring kinds (METHODS.md, section 2). Each takes the value and the row of scoring parameters, and answers a
    score; `p` is the alias of the parameters. Nothing here knows an indicator.

    greatest() and least() pass over nulls: without `scored_with` a parameter that is not known (a county without a
    reference set) would come out as the best score. -#}

{% macro scored_with(parameters, score) -%}
    case when {% for name in parameters %}p.{{ name }} is not null{{ " and " if not loop.last }}{% endfor %} then {{ score }} end
{%- endmacro %}

{% macro goalpost(x) -%}
    {# Piecewise linear through (p0, 0), (p60, 60), (p100, 100), clipped; works in either direction. #}
    greatest(0, least(100, case
        when ({{ x }} - p.p60) * sign(p.p100 - p.p60) >= 0
            then 60 + 40 * ({{ x }} - p.p60) / (p.p100 - p.p60)
        else 60 * ({{ x }} - p.p0) / (p.p60 - p.p0)
    end))
{%- endmacro %}

{% macro target_attainment(x) -%}
    case
        when p.direction = 1 then 100 * greatest(0, least(1, {{ x }} / p.target))
        when {{ x }} <= p.target then 100
        else 100 * p.target / {{ x }}
    end
{%- endmacro %}

{% macro relative_minmax(x) -%}
    greatest(0, least(100, 60 + 40 * case
        when p.direction = 1 then {{ x }} - p.lo
        else p.hi - {{ x }}
    end / (p.hi - p.lo)))
{%- endmacro %}

{% macro minmax(x) -%}
    {# (x - lo) / (hi - lo) * (U - L) + L, mirrored for direction -1; clipped where declared. #}
    case
        when p.clip then greatest(p.range_low, least(p.range_high, {{ unclipped_minmax(x) }}))
        else {{ unclipped_minmax(x) }}
    end
{%- endmacro %}

{% macro unclipped_minmax(x) -%}
    case
        when p.direction = 1 then ({{ x }} - p.lo) / (p.hi - p.lo)
        else (p.hi - {{ x }}) / (p.hi - p.lo)
    end * (p.range_high - p.range_low) + p.range_low
{%- endmacro %}

{% macro zscore(x) -%}
    p.centre + p.spread * p.direction * ({{ x }} - p.mean) / p.sd
{%- endmacro %}

{% macro percentile_rank(x) -%}
    {# (rank_min - 1) / (n - 1) over the frozen reference set times the factor; values outside it clip. A value that
       differs from one of the set in the last bits of a floating sum only is tied with it. #}
    p.factor * least(1, len(list_filter(
        p.reference_values,
        lambda reference: reference * p.direction < {{ x }} * p.direction - 1e-12 * abs({{ x }})
    )) / (len(p.reference_values) - 1))
{%- endmacro %}
