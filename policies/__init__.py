"""What we may do: actions, conditions, contact policy, channels, guardrails."""
