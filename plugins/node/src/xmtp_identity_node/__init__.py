"""An XMTP identity node: admission, stores, gRPC and HTTP."""
