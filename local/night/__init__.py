"""A night in the embedded world: what is planned, how it goes, and how it is shown."""
