"""What leaves the function passes here: log lines, their encoding, and the redaction of secrets.

Nothing here knows what the texts mean: reports belong in `handler.report`, errors in `handler.errors`.
"""
