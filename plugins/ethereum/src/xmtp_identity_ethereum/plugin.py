"""What this package gives to the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from xmtp_identity.hookspecs import hookimpl
from xmtp_identity.kinds import Kind, Proof, lazy

from .identifier import KIND, admit, can_own, decode, decode_string, encode, parse

__all__ = ["register_contexts", "register_kinds"]

_contexts: Final = lazy("xmtp_identity_ethereum.chain.context:contexts")


@hookimpl
def register_kinds() -> list[Kind]:
    """Provide the kind ``ethereum``, a root kind of XMTP's own."""
    return [
        Kind(
            number=1,
            name=KIND,
            noun="address",
            extension="xmtp_identity_ethereum.v1.ethereum_address",
            identifier_kind=1,
            parse=parse,
            decode=decode,
            decode_string=decode_string,
            encode=encode,
            can_own=can_own,
            admit=admit,
            proofs={
                1: _proof(1, "erc_191", "signature"),
                2: _proof(2, "erc_6492", "smart_wallet"),
                4: _proof(4, "delegated_erc_191", "legacy"),
            },
            signing=lazy("xmtp_identity_ethereum.signer:tools"),
        )
    ]


@hookimpl
def register_contexts(chains: Mapping[str, Sequence[str]]) -> Mapping[str, Any]:
    """Provide access to the chains of EIP-155, which judge smart wallets."""
    found: Mapping[str, Any] = _contexts(chains)
    return found


def _proof(number: int, name: str, module: str) -> Proof:
    return Proof(
        number=number,
        name=name,
        verify_many=lazy(f"xmtp_identity_ethereum.{module}:verify_many"),
        admit=lazy(f"xmtp_identity_ethereum.{module}:admit"),
    )
