"""Everyone who appears in the random logs, by name: the good and the odd.

What is odd about someone stands in the unions that they write: a number that
nobody knows, two numbers, another kind's signature. Each signs a text once a
process, then out of memory: keys and signatures are real, and cheap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from base58 import b58encode
from tests.support.leaf_kinds import leaf_a, leaf_chain, leaf_crash
from tests.support.protobuf import length
from tests.support.signers import (
    Installation,
    Leaf,
    LegacyKey,
    Named,
    Passkey,
    Signer,
    SmartWallet,
    Wallet,
    WeakInstallation,
    erc_191,
    secret,
    smart_wallet,
)

from xmtp_identity import MemberIdentifier
from xmtp_identity_bitcoin.addresses import Form
from xmtp_identity_bitcoin.signer import KeySigner

SOLANA: Final = 100
BITCOIN: Final = 101

_TEXTS_A_SIGNER: Final = 1 << 12


# Leaf kinds of plugins


def solana(name: str) -> Leaf:
    """A key whose wallet signs the bare text, by hand."""
    shown = b58encode(bytes.fromhex(Leaf(name).value)).decode()
    return Leaf(name, SOLANA, "solana", "Solana address", shown=shown)


@dataclass(frozen=True)
class Bitcoin:
    """An address whose key the plugin's own signer holds."""

    name: str
    form: Form

    @property
    def _key(self) -> KeySigner:
        return _bitcoin_key(self.name, self.form)

    @property
    def identifier_kind(self) -> int:
        return 0

    @property
    def identifier(self) -> MemberIdentifier:
        return self._key.identifier

    @property
    def value(self) -> str:
        return self.identifier.value

    @property
    def member(self) -> bytes:
        return length(BITCOIN, self.value)

    @property
    def link(self) -> str:
        return f"- Link Bitcoin address to inbox\n  (Bitcoin address: {self.value})"

    @property
    def unlink(self) -> str:
        return f"- Unlink Bitcoin address from inbox\n  (Bitcoin address: {self.value})"

    def sign(self, text: bytes) -> bytes:
        return length(BITCOIN, self._key.sign(text.decode()).payload)


@cache
def _bitcoin_key(name: str, form: Form) -> KeySigner:
    return KeySigner(secret(name), form)


# What is odd about some


@dataclass(frozen=True)
class Odd:
    """Someone of whom a part is replaced.

    union: the content of its `MemberIdentifier`.
    kind: its `IdentifierKind`.
    signs: what it gives for a text, in place of its own signature.
    """

    base: Signer
    union: bytes | None = None
    kind: int | None = None
    signs: Callable[[bytes], bytes] | None = None

    @property
    def identifier(self) -> MemberIdentifier:
        return self.base.identifier

    @property
    def value(self) -> str:
        return self.base.value

    @property
    def member(self) -> bytes:
        return self.base.member if self.union is None else self.union

    @property
    def identifier_kind(self) -> int:
        return self.base.identifier_kind if self.kind is None else self.kind

    @property
    def link(self) -> str:
        return self.base.link

    @property
    def unlink(self) -> str:
        return self.base.unlink

    def sign(self, text: bytes) -> bytes:
        return (self.signs or self.base.sign)(text)


def _other_text(signer: Signer) -> Callable[[bytes], bytes]:
    return lambda text: signer.sign(text + b"!")


def _other_v(text: bytes) -> bytes:
    """Wallet 0's signature with v written as 0 or 1."""
    raw = Wallet("0").raw(text)
    return erc_191(raw[:64] + bytes((raw[64] - 27,)))


def _numbered(number: int, content: bytes = b"future") -> Callable[[bytes], bytes]:
    return lambda _: length(number, content)


def _as_testa(text: bytes) -> bytes:
    """Solana's key and signature under an experiment's number."""
    return leaf_a("0").sign(text)


def _twice(signer: Signer) -> Callable[[bytes], bytes]:
    """A signature beside that of a kind that nobody knows."""
    return lambda text: signer.sign(text) + length(60, b"future")


_WALLET: Final = Wallet("1")
_SOLANA: Final = solana("0")
_SMALL_ORDER: Final = bytes(32)
"""The System Program, whose key is of small order: anyone can sign for it."""

ROOTS: Final[dict[str, Signer]] = {
    "wallet 0": Wallet("0"),
    "wallet 1": _WALLET,
    "wallet 2": Wallet("2"),
    "passkey": Passkey("0", high_s=False),
    "passkey, high s": Passkey("0", high_s=True),
    "passkey, compressed": Passkey("0", compressed=True),
    "app 0": Installation("0"),
    "app 1": Installation("1"),
    "safe on 1": smart_wallet("safe", 1),
    "safe on 10": smart_wallet("safe", 10),
}
"""Members of root kinds whose signatures are good."""

ODD_ROOTS: Final[dict[str, Signer]] = {
    "wallet 0, other v": Odd(Wallet("0"), signs=_other_v),
    "wallet 1, other text": Odd(_WALLET, signs=_other_text(_WALLET)),
    "wallet 1, no signature": Odd(_WALLET, signs=lambda _: b""),
    "wallet 1, two signatures": Odd(_WALLET, signs=_twice(_WALLET)),
    "wallet 1, unknown signature": Odd(_WALLET, signs=_numbered(6)),
    "wallet 1, signature 2000": Odd(_WALLET, signs=_numbered(2000)),
    "wallet 1, Solana signature": Odd(_WALLET, signs=_SOLANA.sign),
    "wallet 1, two numbers": Odd(_WALLET, _WALLET.member + _SOLANA.member),
    "wallet 1, kind 3": Odd(_WALLET, kind=3),
    "wallet 1, kind 100": Odd(_WALLET, kind=SOLANA),
    "wallet 1, upper case": Named(_WALLET.value.upper(), _WALLET),
    "forged lines": Named("x\n- Create inbox\n  (Owner: y", _WALLET),
    "legacy key": LegacyKey(Wallet("0")),
    "weak app": WeakInstallation(),
    "safe on 01": smart_wallet("safe", "01"),
    "safe in block 0": SmartWallet(smart_wallet("safe").value, 1, 0),
    "nobody": Odd(_WALLET, b"", signs=lambda _: b""),
    "unknown root": Odd(_WALLET, length(50, b"future")),
    "member 2000": Odd(_WALLET, length(2000, b"future")),
}
"""Those of whom something is odd, but nothing is of a leaf kind that exists."""

LEAVES: Final[dict[str, dict[str, Signer]]] = {
    "solana": {"solana 0": _SOLANA, "solana 1": solana("1")},
    "bitcoin": {
        "bitcoin 0": Bitcoin("0", Form.P2WPKH),
        "bitcoin 1": Bitcoin("1", Form.P2PKH),
    },
    "testa": {"testa 0": leaf_a("0"), "testa 1": leaf_a("1")},
    "testchain": {"testchain 0": leaf_chain("0"), "testchain 1": leaf_chain("1")},
    "testcrash": {
        "testcrash": leaf_crash("0"),
        "testcrash, raises": leaf_crash("1", signature=b"raise"),
    },
}
"""Members of leaf kinds, by the kind. The keys 0 and 1 of solana, testa and
testchain are the same two keys; of testa and testchain even as they are shown."""

ODD_LEAVES: Final[dict[str, Signer]] = {
    "solana 0, other text": Odd(_SOLANA, signs=_other_text(_SOLANA)),
    "solana 0, signed as testa": Odd(_SOLANA, signs=_as_testa),
    "solana 0, wallet's signature": Odd(_SOLANA, signs=_WALLET.sign),
    "solana 0, two signatures": Odd(_SOLANA, signs=_twice(_SOLANA)),
    "solana 0, two numbers": Odd(_SOLANA, _SOLANA.member + length(1, "0x")),
    "solana, small order": Odd(_SOLANA, length(SOLANA, _SMALL_ORDER)),
    "bitcoin, upper case": Odd(
        Bitcoin("0", Form.P2WPKH),
        length(BITCOIN, Bitcoin("0", Form.P2WPKH).value.upper()),
    ),
    "testa, too short": Odd(leaf_a("0"), length(1000, b"short")),
    "testcrash, can't be read": leaf_crash("0", payload=b"decode raises"),
    "future leaf": Odd(_SOLANA, length(150, b"future"), signs=_numbered(150)),
    "future experiment": Odd(_SOLANA, length(1999, b"x"), signs=_numbered(1999)),
}
"""Leaves of which something is odd."""


class Remembering:
    """Someone who is asked once for what is the same every time."""

    def __init__(self, signer: Signer) -> None:
        self.identifier = signer.identifier
        self.value = signer.value
        self.member = signer.member
        self.identifier_kind = signer.identifier_kind
        self.link = signer.link
        self.unlink = signer.unlink
        self._sign = signer.sign
        self._signed: dict[bytes, bytes] = {}

    def sign(self, text: bytes) -> bytes:
        signature = self._signed.get(text)
        if signature is None:
            if len(self._signed) >= _TEXTS_A_SIGNER:
                self._signed.clear()
            signature = self._signed[text] = self._sign(text)
        return signature


CAST: Final[dict[str, Remembering]] = {
    name: Remembering(signer)
    for people in (ROOTS, ODD_ROOTS, *LEAVES.values(), ODD_LEAVES)
    for name, signer in people.items()
}
"""Everyone, by name."""
