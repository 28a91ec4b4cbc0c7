"""Index arithmetic outside SQL: what is computed once and frozen, or studied, rather than every month.

Belongs here: calibration of reference bounds. Plain functions on arrays and tables, with the source of each formula.
What every month's numbers are made of is SQL in dbt_project/.
"""
