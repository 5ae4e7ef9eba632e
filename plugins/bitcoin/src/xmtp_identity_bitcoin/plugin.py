"""What this package gives to the core."""

from __future__ import annotations

from xmtp_identity.hookspecs import hookimpl
from xmtp_identity.kinds import Kind, Proof, lazy

from .identifier import KIND, decode, encode, parse

__all__ = ["register_kinds"]


@hookimpl
def register_kinds() -> list[Kind]:
    """Provide the kind ``bitcoin``, a leaf kind."""
    return [
        Kind(
            number=101,
            name=KIND,
            noun="Bitcoin address",
            extension="xmtp_identity_bitcoin.v1.bitcoin_identifier",
            parse=parse,
            decode=decode,
            encode=encode,
            proofs={
                101: Proof(
                    number=101,
                    name="bitcoin_signature",
                    verify_many=lazy("xmtp_identity_bitcoin.signature:verify_many"),
                )
            },
            signing=lazy("xmtp_identity_bitcoin.signer:tools"),
        )
    ]
