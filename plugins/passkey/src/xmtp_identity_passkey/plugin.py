"""The plugin: hands the passkey kind to the core."""

from __future__ import annotations

from xmtp_identity.hookspecs import hookimpl
from xmtp_identity.kinds import Kind, Proof, lazy

from .identifier import KIND, admit, decode, decode_string, encode, parse

__all__ = ["register_kinds"]


@hookimpl
def register_kinds() -> list[Kind]:
    """Provide the passkey kind (number 3, signatures of number 5)."""
    proof = Proof(
        number=5,
        name="passkey",
        verify_many=lazy("xmtp_identity_passkey.signature:verify_many"),
        admit=lazy("xmtp_identity_passkey.admission:admit"),
    )
    return [
        Kind(
            number=3,
            name=KIND,
            noun="passkey",
            extension="xmtp_identity_passkey.v1.passkey",
            parse=parse,
            decode=decode,
            encode=encode,
            proofs={proof.number: proof},
            identifier_kind=2,
            decode_string=decode_string,
            admit=admit,
            signing=lazy("xmtp_identity_passkey.signer:signing_tools"),
        )
    ]
