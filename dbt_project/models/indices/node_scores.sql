-- Every node of the framework, leaf to root, for every unit and month of the window.
with
nodes as (
    select * from {{ ref('indicator_scores') }}
    union all
    select * from {{ ref('second_level_indices') }}
    union all
    select * from {{ ref('first_level_indices') }}
    union all
    select * from {{ ref('overall_index') }}
)

select * from nodes
where {{ in_window('index_from') }}
