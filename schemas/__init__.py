"""What is accepted: pandera contracts, one module per department in `schemas/<city>/`, on shapes in `base`.

Belongs here: columns, types, ranges and categories of a record. Does not belong here: how a delivery names
them (feeds.yaml), how it is read (feeds), what is counted of it (dbt_project/models/measures).
"""
