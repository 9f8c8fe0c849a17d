"""Floor 15: sources outside, mapped onto the feed."""
