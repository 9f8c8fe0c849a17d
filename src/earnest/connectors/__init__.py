"""Floor 10: sources outside, mapped onto the feed."""
