"""The passkey kind of XMTP identity: WebAuthn keys on the curve P-256."""
