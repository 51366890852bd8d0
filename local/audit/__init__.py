"""`quiet-hours audit`: CCC's call records against the policy, as a person asks for it."""
