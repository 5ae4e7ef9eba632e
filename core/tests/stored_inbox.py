"""The inbox that the tests of stored snapshots share, and short words for it."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Final

from tests.support.chain import StubChain
from tests.support.leaf_kinds import leaf_a, leaf_b, leaf_chain, registry_with
from tests.support.signers import Installation, Passkey, Wallet, smart_wallet
from tests.support.updates import Add, Change, Inbox, Revoke

from xmtp_identity import ReplayResult, Snapshot, replay
from xmtp_identity.kinds import Context
from xmtp_identity.stored import dump

Log = list[bytes | None]

CHECKSUM: Final = 34
"""The checksum's field: tag, length, SHA-256."""

KEYS: Final = {leaf_chain(name).value: True for name in ("c1", "c2")}
ALL_KINDS: Final = ("testa", "testb", "testchain")


def chains(*, up: bool = True) -> Context:
    """All chains of the tests, up or away."""
    if up:
        return {"ethereum": StubChain(), "testchain": KEYS}
    return {"ethereum": StubChain(frozenset({1}))}


def snapshot_of(result: ReplayResult) -> Snapshot:
    assert result.snapshot is not None
    return result.snapshot


def sealed(content: bytes) -> bytes:
    """Bytes with the checksum that belongs to them, as anyone can make it."""
    return content + b"\x2a\x20" + hashlib.sha256(content).digest()


@cache
def rich() -> Inbox:
    """An inbox that has one of each."""
    owner, app = Wallet("owner"), Installation("app")
    key = Passkey("key", client_data='{"challenge":"CHALLENGE","origin":"https://a.b"}')
    inbox = Inbox(owner)
    inbox.append(Add(app, owner))
    inbox.append(Add(key, app), Add(smart_wallet("smart", 7), owner))
    inbox.append_leaf(Add(leaf_a("a1"), app))
    inbox.append_leaf(Add(leaf_a("a2"), key), Add(leaf_a("a3"), owner))
    inbox.append_leaf(Add(leaf_b("b1"), owner))
    inbox.append_leaf(Revoke(leaf_a("a2"), owner))
    inbox.append(Change(key, owner))
    inbox.push(None)
    inbox.append_leaf(Add(leaf_chain("c1"), owner))
    return inbox


@cache
def rich_result() -> ReplayResult:
    inbox = rich()
    return replay(
        inbox.inbox_id, inbox.log, registry_with(*ALL_KINDS), context=chains()
    )


@cache
def rich_bytes() -> bytes:
    return dump(snapshot_of(rich_result()), registry_with(*ALL_KINDS))
