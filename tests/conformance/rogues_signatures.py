"""Rogues by what they take for a signature."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256, sha512
from typing import Final

from nacl.bindings import crypto_sign_seed_keypair

from xmtp_identity import MemberIdentifier
from xmtp_identity.errors import InvalidSignature
from xmtp_identity.installation import ed25519ph
from xmtp_identity.installation.signature import SIGNATURE_CONTEXT
from xmtp_identity.kinds import (
    Proof,
    SignatureItem,
    VerifiedSignature,
    WireSignature,
)
from xmtp_identity.testing import ConformanceCase, Vector
from xmtp_identity.testing.root_kind import TEST_ROOT, TestRootSigner
from xmtp_identity_ethereum import secp256k1

from . import gallery
from .gallery import NAME, NUMBER, Key, Result, Rogue, case, kind, many, refusal

_L: Final = 2**252 + 27742317777372353535851937790883648493


def _proven(item: SignatureItem, word_key: bytes | None = None) -> VerifiedSignature:
    assert item.identifier is not None
    key = word_key or item.identifier.value.encode()
    return VerifiedSignature(item.identifier, key, item.payload)


def _key_of(item: SignatureItem) -> bytes:
    """The key of the identifier, or one that nobody has."""
    value = item.identifier.value if item.identifier else ""
    return bytes.fromhex(value) if re.fullmatch("[0-9a-f]{64}", value) else bytes(32)


# Signatures


def _accepts_anything() -> ConformanceCase:
    def verify(item: SignatureItem) -> Result:
        return _proven(item) if item.identifier else refusal()

    return case(kind(many(verify)))


def _looks_at_the_length() -> ConformanceCase:
    def verify(item: SignatureItem) -> Result:
        good = item.identifier is not None and len(item.payload) == 64
        return _proven(item) if good else refusal()

    return case(kind(many(verify)))


class _EcdsaKey(Key):
    """A key on secp256k1 whose identifier is the hash of its public key."""

    @property
    def identifier(self) -> MemberIdentifier:
        public = secp256k1.public_key_of(self.seed)
        return MemberIdentifier(NAME, sha256(public).hexdigest())

    def sign(self, text: str) -> WireSignature:
        signature, parity = secp256k1.sign(self.seed, sha256(text.encode()).digest())
        return WireSignature(NUMBER, signature + bytes((parity,)))


def _recovered(item: SignatureItem, payload: bytes) -> str | None:
    """The identifier of the key that made a signature."""
    if len(payload) != 65:
        return None
    digest = sha256(item.text).digest()
    try:
        public = secp256k1.recover(payload[:64], payload[64], digest)
    except ValueError:
        return None
    return sha256(public).hexdigest()


def _never_compares() -> ConformanceCase:
    """Recovers a key from the signature, and does not look whose it is."""

    def verify(item: SignatureItem) -> Result:
        if item.identifier is None or _recovered(item, item.payload) is None:
            return refusal()
        return _proven(item)

    return case(kind(many(verify)), signer=_EcdsaKey)


def _high_s_as_a_new_signature() -> ConformanceCase:
    """What it recovers it compares, and calls each signature another word."""

    def verify(item: SignatureItem) -> Result:
        value = item.identifier.value if item.identifier else None
        if _recovered(item, item.payload) != value or value is None:
            return refusal()
        return _proven(item, word_key=item.payload)

    return case(kind(many(verify)), signer=_EcdsaKey)


def _lax_scalar() -> ConformanceCase:
    """Takes S + L for S (RFC 8032, section 5.1.7), as another word."""

    def verify(item: SignatureItem) -> Result:
        scalar = int.from_bytes(item.payload[32:64], "little") % _L
        reduced = item.payload[:32] + scalar.to_bytes(32, "little")
        result = gallery.verify(item._replace(payload=reduced))
        if not isinstance(result, VerifiedSignature) or len(item.payload) != 64:
            return refusal()
        return result._replace(word_key=result.word_key + item.payload[32:])

    return case(kind(many(verify)))


class _CarryingKey(Key):
    """A key that puts itself in front of its signatures."""

    def sign(self, text: str) -> WireSignature:
        public, _ = crypto_sign_seed_keypair(self.seed)
        return WireSignature(NUMBER, public + self.signature(text.encode()))


def _trusts_the_key_in_the_signature() -> ConformanceCase:
    def verify(item: SignatureItem) -> Result:
        key, signature = item.payload[:32], item.payload[32:]
        if item.identifier is None or len(key) != 32:
            return refusal()
        if not gallery.is_signed(key, signature, item.text):
            return refusal()
        return _proven(item)

    return case(kind(many(verify)), signer=_CarryingKey)


class _PaddedKey(Key):
    """A signer by a hash, with 32 bytes that mean nothing behind it."""

    def sign(self, text: str) -> WireSignature:
        own = self.identifier.value.encode()
        digest = sha256(own + b"\0" + text.encode()).digest()
        return WireSignature(NUMBER, digest + sha256(digest).digest())


def _looks_at_half_of_it() -> ConformanceCase:
    def verify(item: SignatureItem) -> Result:
        own = (
            item.identifier.value.encode("utf-8", "replace") if item.identifier else b""
        )
        good = sha256(own + b"\0" + item.text).digest() == item.payload[:32]
        if not good or item.identifier is None or len(item.payload) != 64:
            return refusal()
        return _proven(item)

    return case(kind(many(verify)), signer=_PaddedKey)


class _HeadKey(Key):
    """A signer of the first 200 bytes of a text."""

    def sign(self, text: str) -> WireSignature:
        return WireSignature(NUMBER, self.signature(text.encode()[:200]))


def _looks_at_the_head_of_the_text() -> ConformanceCase:
    def verify(item: SignatureItem) -> Result:
        return gallery.verify(item._replace(text=item.text[:200]))

    return case(kind(many(verify)), signer=_HeadKey)


class _StrippingKey(Key):
    """A signer of texts without the white space around them."""

    def sign(self, text: str) -> WireSignature:
        return WireSignature(NUMBER, self.signature(text.strip().encode()))


def _strips_the_text() -> ConformanceCase:
    def verify(item: SignatureItem) -> Result:
        return gallery.verify(item._replace(text=item.text.strip()))

    return case(kind(many(verify)), signer=_StrippingKey)


def _ignores_a_bit_of_the_key() -> ConformanceCase:
    """The top bit of a key is its sign, and is dropped here."""

    class SignlessKey(Key):
        @property
        def identifier(self) -> MemberIdentifier:
            key = bytearray(crypto_sign_seed_keypair(self.seed)[0])
            key[31] &= 0x7F
            return MemberIdentifier(NAME, key.hex())

    def verify(item: SignatureItem) -> Result:
        key = bytearray(_key_of(item))
        for sign in (0, 0x80):
            key[31] = key[31] & 0x7F | sign
            if item.identifier and gallery.is_signed(
                bytes(key), item.payload, item.text
            ):
                key[31] &= 0x7F
                return _proven(item, bytes(key))
        return refusal()

    return case(kind(many(verify)), signer=SignlessKey)


class _AppKey(Key):
    """A signer that signs as apps do."""

    def sign(self, text: str) -> WireSignature:
        return WireSignature(
            NUMBER, ed25519ph.sign(self.seed, text.encode(), SIGNATURE_CONTEXT)
        )


def _signs_as_apps_do() -> ConformanceCase:
    """It also reads what apps put around their signatures."""

    def verify(item: SignatureItem) -> Result:
        payload = item.payload
        if len(payload) == 100:
            payload = payload[2:66]
        digest = sha512(item.text).digest()
        try:
            ed25519ph.verify(_key_of(item), payload, digest, SIGNATURE_CONTEXT)
        except InvalidSignature:
            return refusal()
        return _proven(item) if item.identifier else refusal()

    return case(kind(many(verify)), signer=_AppKey)


def _root_that_believes() -> ConformanceCase:
    """A root kind that takes the word of a signature for who made it."""

    def verify(item: SignatureItem) -> Result:
        if len(item.payload) != 98:
            return refusal()
        key = item.payload[2:34]
        return VerifiedSignature(MemberIdentifier("ethereum", key.hex()), key, key)

    proofs = dict(TEST_ROOT.proofs)
    proofs[1] = Proof(number=1, name="believes", verify_many=many(verify))
    return case(replace(TEST_ROOT, proofs=proofs), signer=TestRootSigner)


def _number_of_no_proof() -> ConformanceCase:
    class StrayKey(Key):
        def sign(self, text: str) -> WireSignature:
            return super().sign(text)._replace(number=NUMBER + 1)

    return case(signer=StrayKey)


def _one_word_for_all() -> ConformanceCase:
    def verify(item: SignatureItem) -> Result:
        result = gallery.verify(item)
        if isinstance(result, VerifiedSignature):
            return result._replace(word_key=b"word")
        return result

    return case(kind(many(verify)))


def _refuses_a_wallet() -> ConformanceCase:
    """A wallet that people use wraps the text, and the kind does not know."""
    wrapped = Key(b"vector".ljust(32, b".")).signature(b"\xffwrapped text")
    vector = Vector(
        identifier=gallery.VALID[0], text="text", payload=wrapped, source="a wallet"
    )
    return case(vectors=(vector,))


ROGUES: Final = [
    Rogue("accepts any signature", _accepts_anything(), "forgeries", "is taken for"),
    Rogue(
        "looks at the length alone", _looks_at_the_length(), "forgeries", "is taken for"
    ),
    Rogue(
        "recovers but never compares",
        _never_compares(),
        "other-account",
        "Another account's signature",
    ),
    Rogue(
        "trusts the key in the signature",
        _trusts_the_key_in_the_signature(),
        "other-account",
        "Another account's signature",
    ),
    Rogue(
        "accepts high s as a new signature",
        _high_s_as_a_new_signature(),
        "twins",
        "n - s of secp256k1",
    ),
    Rogue("accepts S + L as a new signature", _lax_scalar(), "twins", "S + 1 L"),
    Rogue(
        "looks at half of a signature",
        _looks_at_half_of_it(),
        "flipped-signature",
        "nobody looks at",
    ),
    Rogue(
        "looks at the head of the text",
        _looks_at_the_head_of_the_text(),
        "flipped-text",
        "of the text flipped",
    ),
    Rogue(
        "strips the text", _strips_the_text(), "other-text", "it passes for the text"
    ),
    Rogue(
        "ignores a bit of the key",
        _ignores_a_bit_of_the_key(),
        "flipped-identifier",
        "255 of the encoded key",
    ),
    Rogue(
        "signs as another kind does",
        _signs_as_apps_do(),
        "other-kind",
        "signature of installation passes",
    ),
    Rogue(
        "a root that believes what signatures say",
        _root_that_believes(),
        "forgeries",
        "is taken for",
    ),
    Rogue(
        "signs with a number of no proof",
        _number_of_no_proof(),
        "signers",
        "number 1991",
    ),
    Rogue("one word for all", _one_word_for_all(), "signers", "one word key"),
    Rogue("refuses a real wallet", _refuses_a_wallet(), "vectors", "a wallet:"),
]
