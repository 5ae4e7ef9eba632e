"""The installation kind, as the registry holds it."""

from __future__ import annotations

from typing import Final

from ..kinds import Kind, Proof, lazy
from . import identifier

__all__ = ["INSTALLATION"]

INSTALLATION: Final = Kind(
    number=2,
    name=identifier.KIND,
    noun="installation",
    extension="xmtp_identity.v1.MemberIdentifier.installation_public_key",
    parse=identifier.parse,
    decode=identifier.decode,
    encode=identifier.encode,
    admit=identifier.admit,
    proofs={
        3: Proof(
            number=3,
            name="installation_key",
            verify_many=lazy("xmtp_identity.installation.signature:verify_many"),
            admit=identifier.admit_signature,
        )
    },
    signing=lazy("xmtp_identity.installation.signer:signing_tools"),
)
"""An app's key: it may add identifiers, and neither creates nor recovers
inboxes, so it has no `IdentifierKind`. Signed texts call it "app"; those
lines are the core's own."""
