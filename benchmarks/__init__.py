"""Benchmarks: how long the index arithmetic takes, in arrays and as the warehouse runs it, beside the same in numpy.

Belongs here: generated cities of any size, a plain numpy computation of METHODS.md sections 2 to 4, the check that all
agree, and the table of times. Does not belong here: the arithmetic itself (methods/), tests, or a time that was
not measured in the run that prints it.
"""
