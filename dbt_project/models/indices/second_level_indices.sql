{{ config(materialized='view') }}

-- depends_on: {{ ref('indicator_scores') }}
select * exclude (is_indicator)
from {{ ref('node_scores') }}
where node_level = 2 and not is_indicator
