"""Floor 11: the HTTP API."""
