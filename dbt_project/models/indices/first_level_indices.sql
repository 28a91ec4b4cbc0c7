{{ config(materialized='view') }}

-- depends_on: {{ ref('second_level_indices') }}
select * exclude (is_indicator)
from {{ ref('node_scores') }}
where node_level = 1 and not is_indicator
