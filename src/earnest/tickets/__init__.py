"""Floor 8: sanctions as a party sees them: told, appealed against, in force, reversed."""
