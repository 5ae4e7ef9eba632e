"""What this package gives to the core."""

from __future__ import annotations

from xmtp_identity.hookspecs import hookimpl
from xmtp_identity.kinds import Kind, Proof, lazy

from .identifier import KIND, NUMBER, decode, encode, parse

__all__ = ["register_kinds"]


@hookimpl
def register_kinds() -> list[Kind]:
    """Provide the kind ``solana``, a leaf kind: one number for all it does."""
    return [
        Kind(
            number=NUMBER,
            name=KIND,
            noun="Solana address",
            extension="xmtp_identity_solana.v1.solana_identifier",
            parse=parse,
            decode=decode,
            encode=encode,
            proofs={
                NUMBER: Proof(
                    number=NUMBER,
                    name=KIND,
                    verify_many=lazy("xmtp_identity_solana.signature:verify_many"),
                )
            },
            signing=lazy("xmtp_identity_solana.signer:tools"),
        )
    ]
