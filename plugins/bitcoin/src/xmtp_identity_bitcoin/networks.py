"""Bitcoin's networks. An address of a test network does not say which it is of."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["MAINNET", "NETWORKS", "Network", "by_name", "by_reference"]


class Network(NamedTuple):
    """What sets the addresses of a network apart.

    name: as it stands in identifiers, before a colon.
    reference: its CAIP-2 reference in the namespace bip122, the first 32 hex
        digits of the hash of its first block.
    p2pkh, p2sh, wif: the first byte of what is written in base58check.
    hrp: the human-readable part of bech32 addresses.
    """

    name: str
    reference: str
    p2pkh: int
    p2sh: int
    wif: int
    hrp: str


MAINNET: Final = Network(
    "mainnet", "000000000019d6689c085ae165831e93", 0x00, 0x05, 0x80, "bc"
)

NETWORKS: Final = (
    MAINNET,
    Network("testnet3", "000000000933ea01ad0ee984209779ba", 0x6F, 0xC4, 0xEF, "tb"),
    Network("testnet4", "00000000da84f2bafbbc53dee25a72ae", 0x6F, 0xC4, 0xEF, "tb"),
    Network("signet", "00000008819873e925422c1ff0f99f7c", 0x6F, 0xC4, 0xEF, "tb"),
    Network("regtest", "0f9188f13cb7b2c71f2a335e3a4fc328", 0x6F, 0xC4, 0xEF, "bcrt"),
)
"""Those that identifiers can name. There is one signet here, the public one."""

by_name: Final = {network.name: network for network in NETWORKS}
by_reference: Final = {network.reference: network for network in NETWORKS}
