"""Floor 16: the HTTP API."""
