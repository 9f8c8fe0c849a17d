"""The embedded PostgreSQL server and the roles that earnest works under."""
