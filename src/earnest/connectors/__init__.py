"""Floor 17: sources outside, mapped onto the feed."""
