"""Floor 18: the console for operators, providers and shops."""
