"""Feeds: from a department's delivery to typed Parquet by month, with every row accounted for.

Belongs here: reading deliveries, resolving units, contracts, privacy, corrections, landing, gate A.
Does not belong here: counting records into measures (dbt_project), when things run (pipelines), Dagster.
"""
