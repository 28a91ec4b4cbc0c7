"""What readers get: a gated month as an immutable, numbered issue, and the proof that nothing in it has
changed.

Belongs here: writing issues, their manifests, the chain between them and the index, and verifying them;
renderings are made from an issue's data files. Does not belong here: judging a month (gates) and
computing it (warehouse).
"""
