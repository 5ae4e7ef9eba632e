{% set carries_key = cookiecutter.form == "address" and not cookiecutter.recoverable %}
"""The proof of this kind: a signature of the text by a member's key.

{% if carries_key %}
A payload is the public key and, behind it, the signature. The key in it proves
nothing by itself: it must be the one that the member's address is made of.
{% elif cookiecutter.recoverable %}
The key is recovered from the signature. It proves nothing by itself: it must be
that of the member.
{% else %}
The key is that of the member whose signature it must be; none is taken from the
signature.
{% endif %}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xmtp_identity.errors import InvalidIdentifier, InvalidSignature, SignatureError
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import Context, SignatureItem, VerifiedSignature

{% if cookiecutter.form == "key" %}
from .identifier import KIND, encode
{% else %}
from .identifier import KIND, address_of, encode
{% endif %}
{% if carries_key %}
from .keys import KEY_BYTES, SIGNATURE_BYTES, verify
{% elif cookiecutter.recoverable %}
from .keys import SIGNATURE_BYTES, recover
{% else %}
from .keys import SIGNATURE_BYTES, verify
{% endif %}

__all__ = ["PAYLOAD_BYTES", "signed_message", "verify_many"]

{% if carries_key %}
PAYLOAD_BYTES: Final = KEY_BYTES + SIGNATURE_BYTES
{% else %}
PAYLOAD_BYTES: Final = SIGNATURE_BYTES
{% endif %}
"""How long the extension of `Signature` is: {{ "the key and the signature" if carries_key else "the signature" }}."""

_PREFIX: Final = b"\xff" + f"{KIND} signs for XMTP:\n".encode()


def signed_message(text: bytes, _signer: MemberIdentifier) -> bytes:
    """The bytes that a member's key signs for the text of an update.

    text: UTF-8.
    _signer: the member; some chains want the account in what is signed.

    Two texts never give the same bytes. The prefix begins with a byte that no
    text has and names the kind, so no text that the key signs for another
    application, or for another kind, gives these bytes. If a chain's wallets
    have a prefix of their own for messages, build theirs.
    """
    return _PREFIX + text


def verify_many(
    items: Sequence[SignatureItem], _context: Context
) -> list[VerifiedSignature | SignatureError]:
    """Verify signatures; see `xmtp_identity.kinds.Proof`.

    A pure function of the items: no clock, no settings, no memory. Whatever the
    bytes are, each item gets an answer.
    """
    return [_verify(item) for item in items]


def _verify(item: SignatureItem) -> VerifiedSignature | SignatureError:
    text, payload, signer = item
    if signer is None:
        return InvalidSignature(
            f"A signature of the kind {KIND} does not say whose it is: the identifier "
            "is needed too.",
            code=f"{KIND}_signer",
        )
    if len(payload) != PAYLOAD_BYTES:
        return InvalidSignature(
            f"A signature of the kind {KIND} has {PAYLOAD_BYTES} bytes, this one has "
            f"{len(payload)}.",
            code=f"{KIND}_signature_form",
        )
    try:
        own = encode(signer)
    except InvalidIdentifier as error:
        return InvalidSignature(error.detail, code=f"{KIND}_signer")
    message = signed_message(text, signer)
{% if carries_key %}
    key, signature = payload[:KEY_BYTES], payload[KEY_BYTES:]
    if address_of(key) == own and verify(key, signature, message):
        return VerifiedSignature(signer, own, payload)
{% elif cookiecutter.recoverable and cookiecutter.form == "address" %}
    key = recover(payload, message)
    if key is not None and address_of(key) == own:
        return VerifiedSignature(signer, own, payload)
{% elif cookiecutter.recoverable %}
    if recover(payload, message) == own:
        return VerifiedSignature(signer, own, payload)
{% else %}
    if verify(own, payload, message):
        return VerifiedSignature(signer, own, payload)
{% endif %}
    return InvalidSignature("The signature is not of this text by this member.")
