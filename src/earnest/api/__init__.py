"""Floor 18: the HTTP API."""
