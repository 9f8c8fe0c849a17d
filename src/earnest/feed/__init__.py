"""Floor 3: the neutral event schema, ingestion, the event store and order facts."""
