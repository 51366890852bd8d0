"""What a run did, and what is said of it: from outcomes to the notification's JSON. Pure.

How a task's entry, a status, a sentence or a CloudEvent looks belongs here. What became of a task is decided
in `handler.reconcile`; where a report goes, and how it gets there, belongs in `handler.topics`.
"""
