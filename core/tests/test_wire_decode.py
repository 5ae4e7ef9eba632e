"""Two ways to read an update, one result."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.protobuf import length, uint
from tests.support.updates import add_action, identity_update
from tests.support.vectors import history_log, history_vectors, odd_log, odd_logs
from tests.support.wire import canonical_update, rewritten, seeds

from xmtp_identity.errors import Undecodable
from xmtp_identity.wire.decode import _fast, _slow, decode_update
from xmtp_identity.wire.encode import encode_update
from xmtp_identity.wire.records import (
    MANY,
    NONE,
    RawAction,
    RawAdd,
    RawCreate,
    RawOther,
    RawUpdate,
    Space,
    Union,
    Variant,
)

HISTORIES = [
    data for vector in history_vectors() for data in history_log(vector) if data
]
ODD = [data for case in odd_logs().values() for data in odd_log(case) if data]


def without_unions(raw: RawUpdate) -> RawUpdate:
    return raw._replace(unions=None)


def read(data: bytes) -> RawUpdate | str:
    """What an update is read as, or the code for which it is not."""
    try:
        return without_unions(decode_update(data))
    except Undecodable as error:
        return error.code


def test_every_update_of_the_histories_goes_the_fast_way() -> None:
    assert len(HISTORIES) > 50
    for data in HISTORIES:
        raw = _fast(data)
        assert raw is not None
        assert raw.unions is None


@pytest.mark.parametrize("data", HISTORIES)
def test_both_ways_agree_on_every_real_update(data: bytes) -> None:
    fast = _fast(data)
    assert fast is not None
    assert without_unions(_slow(data)) == fast


def test_both_ways_agree_on_every_odd_update_that_goes_the_fast_way() -> None:
    fast = {data: _fast_or_code(data) for data in ODD}
    assert sum(value is not None for value in fast.values()) > 200
    for data, value in fast.items():
        if value is not None:
            assert _slow_or_code(data) == value


def _fast_or_code(data: bytes) -> RawUpdate | str | None:
    """None where the fast way leaves it to the slow one."""
    try:
        return _fast(data)
    except Undecodable as error:
        return error.code


def _slow_or_code(data: bytes) -> RawUpdate | str:
    try:
        return without_unions(_slow(data))
    except Undecodable as error:
        return error.code


@given(seeds)
def test_both_ways_agree_on_every_canonical_update(seed: int) -> None:
    data = canonical_update(seed)
    fast, slow = _fast(data), _slow(data)
    odd_kind = any(
        getattr(action, "identifier_kind", 0) not in (0, 1, 2)
        for action in slow.actions
    )
    assert (fast is None) == odd_kind
    assert odd_kind or without_unions(slow) == fast
    assert slow.unions is not None
    for union in slow.unions:
        assert len(union.numbers) <= 1


@given(seeds)
def test_an_update_in_other_bytes_is_read_as_the_same(seed: int) -> None:
    data = canonical_update(seed)
    other = rewritten(data, Random(seed))
    assert read(other) == read(data)


@given(seeds)
def test_encoding_is_the_inverse_of_decoding(seed: int) -> None:
    raw = decode_update(canonical_update(seed))
    actions = [action for action in raw.actions if not _has_an_empty_union(action)]
    if actions:
        good = raw._replace(actions=actions)
        again = decode_update(encode_update(good))
        assert without_unions(again) == without_unions(good)


def _has_an_empty_union(action: RawAction) -> bool:
    return isinstance(action, RawOther) or any(
        isinstance(value, Variant) and value.number == NONE for value in action
    )


@given(seeds)
def test_both_ways_agree_on_a_cut_update(seed: int) -> None:
    data = canonical_update(seed)
    for size in range(len(data)):
        cut = data[:size]
        first = read(cut)
        if isinstance(first, str):
            continue
        fast = _fast(cut)
        if fast is not None:
            assert without_unions(_slow(cut)) == fast


@given(st.binary(max_size=60))
def test_both_ways_agree_on_any_bytes(data: bytes) -> None:
    """But for what is inside a variant: the fast way leaves that to the kind, which
    refuses what is no message for the same reason."""
    fast, slow = _fast_or_code(data), _slow_or_code(data)
    if fast is not None and slow != "undecodable":
        assert slow == fast
    if isinstance(fast, str):
        assert slow == fast


# What the slow way keeps


def test_all_numbers_of_all_unions_are_kept() -> None:
    add = add_action(
        length(1, "0x") + length(100, b"leaf") + uint(7, 1),
        length(1, b""),
        length(2, b"") + length(9, b""),
    )
    raw = decode_update(identity_update("x", [add, add + length(6, b"")]))
    assert raw.unions is not None
    assert raw.unions[:4] == [
        Union(Space.ACTION, (2,)),
        Union(Space.MEMBER, (1, 7, 100)),
        Union(Space.SIGNATURE, (1,)),
        Union(Space.SIGNATURE, (2, 9)),
    ]
    assert raw.unions[4] == Union(Space.ACTION, (2, 6))
    assert raw.actions[1] == RawOther(MANY)


def test_joined_pieces_of_a_variant_are_one_message() -> None:
    signature = length(1, length(1, b"a")) + length(1, length(1, b"b") + uint(2, 1))
    data = identity_update("x", [add_action(length(1, "0x"), signature, b"")])
    (action,) = decode_update(data).actions
    assert isinstance(action, RawAdd)
    assert action.existing == (1, length(1, b"a") + length(1, b"b") + uint(2, 1))


def test_many_pieces_of_a_variant_are_joined_at_once() -> None:
    """One by one would copy 30 GB here."""
    pieces = 100_000
    signature = length(1, length(1, b"x" * 4)) * pieces
    data = identity_update("x", [add_action(length(1, "0x"), signature, b"")])
    (action,) = decode_update(data).actions
    assert isinstance(action, RawAdd)
    assert len(action.existing.payload) == 6 * pieces


def test_a_broken_variant_beside_an_unknown_identifier_kind_is_undecodable() -> None:
    """What the reference client can't decode is rejected, not discarded."""
    create = RawCreate("0x" + "ab" * 20, 0, Variant(1, b"\xff"), 3, None)
    update = encode_update(RawUpdate("inbox", 1, [create], is_leaf=False, unions=None))
    with pytest.raises(Undecodable):
        decode_update(update)
    whole = create._replace(signature=Variant(1, b""))
    update = encode_update(RawUpdate("inbox", 1, [whole], is_leaf=False, unions=None))
    assert decode_update(update).actions == [whole]
