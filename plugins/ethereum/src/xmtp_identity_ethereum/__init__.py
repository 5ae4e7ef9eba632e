"""Ethereum wallets, smart wallets and XMTP V2's delegated keys as XMTP identities."""
