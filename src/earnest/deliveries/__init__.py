"""Floor 8: what leaves the house: mail and signed webhooks, sent until they arrive."""
