"""Access to chains: how smart wallets are asked, over JSON-RPC or through a node."""
