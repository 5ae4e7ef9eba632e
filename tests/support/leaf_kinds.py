"""Leaf kinds that live in the tests, as plugins would bring them.

`TESTA` and `TESTB` are Ed25519 keys with real signatures. `CHAIN` needs a
context to say whether a key is good, `CRASH` breaks on demand, `LOOSE` takes
identifiers in more than one form. All functions are at the top of the module,
so that a registry with them can be sent to another process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from typing import Final

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from xmtp_identity import Kind, MemberIdentifier, Registry, load_registry
from xmtp_identity.errors import (
    InvalidIdentifier,
    InvalidSignature,
    SignatureError,
    SignatureUnavailable,
)
from xmtp_identity.kinds import Context, Proof, SignatureItem, VerifiedSignature

from .signers import Leaf

A: Final = 1000
B: Final = 1001
CHAIN_NUMBER: Final = 1002
CRASH_NUMBER: Final = 1003
LOOSE_NUMBER: Final = 1004

_KEY_BYTES: Final = 32


# Keys


def _parse(kind: str, text: str) -> MemberIdentifier:
    try:
        return _decode(kind, bytes.fromhex(text))
    except ValueError:
        raise InvalidIdentifier("A key of the tests is 64 hex digits.") from None


def _decode(kind: str, payload: bytes) -> MemberIdentifier:
    if len(payload) != _KEY_BYTES:
        raise InvalidIdentifier("A key of the tests has 32 bytes.")
    return MemberIdentifier(kind, payload.hex())


def _encode(identifier: MemberIdentifier) -> bytes:
    return bytes.fromhex(identifier.value)


def _verify_one(item: SignatureItem) -> VerifiedSignature | SignatureError:
    assert item.identifier is not None, "a leaf's verifier is told whose it must be"
    key = bytes.fromhex(item.identifier.value)
    try:
        VerifyKey(key).verify(item.text, item.payload)
    except (BadSignatureError, ValueError):
        return InvalidSignature("The key did not sign this.")
    return VerifiedSignature(item.identifier, key, item.payload)


def _verify_many(
    items: Sequence[SignatureItem], _: Context
) -> list[VerifiedSignature | SignatureError]:
    return [_verify_one(item) for item in items]


# A kind that asks a chain


def _ask_chain(
    items: Sequence[SignatureItem], context: Context
) -> list[VerifiedSignature | SignatureError]:
    verdicts = context.get("testchain", {})
    results: list[VerifiedSignature | SignatureError] = []
    for item in items:
        result = _verify_one(item)
        if isinstance(result, VerifiedSignature):
            verdict = verdicts.get(result.signer.value)
            if verdict is None:
                result = SignatureUnavailable("The chain is away.", claimed=result)
            elif not verdict:
                result = InvalidSignature("The chain says no.")
        results.append(result)
    return results


# A kind that breaks


class Broken(RuntimeError):
    """What a broken plugin raises."""


def _break_decode(payload: bytes) -> MemberIdentifier:
    if payload == b"decode raises":
        raise Broken(payload)
    if payload == b"decode gives nothing":
        return None  # type: ignore[return-value]  # that is the fault
    if payload == b"decode gives another kind":
        return MemberIdentifier("testa", "x")
    if payload == b"decode is unavailable":
        raise SignatureUnavailable("A decoder has nothing to ask.", claimed=None)
    if payload == b"encode raises":
        return MemberIdentifier("testcrash", "unencodable")
    return _decode("testcrash", payload)


def _break_encode(identifier: MemberIdentifier) -> bytes:
    if identifier.value == "unencodable":
        raise Broken(identifier)
    return _encode(identifier)


def _break_verify(
    items: Sequence[SignatureItem], context: Context
) -> list[VerifiedSignature | SignatureError]:
    payloads = {item.payload for item in items}
    if b"raise" in payloads:
        raise Broken
    if b"recurse" in payloads:
        return _break_verify(items, context)
    if b"too few" in payloads:
        return []
    results = _verify_many(items, context)
    for index, item in enumerate(items):
        if item.payload in _ANSWERS:
            results[index] = _ANSWERS[item.payload]()
    return results


_ANSWERS: Final[dict[bytes, Callable[[], VerifiedSignature | SignatureError]]] = {
    b"answer true": lambda: True,  # type: ignore[dict-item, return-value]  # the fault
    b"answer another": lambda: VerifiedSignature(
        MemberIdentifier("testcrash", "another"), b"another", b""
    ),
    b"answer nobody": lambda: VerifiedSignature(None, b"", b""),  # type: ignore[arg-type]  # the fault
    b"claim nothing": lambda: SignatureUnavailable("Away.", claimed=None),
    b"claim nobody": lambda: SignatureUnavailable(
        "Away.",
        claimed=VerifiedSignature(None, b"", b""),  # type: ignore[arg-type]  # the fault
    ),
}


# A kind with loose identifiers


def _decode_loosely(payload: bytes) -> MemberIdentifier:
    return MemberIdentifier("testloose", payload.decode("utf-8").lower())


def _encode_loosely(identifier: MemberIdentifier) -> bytes:
    return identifier.value.encode("utf-8")


def _verify_loosely(
    items: Sequence[SignatureItem], _: Context
) -> list[VerifiedSignature | SignatureError]:
    return [
        VerifiedSignature(item.identifier, item.identifier.value.encode(), item.payload)
        if item.identifier is not None
        else InvalidSignature("Whose?")
        for item in items
    ]


Verify = Callable[
    [Sequence[SignatureItem], Context], list[VerifiedSignature | SignatureError]
]


def _kind(number: int, name: str, noun: str, verify: Verify = _verify_many) -> Kind:
    return Kind(
        number=number,
        name=name,
        noun=noun,
        extension=f"tests.v1.{name}_identifier",
        parse=partial(_parse, name),
        decode=partial(_decode, name),
        encode=_encode,
        proofs={number: Proof(number=number, name=name, verify_many=verify)},
    )


TESTA: Final = _kind(A, "testa", "Test A key")
TESTB: Final = _kind(B, "testb", "Test B key")
CHAIN: Final = _kind(CHAIN_NUMBER, "testchain", "Test chain key", _ask_chain)
CRASH: Final = replace(
    _kind(CRASH_NUMBER, "testcrash", "Test crash key", _break_verify),
    decode=_break_decode,
    encode=_break_encode,
)
LOOSE: Final = replace(
    _kind(LOOSE_NUMBER, "testloose", "Test loose key", _verify_loosely),
    decode=_decode_loosely,
    encode=_encode_loosely,
)
LEAF_KINDS: Final = (TESTA, TESTB, CHAIN, CRASH, LOOSE)


def leaf_a(name: str) -> Leaf:
    return Leaf(name)


def leaf_b(name: str) -> Leaf:
    return Leaf(name, B, "testb", "Test B key")


def leaf_chain(name: str) -> Leaf:
    return Leaf(name, CHAIN_NUMBER, "testchain", "Test chain key")


def leaf_crash(
    name: str, *, signature: bytes | None = None, payload: bytes | None = None
) -> Leaf:
    return Leaf(name, CRASH_NUMBER, "testcrash", "Test crash key", payload, signature)


def leaf_loose(payload: str, shown: str) -> Leaf:
    return Leaf(
        "loose",
        LOOSE_NUMBER,
        "testloose",
        "Test loose key",
        payload.encode(),
        b"signed",
        shown,
    )


@cache
def root_registry() -> Registry:
    """The kinds of XMTP itself."""
    return load_registry(allow=["ethereum", "passkey"], strict=True)


@cache
def registry_with(*names: str) -> Registry:
    """XMTP's kinds and the leaf kinds of these names."""
    leaves = [kind for kind in LEAF_KINDS if kind.name in names]
    assert len(leaves) == len(names)
    return Registry([*root_registry().kinds, *leaves])


def full_registry() -> Registry:
    """XMTP's kinds and all leaf kinds of the tests."""
    return registry_with(*(kind.name for kind in LEAF_KINDS))
