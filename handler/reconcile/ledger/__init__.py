"""The ledger: what this function paused, and what became of it in the morning. docs/ledger.md draws it."""
