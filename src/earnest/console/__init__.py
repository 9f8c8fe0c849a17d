"""Floor 16: the console for operators, providers and shops."""
