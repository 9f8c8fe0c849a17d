"""Floor 5: editions of rulebooks, amendments on their way, confirmed values and objections."""
