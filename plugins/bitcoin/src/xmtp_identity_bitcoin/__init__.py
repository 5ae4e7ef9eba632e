"""Bitcoin addresses as XMTP identities: BIP-137 and BIP-322 signatures."""
