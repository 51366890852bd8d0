"""A year of wake-ups that `enforce` with a ledger, and a person at work: what `bench/soak.py` runs."""
