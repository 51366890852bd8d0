"""The policy: which quiet hours there are, for which tasks and campaigns, and how a document is read.

What a policy may say belongs in `model` and `entries`, what is wrong with one in `faults`, where it comes
from in `source`. Which rule is that of a task or campaign belongs in `rules`, what matches a name in
`patterns`. How text becomes plain data, in JSON or YAML, belongs in the other modules; a message's JSON is
read by the same `json_document`. How quiet hours are written and computed belongs in `handler.quiet_hours`.
"""
