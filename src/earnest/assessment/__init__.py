"""Floor 8: the monthly cycle: findings from measures, ladders, consequences."""
