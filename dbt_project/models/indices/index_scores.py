"""The arithmetic from values to the overall index, of the months of this run: `methods/` on arrays.

A table of this run only; node_scores keeps every month and puts codes in place of positions.
"""

from warehouse.index_scores import scored_window


def model(dbt, session):
    """The rows of index_scores, streamed: memory does not grow with the months."""
    dbt.config(materialized="table")
    return scored_window(
        dbt.ref("indicator_values"),
        {
            "run_window": dbt.source("city", "run_window"),
            "months": dbt.source("city", "months"),
            "units": dbt.source("city", "units"),
            "unit_members": dbt.source("city", "unit_members"),
            "residents": dbt.source("city", "residents"),
            "framework": dbt.source("city", "framework"),
            "scoring_parameters": dbt.source("city", "scoring_parameters"),
        },
    )
