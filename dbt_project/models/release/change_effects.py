"""What moved each node of each unit against last month and last year: `methods/decomposition.py` on arrays.

Two grains in one table, because both take the same months apart; contributions and member_contributions are its rows
by indicator and by member.
"""

from warehouse.changes import change_effects


def model(dbt, session):
    """The rows of the months released."""
    months = {
        "node_scores": dbt.ref("node_scores"),
        "indicator_values": dbt.ref("indicator_values"),
        "indicator_months": dbt.ref("indicator_months"),
    }
    city = {
        "run_window": dbt.source("city", "run_window"),
        "months": dbt.source("city", "months"),
        "units": dbt.source("city", "units"),
        "unit_members": dbt.source("city", "unit_members"),
        "residents": dbt.source("city", "residents"),
        "framework": dbt.source("city", "framework"),
        "scoring_parameters": dbt.source("city", "scoring_parameters"),
        "reference_rates": dbt.source("city", "reference_rates"),
    }
    return change_effects(months | city)
