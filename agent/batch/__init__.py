"""The campaign manager's run: every customer, partition by partition, on as many processes as there are cores."""
