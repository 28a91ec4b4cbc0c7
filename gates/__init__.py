"""The gates that stand between deliveries and readers: their results, gate C (release), and the page that
shows it.

Belongs here: what is asked of a month before it may be published, how an answer is kept, and how it is
told to the person who must act. Does not belong here: contracts of deliveries (schemas, feeds), tests of
models (dbt), and the act of publishing (publication).
"""
