"""Read, verify and write XMTP identity logs."""
