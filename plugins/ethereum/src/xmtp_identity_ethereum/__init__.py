"""The ethereum kind of XMTP identity."""
