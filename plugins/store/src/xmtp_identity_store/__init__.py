"""A local store of identity logs and snapshots, on SQLite."""
