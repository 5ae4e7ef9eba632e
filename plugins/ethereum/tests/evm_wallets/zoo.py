"""One wallet of each sort, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .wallets import ChainWallet, Wallets, key

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

__all__ = ["DEPLOYED", "NAMES", "UNDEPLOYED", "Kept", "zoo_on"]

DEPLOYED: Final = (
    "minimal",
    "Safe, one of one",
    "Safe, two of two",
    "Solady, ERC-4337",
    "EIP-7702",
)
UNDEPLOYED: Final = (
    "Safe, one of one, undeployed",
    "Safe, two of two, undeployed",
    "Solady, ERC-4337, undeployed",
)
NAMES: Final = (*DEPLOYED, *UNDEPLOYED)


@dataclass(frozen=True)
class Kept:
    """A wallet and who owns it.

    form: how the owners sign: "plain", "safe" or "solady".
    owners: in the order in which they sign.
    """

    wallet: ChainWallet
    form: str
    owners: tuple[LocalAccount, ...]


def zoo_on(wallets: Wallets) -> Mapping[str, Kept]:
    """All of `NAMES`; nobody owns two of them."""
    zoo = {}
    for name in NAMES:
        owners = [key(f"first of {name}")]
        if "two" in name:
            owners.append(key(f"second of {name}"))
        owners.sort(key=lambda one: one.address.lower())
        deployed = name in DEPLOYED
        if name.startswith("Safe"):
            wallet = wallets.safe(owners, len(owners), deployed=deployed)
            form = "safe"
        elif name.startswith("Solady"):
            wallet = wallets.solady(owners[0], deployed=deployed)
            form = "solady"
        else:
            make = wallets.minimal if name == "minimal" else wallets.delegated
            wallet, form = make(owners[0]), "plain"
        zoo[name] = Kept(wallet, form, tuple(owners))
    return zoo
