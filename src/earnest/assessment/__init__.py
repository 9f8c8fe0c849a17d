"""Floor 12: the monthly cycle: findings from measures, ladders, consequences."""
