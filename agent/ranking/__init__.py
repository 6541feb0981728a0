"""Which of the possible messages is worth sending: propensity × value − cost, in the customer's own currency."""
