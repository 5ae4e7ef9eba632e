"""Stored snapshots: they come back as they were, in bytes that others can read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.leaf_kinds import leaf_a, registry_with, root_registry
from tests.support.random_logs import RandomLog, seeds
from tests.support.results import everything, state_of
from tests.support.signers import Installation, Passkey, Wallet, smart_wallet
from tests.support.updates import SECOND, START, Add, Change, Inbox
from tests.support.vectors import real_logs, stub_context

from xmtp_identity import Registry, Snapshot, replay, resume
from xmtp_identity.kinds import Context
from xmtp_identity.stored import FORMAT_VERSION, SnapshotMismatch, dump, load, peek
from xmtp_identity.v1 import identity_pb2, state_pb2
from xmtp_identity.wire import stored_pb2

from .stored_inbox import (
    ALL_KINDS,
    Log,
    chains,
    rich,
    rich_bytes,
    rich_result,
    snapshot_of,
)


def check_every_position(
    inbox_id: str, log: Log, registry: Registry, context: Context
) -> None:
    """Stored at any position and gone on from, the end is that of a fresh replay."""
    fresh = replay(inbox_id, log, registry, context=context)
    end = dump(snapshot_of(fresh), registry)
    for length in range(len(log) + 1):
        before = replay(inbox_id, log[:length], registry, context=context)
        snapshot = snapshot_of(before)
        data = dump(snapshot, registry)
        assert peek(data).fits(registry) == snapshot.fits(registry)
        if not snapshot.fits(registry):
            # A layer was left out for want of its chain.
            assert before.missing
            with pytest.raises(SnapshotMismatch):
                load(data, registry, inbox_id)
            continue
        loaded = load(data, registry, inbox_id)
        assert dump(loaded, registry) == data
        for one in (snapshot, loaded):
            result = resume(one, log, registry, context=context)
            rest = fresh.outcomes[snapshot.position :]
            assert everything(result) == everything(fresh, rest)
            assert dump(snapshot_of(result), registry) == end


@pytest.mark.parametrize("name", real_logs())
def test_real_and_odd_logs_go_on_from_bytes_at_every_position(name: str) -> None:
    inbox_id, log = real_logs()[name]
    check_every_position(inbox_id, log, root_registry(), stub_context())


def test_an_inbox_of_all_kinds_goes_on_from_bytes_at_every_position() -> None:
    inbox = rich()
    registry = registry_with(*ALL_KINDS)
    check_every_position(inbox.inbox_id, inbox.log, registry, chains())


@given(seeds, st.sets(st.sampled_from(ALL_KINDS)))
def test_random_logs_go_on_from_bytes_at_every_position(
    seed: int, kinds: set[str]
) -> None:
    random = RandomLog(seed)
    check_every_position(
        random.inbox_id, random.log, registry_with(*kinds), random.context
    )


def test_a_state_comes_back_with_relying_parties_chains_and_words() -> None:
    snapshot = snapshot_of(rich_result())
    loaded = load(rich_bytes(), registry_with(*ALL_KINDS), rich().inbox_id)
    assert loaded.root.recovery == snapshot.root.recovery
    assert _identities(loaded) == _identities(snapshot)
    assert loaded.root.words == snapshot.root.words
    assert loaded.root.seen == snapshot.root.seen
    assert {n: (s.members, s.words, r) for n, (s, r) in loaded.layers.items()} == {
        n: (s.members, s.words, r) for n, (s, r) in snapshot.layers.items()
    }
    assert "https://a.b" in {party for *_, party in _identities(loaded)}
    assert {member.chain_id for member in loaded.root.members.values()} == {None, 7}
    parents = {m.added_by for m in loaded.root.members.values() if m.added_by}
    assert {loaded.root.added_by(parent) != [] for parent in parents} == {True}


def _identities(snapshot: Snapshot) -> set[tuple[str, str, str | None]]:
    named = set(snapshot.root.members)
    named |= {m.added_by for m in snapshot.root.members.values() if m.added_by}
    return {(one.kind, one.value, one.relying_party) for one in named}


def test_an_inbox_that_was_not_created_is_stored_as_such() -> None:
    registry = registry_with("testa")
    inbox = Inbox(Wallet("owner"))
    log: Log = [inbox.update(Add(leaf_a("a1"), Wallet("owner")), leaf=True), None]
    data = dump(snapshot_of(replay(inbox.inbox_id, log, registry)), registry)
    loaded = load(data, registry, inbox.inbox_id)
    assert loaded.root.recovery is None
    assert (loaded.position, loaded.named) == (2, frozenset({1000}))
    assert resume(loaded, log, registry).state is None


def test_an_empty_recovery_identifier_is_not_taken_for_an_inbox_without_one() -> None:
    owner = Wallet("owner")
    inbox = Inbox(owner)
    inbox.append(Change(_Nobody(), owner))
    data = dump(
        snapshot_of(replay(inbox.inbox_id, inbox.log, root_registry())), root_registry()
    )
    recovery = load(data, root_registry(), inbox.inbox_id).root.recovery
    assert recovery is not None
    assert (recovery.kind, recovery.value) == ("ethereum", "")


class _Nobody(Wallet):
    value = ""

    def __init__(self) -> None:
        super().__init__("nobody")


# The form of the bytes


def test_the_bytes_depend_on_what_is_stored_alone() -> None:
    """Not on the order in which members and words came, nor on where a replay
    began."""
    inbox, registry = rich(), registry_with(*ALL_KINDS)
    snapshot = snapshot_of(rich_result())
    turned = snapshot.root.copy()
    turned.members = dict(reversed(turned.members.items()))
    other = replace(
        snapshot, root=turned, layers=dict(reversed(list(snapshot.layers.items())))
    )
    assert dump(other, registry) == rich_bytes()
    assert dump(load(rich_bytes(), registry, inbox.inbox_id), registry) == rich_bytes()


def test_the_public_schema_reads_the_bytes() -> None:
    state = state_of(rich_result())
    stored = state_pb2.StoredSnapshot.FromString(rich_bytes())
    assert stored.format_version == FORMAT_VERSION
    assert stored.size == len(rich_bytes())
    assert stored.head.inbox_id == stored.body.state.inbox_id == state.inbox_id
    assert stored.body.state.recovery_identifier == state.recovery.value
    assert (
        stored.body.state.recovery_identifier_kind
        == identity_pb2.IDENTIFIER_KIND_PASSKEY
    )
    assert (
        set(stored.body.state.seen_signatures) == snapshot_of(rich_result()).root.seen
    )
    # The tests' own writer of identifiers; a passkey is named by its origin.
    key = Passkey("key", relying_party="https://a.b")
    app, owner, smart = Installation("app"), Wallet("owner"), smart_wallet("smart")
    assert {
        item.key.SerializeToString(): (
            item.value.identifier.SerializeToString(),
            item.value.added_by_entity.SerializeToString(),
            item.value.client_timestamp_ns,
            item.value.added_on_chain_id,
        )
        for item in stored.body.state.members
    } == {
        owner.member: (owner.member, b"", 0, 0),
        app.member: (app.member, owner.member, START + SECOND, 0),
        key.member: (key.member, app.member, START + 2 * SECOND, 0),
        smart.member: (smart.member, owner.member, START + 2 * SECOND, 7),
    }
    assert [layer.number for layer in stored.body.layers] == [1000, 1001, 1002]
    assert list(stored.head.named) == [1000, 1001, 1002]
    assert stored.SerializeToString() == rich_bytes()


def test_the_numbers_of_the_state_are_those_of_xmtp() -> None:
    """As in `xmtp.identity.associations` of the reference client."""
    numbers = {
        message: [
            (field.number, field.name, field.type)
            for field in state_pb2.DESCRIPTOR.message_types_by_name[message].fields
        ]
        for message in ("Member", "MemberMap", "AssociationState")
    }
    string, data, message = 9, 12, 11
    assert numbers == {
        "Member": [
            (1, "identifier", message),
            (2, "added_by_entity", message),
            (3, "client_timestamp_ns", 4),
            (4, "added_on_chain_id", 4),
        ],
        "MemberMap": [(1, "key", message), (2, "value", message)],
        "AssociationState": [
            (1, "inbox_id", string),
            (2, "members", message),
            (3, "recovery_identifier", string),
            (4, "seen_signatures", data),
            (5, "recovery_identifier_kind", 14),
            (6, "relying_party", string),
        ],
    }


def test_the_view_of_the_core_is_the_public_schema_with_bytes_for_unions() -> None:
    public = dict(_shape(state_pb2.DESCRIPTOR))
    view = dict(_shape(stored_pb2.DESCRIPTOR))
    # Unions, the body and enumerations are what the view leaves unread.
    unread = {
        ("Member", 1),
        ("Member", 2),
        ("MemberMap", 1),
        ("StoredSnapshot", 4),
        ("AssociationState", 5),
    }
    assert {key for key in public if public[key] != view[key]} == unread
    assert public.keys() == view.keys()


def _shape(file: Any) -> Iterator[tuple[tuple[str, int], tuple[object, ...]]]:
    for message in file.message_types_by_name.values():
        for field in message.fields:
            kind = field.message_type.name if field.message_type else ""
            yield (
                (message.name, field.number),
                (field.name, field.type, field.is_repeated, kind),
            )
