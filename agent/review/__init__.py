"""The approval queue: what waits, what a person decided, and the log of it."""
