"""Where reports are published: one module for each kind of topic, and what all of them need.

A kind of topic belongs here, with the grammar of its address in `addresses` and its client in `topic`.
`notifier` decides what is published, once and not again; `sending` sends it in parts, in time. What a
report says belongs in `handler.report`.
"""
