"""Commands of `pingan` by topic, each module registered in `pipelines/command_line.py`.

A command reads its words, calls one plain function or one Dagster job, and says how it ended. Nothing is computed here.
"""
