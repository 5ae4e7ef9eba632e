"""Stored snapshots that are not what they were: refused, with a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.leaf_kinds import CHAIN, TESTA, TESTB, registry_with, root_registry

from xmtp_identity import Registry, resume
from xmtp_identity.stored import (
    DamagedSnapshot,
    SnapshotOfAnotherInbox,
    SnapshotTooLarge,
    TruncatedSnapshot,
    UnknownSnapshotFormat,
    UnusableSnapshot,
    dump,
    load,
    peek,
)
from xmtp_identity.v1 import state_pb2

from .stored_inbox import (
    ALL_KINDS,
    CHECKSUM,
    chains,
    rich,
    rich_bytes,
    rich_result,
    sealed,
    snapshot_of,
)


def test_peek_tells_what_is_needed_to_see_whether_it_fits() -> None:
    snapshot, head = snapshot_of(rich_result()), peek(rich_bytes())
    assert head.inbox_id == rich().inbox_id
    assert (head.position, head.leaf_entries) == (10, 5)
    assert (head.named, head.roots) == (snapshot.named, snapshot.roots)
    assert head.layers == {n: record for n, (_, record) in snapshot.layers.items()}
    assert (head.deviates, head.unknown_root) == (None, False)


@given(st.binary(max_size=200))
@example(b"")
@example(b"\x08\x01\x15\x29\x00\x00\x00" + bytes(34))
@example(b"\x0a\x0b{}")
def test_any_bytes_are_refused_with_a_reason(data: bytes) -> None:
    for read in (peek, lambda data: load(data, root_registry(), "")):
        with pytest.raises(UnusableSnapshot):
            read(data)


def test_every_cut_is_refused_as_truncated() -> None:
    for size in range(len(rich_bytes())):
        with pytest.raises(TruncatedSnapshot) as caught:
            load(rich_bytes()[:size], registry_with(*ALL_KINDS), rich().inbox_id)
        assert caught.value.code == "snapshot_truncated"


def test_every_flipped_bit_is_refused() -> None:
    data, registry = rich_bytes(), registry_with(*ALL_KINDS)
    codes = set()
    for index in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[index] ^= 1 << bit
            with pytest.raises(UnusableSnapshot) as caught:
                load(bytes(flipped), registry, rich().inbox_id)
            codes.add(caught.value.code)
    # A flip in the size can make it look cut off.
    assert codes == {"snapshot_damaged", "snapshot_truncated"}


def test_bytes_behind_the_end_are_refused() -> None:
    with pytest.raises(DamagedSnapshot):
        peek(rich_bytes() + b"\x00")


def test_a_snapshot_swapped_between_inboxes_is_refused() -> None:
    with pytest.raises(SnapshotOfAnotherInbox) as caught:
        load(rich_bytes(), registry_with(*ALL_KINDS), "00" * 32)
    assert caught.value.code == "snapshot_inbox"


@pytest.mark.parametrize("version", [0, 2, 127])
def test_an_unknown_format_version_is_refused_as_such(version: int) -> None:
    content = bytearray(rich_bytes()[:-CHECKSUM])
    content[1] = version
    with pytest.raises(UnknownSnapshotFormat) as caught:
        peek(sealed(bytes(content)))
    assert caught.value.code == "snapshot_format"


def test_what_is_too_large_is_neither_written_nor_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("xmtp_identity.stored.MAX_STORED_BYTES", len(rich_bytes()) - 1)
    with pytest.raises(SnapshotTooLarge):
        peek(rich_bytes())
    with pytest.raises(SnapshotTooLarge):
        dump(snapshot_of(rich_result()), registry_with(*ALL_KINDS))


@settings(max_examples=1000)
@given(st.data())
def test_whoever_writes_the_checksum_too_breaks_nothing_but_the_state(
    data: st.DataObject,
) -> None:
    """Any content under a right checksum is a snapshot or refused."""
    content = bytearray(rich_bytes()[:-CHECKSUM])
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(7, len(content) - 1))
        content[index] = data.draw(st.integers(0, 255))
    registry = registry_with(*ALL_KINDS)
    forged = sealed(bytes(content))
    try:
        snapshot = load(forged, registry, rich().inbox_id)
    except UnusableSnapshot:
        return
    result = resume(snapshot, rich().log + [None] * 3, registry, context=chains())
    assert result.inbox_id == rich().inbox_id


def forged(change: Callable[[Any], object]) -> bytes:
    """The rich snapshot, changed, with the right size and checksum."""
    stored = state_pb2.StoredSnapshot.FromString(rich_bytes())
    change(stored)
    stored.ClearField("checksum")
    stored.size = stored.ByteSize() + CHECKSUM
    return sealed(stored.SerializeToString())


@pytest.mark.parametrize(
    "change",
    {
        "a record without its layer": lambda s: s.body.layers.pop(),
        "a layer twice": lambda s: s.head.layers.add().CopyFrom(s.head.layers[0]),
        "a layer that nothing names": lambda s: s.head.named.pop(),
        "a root number as a leaf's": lambda s: s.head.named.append(1),
        "more leaf entries than entries": lambda s: setattr(s.head, "leaf_entries", 11),
        "a deviation still to come": lambda s: setattr(s.head, "deviates", 10),
        "no state but words": lambda s: s.body.ClearField("state"),
        "the state of another inbox": lambda s: setattr(s.body.state, "inbox_id", "x"),
        "a member twice": lambda s: s.body.state.members.append(
            s.body.state.members[0]
        ),
        "a member without an identifier": lambda s: s.body.state.members.add(),
        "another key": lambda s: s.body.state.members[0].key.CopyFrom(
            s.body.state.members[1].key
        ),
        "a leaf in the root": lambda s: s.body.state.members.append(
            s.body.layers[0].members[0]
        ),
        "a root in a layer": lambda s: s.body.layers[0].members.append(
            s.body.state.members[0]
        ),
        "a leaf in another layer": lambda s: s.body.layers[0].members.append(
            s.body.layers[1].members[0]
        ),
        "a leaf that added": lambda s: s.body.state.members[
            0
        ].value.added_by_entity.CopyFrom(s.body.layers[0].members[0].key),
        "recovery of a leaf kind": lambda s: s.body.state.MergeFromString(b"\x28\x64"),
        "recovery that is no key": lambda s: setattr(
            s.body.state, "recovery_identifier", "key"
        ),
        "a word of no kind": lambda s: setattr(s.body.words[0], "kind", 99),
        "a word of half a text": lambda s: setattr(s.body.words[0], "text", b"x" * 16),
    }.items(),
    ids=lambda item: item[0],
)
def test_what_contradicts_itself_is_refused(
    change: tuple[str, Callable[[Any], object]],
) -> None:
    assert forged(lambda _: None) == rich_bytes()
    with pytest.raises(DamagedSnapshot):
        load(forged(change[1]), registry_with(*ALL_KINDS), rich().inbox_id)


def _break(_: bytes) -> Any:
    raise RuntimeError


def test_a_kind_that_breaks_while_reading_is_a_reason_and_no_crash() -> None:
    registry = Registry(
        [*root_registry().kinds, replace(TESTA, decode=_break), TESTB, CHAIN]
    )
    with pytest.raises(DamagedSnapshot, match="testa broke"):
        load(rich_bytes(), registry, rich().inbox_id)
