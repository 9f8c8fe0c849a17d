"""Floor 8: campaigns that ask merchants about a provider, and their answers."""
