"""Logs on which this project and XMTP's client differ, one a deviation.

Each is an inbox with a good log and one entry more, the last. The reference
client takes that entry; `xmtp_identity.deviations` says why it is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from xmtp_identity.kinds import Context

from .chain import RefusesAll, StubChain
from .protobuf import groups, length, uint
from .signers import (
    Installation,
    LegacyKey,
    Named,
    Passkey,
    SmartWallet,
    Wallet,
    secret,
    smart_wallet,
)
from .updates import Add, Change, Inbox, Revoke


class Case(NamedTuple):
    """A log whose last entry shows a deviation, and what verifiers may ask."""

    inbox: Inbox
    context: Context


OWNER: Final = Wallet("owner")
APP: Final = Installation("app")
OTHER: Final = Wallet("other")


def good_inbox() -> Inbox:
    inbox = Inbox(OWNER)
    inbox.append(Add(APP, OWNER))
    return inbox


def _case(inbox: Inbox, context: Context | None = None) -> Case:
    return Case(inbox, {"ethereum": StubChain()} if context is None else context)


def _with(tail: Callable[[], bytes]) -> Callable[[], Case]:
    """A good update with something behind it that older clients pass over."""

    def make() -> Case:
        inbox = good_inbox()
        inbox.push(inbox.update(Add(OTHER, OWNER)) + tail())
        return _case(inbox)

    return make


def _identifier_text() -> Case:
    inbox = good_inbox()
    inbox.append(Change(Named("x)\n- Create inbox\n  (Owner: y"), OWNER))
    return _case(inbox)


def _legacy_key() -> Case:
    inbox = good_inbox()
    inbox.append(Add(OTHER, LegacyKey(OWNER)))
    return _case(inbox)


def _client_data_json() -> Case:
    inbox = good_inbox()
    passkey = Passkey(
        "twice",
        client_data='{"challenge":"CHALLENGE","origin":"https://a.b","x":1,"x":2}',
    )
    inbox.append(Add(passkey, OWNER))
    return _case(inbox)


def _smart_wallet(wallet: SmartWallet, context: Context | None = None) -> Case:
    inbox = good_inbox()
    inbox.append(Add(wallet, OWNER))
    return _case(inbox, context)


def _chain_id() -> Case:
    return _smart_wallet(smart_wallet("zeros", "01"))


def _block() -> Case:
    return _smart_wallet(SmartWallet("0x" + secret("block")[:20].hex(), 1, 0))


def _refused() -> Case:
    return _smart_wallet(smart_wallet("no code"), {"ethereum": RefusesAll()})


def _word_reused() -> Case:
    inbox = good_inbox()
    passkey = Passkey("malleable", high_s=False)
    added = inbox.update(Add(passkey, OWNER))
    inbox.push(added)
    inbox.append(Revoke(passkey, OWNER))
    # The same text at the same time: s as n - s, and v as 0 or 1.
    inbox.time_ns -= 2 * 1_000_000_000
    again = inbox.update(Add(Passkey("malleable", high_s=True), _Shifted(OWNER)))
    inbox.push(again)
    return _case(inbox)


class _Shifted(Named):
    """A wallet that writes v as 0 or 1."""

    def __init__(self, wallet: Wallet) -> None:
        super().__init__(wallet.value, wallet)

    def sign(self, text: bytes) -> bytes:
        raw = Wallet.raw(OWNER, text)
        return length(1, length(1, raw[:64] + bytes((raw[64] - 27,))))


def _identifier_kind() -> Case:
    inbox = good_inbox()
    inbox.append(Change(_OfKind("0x" + "ab" * 20), OWNER))
    return _case(inbox)


class _OfKind(Named):
    """Of a leaf kind, which can't recover."""

    @property
    def identifier_kind(self) -> int:
        return 100


def _several_variants() -> Case:
    inbox = good_inbox()
    inbox.append(Add(_Both(OTHER.value, OTHER), OWNER))
    return _case(inbox)


class _Both(Named):
    """An address beside the number of a leaf kind."""

    @property
    def member(self) -> bytes:
        return super().member + length(100, b"leaf")


CASES: Final[dict[str, Callable[[], Case]]] = {
    "word_reused": _word_reused,
    "several_variants": _several_variants,
    "mixed_actions": _with(lambda: uint(100, 1)),
    "nesting_too_deep": _with(lambda: groups(50, 33)),
    "overlong_varint": _with(lambda: length(50, b"", tag_size=6)),
    "identifier_kind": _identifier_kind,
    "identifier_text": _identifier_text,
    "legacy_key": _legacy_key,
    "client_data_json": _client_data_json,
    "smart_wallet_block": _block,
    "smart_wallet_chain_id": _chain_id,
    "smart_wallet_refused": _refused,
}
"""By the reason code of the last entry."""
