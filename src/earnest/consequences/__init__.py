"""Floor 11: what a decision does once it is in effect, and the settling of waiting decisions."""
