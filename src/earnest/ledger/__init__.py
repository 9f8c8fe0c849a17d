"""Floor 3: double entry on PostgreSQL, the only place where money moves."""
