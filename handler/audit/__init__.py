"""The audit: was anybody called in quiet hours? CCC's call records are held against the policy.

`reading` gets the calls from CCC, `hours` says which of them matter, `attribution` which task or campaign made
these. `auditor` does it, one application after the other; what it finds is a `handler.report.audit`.
"""
