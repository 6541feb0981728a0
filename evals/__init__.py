"""How good it is: recorded cases, replay and comparison."""
