"""Solana addresses as XMTP identities."""
