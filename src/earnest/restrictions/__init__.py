"""Floor 5: capability grants with cause, clause and release condition."""
