"""Updates for tests of the wire: any canonical one, and the same in other bytes."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from hypothesis import strategies as st

from xmtp_identity.wire import view_pb2 as view

from .protobuf import fixed32, fixed64, group, length, tag, uint, varint

_MEMBER_NUMBERS: Final = sorted(
    f.number for f in view.MemberIdentifier.DESCRIPTOR.fields
)
_SIGNATURE_NUMBERS: Final = sorted(f.number for f in view.Signature.DESCRIPTOR.fields)

_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_u64 = st.integers(0, 2**64 - 1)

fields = st.lists(
    st.one_of(
        st.builds(uint, st.integers(1, 2000), _u64),
        st.builds(length, st.integers(1, 2000), st.binary(max_size=20)),
        st.builds(fixed64, st.integers(1, 2000)),
        st.builds(fixed32, st.integers(1, 2000)),
    ),
    max_size=4,
).map(b"".join)
"""A well-formed message of unknown kind."""


def _member(number: int) -> st.SearchStrategy[view.MemberIdentifier]:
    payload: st.SearchStrategy[bytes] = {
        1: _text.map(str.encode),
        3: fields,
    }.get(number, st.binary(max_size=40))
    return payload.map(lambda data: view.MemberIdentifier(**{f"m{number}": data}))


def _signature(number: int) -> st.SearchStrategy[view.Signature]:
    payload = fields if number < 100 else st.binary(max_size=40)
    return payload.map(lambda data: view.Signature(**{f"s{number}": data}))


members = st.none() | st.sampled_from(_MEMBER_NUMBERS).flatmap(_member)
signatures = st.none() | st.sampled_from(_SIGNATURE_NUMBERS).flatmap(_signature)
_kinds = st.sampled_from([0, 1, 2]) | st.integers(-(2**31), 2**31 - 1)

_creates = st.builds(
    lambda *values: view.IdentityAction(
        create_inbox=view.CreateInbox(
            initial_identifier=values[0],
            nonce=values[1],
            initial_identifier_signature=values[2],
            initial_identifier_kind=values[3],
            relying_party=values[4],
        )
    ),
    _text,
    _u64,
    signatures,
    _kinds,
    st.none() | _text,
)
_adds = st.builds(
    lambda *values: view.IdentityAction(
        add=view.AddAssociation(
            new_member_identifier=values[0],
            existing_member_signature=values[1],
            new_member_signature=values[2],
            relying_party=values[3],
        )
    ),
    members,
    signatures,
    signatures,
    st.none() | _text,
)
_revokes = st.builds(
    lambda *values: view.IdentityAction(
        revoke=view.RevokeAssociation(
            member_to_revoke=values[0], recovery_identifier_signature=values[1]
        )
    ),
    members,
    signatures,
)
_changes = st.builds(
    lambda *values: view.IdentityAction(
        change_recovery_address=view.ChangeRecoveryAddress(
            new_recovery_identifier=values[0],
            existing_recovery_identifier_signature=values[1],
            new_recovery_identifier_kind=values[2],
            relying_party=values[3],
        )
    ),
    _text,
    signatures,
    _kinds,
    st.none() | _text,
)
_actions = st.lists(
    st.one_of(_creates, _adds, _revokes, _changes, st.just(view.IdentityAction())),
    min_size=1,
    max_size=3,
)
canonical_updates = st.builds(
    lambda actions, time_ns, inbox_id, is_leaf: view.IdentityUpdate(
        client_timestamp_ns=time_ns,
        inbox_id=inbox_id,
        **{"leaf_actions" if is_leaf else "actions": actions},
    ).SerializeToString(deterministic=True),
    _actions,
    _u64,
    _text,
    st.booleans(),
)
"""Serialized updates of any content, as an encoder writes them."""


class _Schema(NamedTuple):
    """What may be changed in a message without changing what it says.

    messages: its singular messages; repeated: its repeated ones; union:
    whether an unknown field would be a variant.
    """

    messages: dict[int, _Schema | None]
    repeated: dict[int, _Schema]
    union: bool = False


_UNION: Final = _Schema({}, {}, union=True)
_CREATE: Final = _Schema({3: _UNION}, {})
_ADD: Final = _Schema({1: _UNION, 2: _UNION, 3: _UNION}, {})
_REVOKE: Final = _Schema({1: _UNION, 2: _UNION}, {})
_CHANGE: Final = _Schema({2: _UNION}, {})
_ACTION: Final = _Schema({1: _CREATE, 2: _ADD, 3: _REVOKE, 4: _CHANGE}, {}, union=True)
_UPDATE: Final = _Schema({}, {1: _ACTION, 100: _ACTION})


def rewritten(data: bytes, random: Random) -> bytes:
    """The same update in other bytes, all of them to be read alike: fields in
    another order, padded numbers, messages in pieces, unknown fields."""
    return _rewrite(data, _UPDATE, random)


def _rewrite(data: bytes, schema: _Schema, random: Random) -> bytes:
    pieces: list[tuple[int, bytes]] = []
    for number, wire_type, value in _split(data):
        if wire_type == 0:
            pieces.append((number, uint(number, value, random.choice((0, 3, 10)))))
            continue
        assert isinstance(value, bytes)
        inner = schema.messages.get(number) or schema.repeated.get(number)
        if inner is None:
            pieces.append((number, _padded(number, value, random)))
            continue
        contents = [_rewrite(value, inner, random)]
        if number in schema.messages and random.random() < 0.5:
            contents = _halves(value, inner, random)
        pieces += [(number, _padded(number, one, random)) for one in contents]
    if not schema.union and random.random() < 0.5:
        pieces.append((50, _unknown(random)))
    return _shuffled(pieces, random)


def _halves(data: bytes, schema: _Schema, random: Random) -> list[bytes]:
    """A message as two that merge into it."""
    whole = [
        (number, tag(number, wire_type) + _encoded(value))
        for number, wire_type, value in _split(data)
    ]
    cut = random.randint(0, len(whole))
    return [
        _rewrite(b"".join(field for _, field in part), schema, random)
        for part in (whole[:cut], whole[cut:])
    ]


def _shuffled(pieces: list[tuple[int, bytes]], random: Random) -> bytes:
    """In another order, but pieces of one number in theirs."""
    order = [number for number, _ in pieces]
    random.shuffle(order)
    waiting: dict[int, list[bytes]] = {}
    for number, piece in pieces:
        waiting.setdefault(number, []).append(piece)
    return b"".join(waiting[number].pop(0) for number in order)


def _padded(number: int, value: bytes, random: Random) -> bytes:
    sizes = random.choice((0, 0, 5)), random.choice((0, 0, 5))
    return length(number, value, tag_size=sizes[0], size=sizes[1])


def _unknown(random: Random) -> bytes:
    return random.choice(
        (
            uint(50, random.randrange(1 << 64), random.choice((0, 10))),
            fixed64(50),
            fixed32(50),
            length(50, b"\xff\xff"),
            group(50, group(1) + length(2, b"x")),
        )
    )


def _encoded(value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(value)
    return varint(len(value)) + value


def _split(data: bytes) -> list[tuple[int, int, int | bytes]]:
    """The fields of a canonical message without fixed-size ones."""
    found: list[tuple[int, int, int | bytes]] = []
    position = 0
    while position < len(data):
        key, position = _varint_at(data, position)
        value, position = _varint_at(data, position)
        if key & 7 == 0:
            found.append((key >> 3, 0, value))
        else:
            found.append((key >> 3, 2, data[position : position + value]))
            position += value
    return found


def _varint_at(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position += 1
        if byte < 128:
            return value, position
        shift += 7
