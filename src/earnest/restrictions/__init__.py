"""Floor 7: capability grants with cause, clause and release condition."""
