"""What is made, as Dagster sees it: thin assets and checks that call plain functions.

An asset here is a few lines: which months, which function, what to show. No reading, no arithmetic, no judgement.
"""
