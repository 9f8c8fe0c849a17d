"""Floor 14: reports of violations, the queue of those who look into them, their findings."""
