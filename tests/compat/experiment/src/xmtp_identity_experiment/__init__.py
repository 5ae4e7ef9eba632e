"""A kind for experiments: bare Ed25519 keys."""
