{{ config(materialized='view') }}

-- depends_on: {{ ref('first_level_indices') }}
select * exclude (is_indicator)
from {{ ref('node_scores') }}
where node_level = 0 and not is_indicator
