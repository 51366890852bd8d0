"""A message becomes a request and its jobs, or a refusal that names the fields at fault. Pure.

What a message may ask for, and which tasks it means, belongs here. How a platform packs messages belongs in
`handler.triggers`; what becomes of the jobs is decided in `handler.reconcile`.
"""
