"""The work: read the states of tasks, act on the difference, verify, and say what became of each.

Which requests are sent, in which order and with how much time, and what their answers mean for a task belongs
here. How a request is sent and paced belongs in `handler.cloud`, what is published in `handler.topics`.
"""
