"""When and how things run: the Dagster code location (definitions, jobs, schedules) and the command line `pingan`.

What is made lives in assets/, how it is computed in feeds/, warehouse/, gates/ and publication/.
"""
