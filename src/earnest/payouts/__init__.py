"""Floor 9: cash that goes out: payouts, their parts and attempts, verified payee accounts."""
