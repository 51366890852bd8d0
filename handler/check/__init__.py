"""Whether everything works that the next quiet hours need. A check reads, and changes no task.

What is looked at, and when a rehearsal is due, belongs here. How findings are said belongs in
`handler.report.check`, how they are published in `handler.topics`.
"""
