"""Notices: reminders, warnings, failed gates and checks, and how they reach people by the channel of city.yaml.

Belongs here: what a notice is, that each is sent once, the channels (file, SMTP, webhook), retrying. Does not belong
here: deciding that somebody must be told (arrivals, pipelines), or anything that a run waits for: a notice that cannot
be sent is kept, reported and tried again.
"""
