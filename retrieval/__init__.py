"""What we know: the history of each customer, as it was known at a moment."""
