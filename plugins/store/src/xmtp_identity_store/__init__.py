"""A store of identity logs and snapshots, on SQLite or PostgreSQL."""
