"""What was seen is kept in the local store, and noticed if it is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.leaf_kinds import leaf_b, leaf_chain
from tests.support.signers import Wallet
from tests.support.updates import Add, Inbox

from xmtp_identity import Registry, replay
from xmtp_identity.remote import (
    LogEntry,
    LogRewritten,
    LogShortened,
    LogStore,
    RemoteLog,
)

from .conftest import Connect
from .node import FETCH, Node

store_module: Any = pytest.importorskip(
    "xmtp_identity_store.store", reason="the package of the local store is not here"
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Any]:
    with store_module.Store.open(str(tmp_path / "store.db")) as opened:
        yield opened


@pytest.fixture
def client(connect: Connect, store: LogStore) -> RemoteLog:
    return connect(store=store)


def test_what_is_fetched_is_kept_with_what_the_node_said(
    client: RemoteLog, store: Any, alice: Inbox
) -> None:
    [found] = client.fetch([alice.inbox_id])
    kept = [LogEntry(*entry) for entry in store.entries(alice.inbox_id)]
    assert kept == list(found.entries)
    assert found.new == 3
    [again] = client.fetch([alice.inbox_id])
    assert again.new == 0
    assert again.entries == found.entries


def test_what_was_verified_is_not_verified_again(
    client: RemoteLog, node: Node, alice: Inbox, registry: Registry
) -> None:
    client.fetch([alice.inbox_id])
    alice.append_leaf(Add(leaf_b("b1"), alice.owner))
    node.logs[alice.inbox_id] = alice.log
    [found] = client.fetch([alice.inbox_id])
    assert [outcome.index for outcome in found.result.outcomes] == [3]
    expected = replay(alice.inbox_id, alice.log, registry).state
    assert expected is not None
    assert found.result.state is not None
    assert found.result.state.members == expected.members


def test_nothing_is_stale_after_a_visit(
    client: RemoteLog, store: Any, alice: Inbox, bob: Inbox, registry: Registry
) -> None:
    client.fetch([alice.inbox_id, bob.inbox_id])
    assert store.count_stale(registry) == 0


def test_an_inbox_without_a_log_is_not_kept(client: RemoteLog, store: Any) -> None:
    client.fetch(["0" * 64])
    assert store.count() == 0


def test_a_shortened_log_is_noticed_on_the_next_visit(
    client: RemoteLog, connect: Connect, store: Any, node: Node, alice: Inbox
) -> None:
    client.fetch([alice.inbox_id])
    del node.logs[alice.inbox_id]
    for whole in (True, False):
        with pytest.raises(LogShortened):
            connect(store=store).fetch([alice.inbox_id], whole=whole)
    assert store.log(alice.inbox_id) == alice.log


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_rewritten_log_is_noticed_on_the_next_visit(
    client: RemoteLog,
    connect: Connect,
    store: Any,
    node: Node,
    alice: Inbox,
    index: int,
) -> None:
    client.fetch([alice.inbox_id])
    node.logs[alice.inbox_id][index] = None
    node.logs[alice.inbox_id].append(None)
    with pytest.raises(LogRewritten):
        connect(store=store).fetch([alice.inbox_id])
    assert store.log(alice.inbox_id) == alice.log


def test_what_was_noticed_of_one_inbox_leaves_the_others_kept(
    client: RemoteLog, store: Any, node: Node, alice: Inbox, bob: Inbox
) -> None:
    client.fetch([alice.inbox_id])
    node.logs[alice.inbox_id].pop()
    with pytest.raises(LogShortened):
        client.fetch([alice.inbox_id, bob.inbox_id])
    assert store.log(bob.inbox_id) == bob.log


# From the last entry on


def test_the_node_is_asked_from_the_last_entry_that_was_seen(
    client: RemoteLog, node: Node, alice: Inbox, bob: Inbox
) -> None:
    both = [alice.inbox_id, bob.inbox_id]
    client.fetch(both)
    alice.append(Add(Wallet("friend"), alice.owner))
    node.logs[alice.inbox_id] = list(alice.log)
    new = {one.inbox_id: one.new for one in client.fetch(both, whole=False)}
    assert new == {alice.inbox_id: 1, bob.inbox_id: 0}
    # Alice's third entry has to come back; Bob's log has one, and is asked whole.
    assert node.cursors[-1] == {alice.inbox_id: 107, bob.inbox_id: 0}


def test_the_last_entry_must_come_back(
    client: RemoteLog, node: Node, alice: Inbox
) -> None:
    client.fetch([alice.inbox_id])
    node.logs[alice.inbox_id][2] = None
    with pytest.raises(LogRewritten):
        client.fetch([alice.inbox_id], whole=False)
    node.logs[alice.inbox_id].pop()
    with pytest.raises(LogShortened):
        client.fetch([alice.inbox_id], whole=False)


def test_another_nodes_numbers_are_no_matter(
    client: RemoteLog, store: Any, alice: Inbox
) -> None:
    numbers = [5000, 5001, 5002]
    store.append(
        alice.inbox_id,
        [
            LogEntry(update, number, 1)
            for update, number in zip(alice.log, numbers, strict=True)
        ],
    )
    [found] = client.fetch([alice.inbox_id], whole=False)
    assert found.new == 0


def test_a_log_that_was_imported_has_no_numbers_and_is_asked_whole(
    client: RemoteLog, store: Any, node: Node, alice: Inbox
) -> None:
    store.append(alice.inbox_id, [LogEntry(update) for update in alice.log[:2]])
    [found] = client.fetch([alice.inbox_id], whole=False)
    assert found.new == 1
    assert node.cursors == [{alice.inbox_id: 0}]


# Others, and other plugins


def test_another_client_may_keep_the_same_log_meanwhile(
    client: RemoteLog, store: Any, node: Node, alice: Inbox
) -> None:
    def another_stores(node: Node, request: bytes, context: Any) -> bytes:
        store.append(alice.inbox_id, [LogEntry(update) for update in alice.log[:2]])
        return node.truth(FETCH, request)

    node.does(FETCH, another_stores)
    client.fetch([alice.inbox_id])
    assert store.log(alice.inbox_id) == alice.log


def test_what_another_client_kept_meanwhile_is_compared(
    client: RemoteLog, store: Any, node: Node, alice: Inbox
) -> None:
    def another_stores(node: Node, request: bytes, context: Any) -> bytes:
        store.append(alice.inbox_id, [LogEntry(None)])
        return node.truth(FETCH, request)

    node.does(FETCH, another_stores)
    with pytest.raises(LogRewritten):
        client.fetch([alice.inbox_id])


def test_a_plugin_that_came_is_asked_about_the_whole_log(
    client: RemoteLog, store: Any, node: Node, alice: Inbox, registry: Registry
) -> None:
    with RemoteLog(node.url, registry.without("testa"), store=store) as older:
        [before] = older.fetch([alice.inbox_id])
    assert before.result.missing == ("1000",)
    [after] = client.fetch([alice.inbox_id])
    assert after.result.missing == ()
    assert len(after.result.outcomes) == 3


def test_a_replay_that_waits_for_a_chain_does_not_replace_a_snapshot(
    connect: Connect, store: Any, node: Node, alice: Inbox
) -> None:
    leaf = leaf_chain("c1")
    alice.append_leaf(Add(leaf, alice.owner))
    node.logs[alice.inbox_id] = alice.log
    up = {"testchain": {leaf.value: True}}
    connect(store=store, context=up).fetch([alice.inbox_id])
    kept = store.snapshot(alice.inbox_id)
    [found] = connect(store=store).fetch([alice.inbox_id])
    assert found.result.missing == ()
    assert store.snapshot(alice.inbox_id) == kept


def test_a_damaged_snapshot_is_made_anew(
    client: RemoteLog, store: Any, alice: Inbox, registry: Registry
) -> None:
    client.fetch([alice.inbox_id])

    class Damaged:
        """The store, on a disk that is not sound."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def snapshot(self, inbox_id: str) -> Any:
            saved = store.snapshot(inbox_id)
            return saved._replace(data=saved.data[:-1])

    damaged: Any = Damaged()
    with RemoteLog(client.url, registry, store=damaged) as other:
        [found] = other.fetch([alice.inbox_id])
    assert len(found.result.outcomes) == 3
    assert store.snapshot(alice.inbox_id).version == 2


def test_an_update_that_was_published_is_kept(
    client: RemoteLog, store: Any, bob: Inbox
) -> None:
    update = bob.update(Add(Wallet("friend"), bob.owner))
    published = client.publish(update)
    assert store.log(bob.inbox_id) == [*bob.log, update]
    # It was verified when it was read back, and is not verified any more.
    assert client.publish(update).outcome == published.outcome


def test_the_store_finds_members_after_a_visit(
    client: RemoteLog, store: Any, alice: Inbox
) -> None:
    client.fetch([alice.inbox_id])
    assert store.inbox_ids([(1, alice.owner.value)]) == [alice.inbox_id]
