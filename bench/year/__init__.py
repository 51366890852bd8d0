"""A year of wake-ups that `enforce` quiet hours with a ledger, and a person at work: what `bench/soak.py` runs."""
