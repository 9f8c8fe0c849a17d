"""Floor 10: the books held against the institution's daily statement."""
