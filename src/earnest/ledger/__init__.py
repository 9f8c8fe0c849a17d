"""Floor 2: double entry on PostgreSQL, the only place where money moves."""
