"""The work on targets: read their states, act on the difference, verify, and say what became of each.

Here: which calls are made, in which order and with how much time, and what their answers mean for a task. Not
here: how a call is sent (`handler.ccc`), when it may be sent (`handler.pacing`), what is published.
"""
