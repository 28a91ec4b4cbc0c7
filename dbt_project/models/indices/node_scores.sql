-- Every node of the framework, leaf to root, for every unit and month: index_scores with codes in place of positions.
select
    index_scores.period,
    index_scores.version,
    units.unit_code,
    framework.code as node_code,
    framework.level as node_level,
    framework.parent,
    framework.parent_level,
    framework.weight,
    framework.scoring != '' as is_indicator,
    index_scores.score,
    index_scores.coverage,
    index_scores.status,
    index_scores.leaf_weight_scored,
    index_scores.leaf_weight_carried,
    index_scores.leaf_weight_applicable,
from {{ ref('index_scores') }} as index_scores
inner join {{ source('city', 'framework') }} as framework
    on index_scores.version = framework.version and index_scores.node_position = framework.position
inner join {{ source('city', 'units') }} as units on index_scores.unit_position = units.position
where {{ in_window('index_from', 'index_scores.period') }}
