"""The passkey kind of XMTP identity."""
