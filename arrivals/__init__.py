"""Arrivals: when deliveries come, who is late, and what goes back to a department – template and receipt (回执).

Belongs here: looking at what lies at a department's place, when it was first found, due days, timeliness, delivery
templates, receipts for people, reminders. Does not belong here: reading and judging rows (feeds), how a notice
reaches people (notices), when things run (pipelines). Nothing here decides a number of the index.
"""
