"""The audit: was anybody called in quiet hours? CCC's call records are held against the policy.

`reading` gets the calls from CCC, `hours` says which of them matter, and `attribution` which task or campaign
made these. `auditor` does it, one application after the other. What it finds is a `report.audit`.
"""
