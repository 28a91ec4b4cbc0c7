"""A stand-in for the departments' systems: it makes deliveries, so that the whole way can be run without any.

What belongs here: a world with people, dangers and duties (`world`), each department's records in it
(`<city>/<department>.py`), how offices write them down (`writing`, `dirt`), how that goes wrong (`defects`).
What does not: anything that reads deliveries. Only the command line and the tests import it.
"""
