"""The warehouse: one DuckDB file per city that a run fills from landing and the city's folder.

Belongs here: what dbt reads (the window of months, the framework as tables, views on landing), running dbt under the
lock, and taking a month's release tables out. The arithmetic itself is SQL in dbt_project/. The file is a cache:
everything in it can be computed again from landing and the city's folder.
"""
