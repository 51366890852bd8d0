"""The policy: which quiet hours there are, for which tasks, and how a document that says so is read.

What a policy may say belongs in `model`, where it comes from in `source`, and how text becomes plain data, in
JSON or YAML, in the other modules; a message's JSON is read by the same `json_document`. How quiet hours are
written and computed belongs in `handler.quiet_hours`.
"""
