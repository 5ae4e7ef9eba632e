"""Following another node: its logs into this store, verified."""
