"""What this package gives to the core. Light: it is loaded with every client."""

from __future__ import annotations

from xmtp_identity.hookspecs import hookimpl
from xmtp_identity.kinds import Kind, Proof, lazy

from .identifier import KIND, NOUN, NUMBER, decode, encode, parse

__all__ = ["register_kinds"]


@hookimpl
def register_kinds() -> list[Kind]:
    """Provide the kind, a leaf kind: one number for all it does."""
    return [
        Kind(
            number=NUMBER,
            name=KIND,
            noun=NOUN,
            extension=f"{__package__}.v1.{KIND}_identifier",
            parse=parse,
            decode=decode,
            encode=encode,
            proofs={
                NUMBER: Proof(
                    number=NUMBER,
                    name=KIND,
                    verify_many=lazy(f"{__package__}.signature:verify_many"),
                )
            },
            signing=lazy(f"{__package__}.signer:tools"),
        )
    ]
