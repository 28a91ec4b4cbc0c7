{% macro delete_window(start_column) -%}
    {# One writer per table and month: the months of the window go before they are appended again. `append` with this
       hook is right for months that shrink to fewer or no rows; delete+insert on a key would keep rows that should go. #}
    {% if is_incremental() -%}
        delete from {{ this }}
        where period between (select {{ start_column }} from {{ source('city', 'run_window') }})
            and (select release_to from {{ source('city', 'run_window') }})
    {%- endif %}
{%- endmacro %}

{% macro in_window(start_column, column='period') -%}
    {# A condition on `period`: every model filters by its window always, also on a first build. #}
    {{ column }} between (select {{ start_column }} from {{ source('city', 'run_window') }})
    and (select release_to from {{ source('city', 'run_window') }})
{%- endmacro %}

{% macro fail_without_window() -%}
    {% if execute and flags.WHICH in ('build', 'run', 'test') -%}
        {% set found = run_query("select count(*) from information_schema.tables where table_schema = 'city' and table_name = 'run_window'") %}
        {% if found.rows[0][0] == 0 -%}
            {{ exceptions.raise_compiler_error("The warehouse has no window of months to build: run `pingan materialize MONTH`, which writes city.run_window and the framework before it starts dbt.") }}
        {%- endif %}
    {%- endif %}
    select 1
{%- endmacro %}
