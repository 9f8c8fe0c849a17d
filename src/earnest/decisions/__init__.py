"""Floor 4: findings and decisions with receipts, standing orders, approvals, replay."""
