"""Floor 15: how a provider leaves: by its own wish or by removal, and when it may return."""
