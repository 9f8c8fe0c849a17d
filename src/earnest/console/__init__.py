"""Floor 11: the console for operators, providers and shops."""
