"""Which number belongs to whom: the allotment of ``identity.proto`` in Python.

protoc checks the declarations of the .proto file, Python's runtime does not;
the registry checks them again with this table when a plugin is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

__all__ = ["ALLOTMENT", "Allotted", "Tier", "layer_name", "tier_of"]

FIRST_LEAF: Final = 100
FIRST_EXPERIMENT: Final = 1000
LAST_LEAF: Final = 1999


class Tier(Enum):
    """What a number says of the kind that it stands for."""

    ROOT = "root"
    ALLOTTED = "allotted"
    EXPERIMENT = "experiment"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Allotted:
    """A number of `MemberIdentifier` that has an owner.

    extension: full name of the extension of `MemberIdentifier`.
    signatures: the full names of its extensions of `Signature`, by number.
    distribution: the package that provides the kind.
    """

    number: int
    name: str
    noun: str
    extension: str
    signatures: dict[int, str]
    distribution: str


def _leaf(number: int, name: str, noun: str) -> Allotted:
    package = f"xmtp_identity_{name}.v1"
    return Allotted(
        number=number,
        name=name,
        noun=noun,
        extension=f"{package}.{name}_identifier",
        signatures={number: f"{package}.{name}_signature"},
        distribution=f"xmtp-identity-{name.replace('_', '-')}",
    )


_ETHEREUM: Final = "xmtp_identity_ethereum.v1"
_PASSKEY: Final = "xmtp_identity_passkey.v1"

ALLOTMENT: Final[dict[int, Allotted]] = {
    entry.number: entry
    for entry in (
        Allotted(
            1,
            "ethereum",
            "address",
            f"{_ETHEREUM}.ethereum_address",
            {
                1: f"{_ETHEREUM}.erc_191",
                2: f"{_ETHEREUM}.erc_6492",
                4: f"{_ETHEREUM}.delegated_erc_191",
            },
            "xmtp-identity-ethereum",
        ),
        Allotted(
            2,
            "installation",
            "installation",
            "xmtp_identity.v1.MemberIdentifier.installation_public_key",
            {3: "xmtp_identity.v1.Signature.installation_key"},
            "xmtp-identity",
        ),
        Allotted(
            3,
            "passkey",
            "passkey",
            f"{_PASSKEY}.passkey",
            {5: f"{_PASSKEY}.passkey_signature"},
            "xmtp-identity-passkey",
        ),
        _leaf(100, "solana", "Solana address"),
        _leaf(101, "bitcoin", "Bitcoin address"),
        _leaf(102, "nostr", "Nostr key"),
        _leaf(103, "bluesky", "Bluesky account"),
        _leaf(104, "zcash", "Zcash address"),
        _leaf(105, "world_id", "World ID"),
        _leaf(106, "farcaster", "Farcaster account"),
    )
}
"""By the number in `MemberIdentifier`."""


def tier_of(number: int) -> Tier:
    """The tier of a number of `MemberIdentifier` or `Signature`."""
    if 0 < number < FIRST_LEAF:
        return Tier.ROOT
    if FIRST_LEAF <= number < FIRST_EXPERIMENT:
        return Tier.ALLOTTED
    if FIRST_EXPERIMENT <= number <= LAST_LEAF:
        return Tier.EXPERIMENT
    return Tier.UNKNOWN


def layer_name(number: int) -> str:
    """What a leaf number is called: its allotted name, else the number."""
    entry = ALLOTMENT.get(number)
    return entry.name if entry else str(number)
