{{ config(materialized='view') }}

-- The leaves of the tree: indicators with their scores, wherever in the tree they stand.
select * exclude (is_indicator)
from {{ ref('node_scores') }}
where is_indicator
