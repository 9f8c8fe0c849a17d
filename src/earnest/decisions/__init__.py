"""Floor 6: findings and decisions with receipts, standing orders, approvals, replay."""
