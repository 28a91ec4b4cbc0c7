"""The arithmetic of the index in plain Python on arrays, and what is computed once and frozen, or studied.

Belongs here: the tree of a framework, scoring, rolling up, calibration; plain functions on arrays with the source of
each formula. Records, measures, windows and values are SQL in dbt_project/; reading and writing tables is the
warehouse's.
"""
