"""Floor 7: what people hand in as proof, kept whole, typed, hashed and never changed."""
