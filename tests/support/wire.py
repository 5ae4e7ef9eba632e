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
_NUMBERS: Final = (0, 1, 2, 3, 127, 128, 2**31, 2**32 - 1, 2**63, 2**64 - 1)
_TEXTS: Final = ("", "0x", "a" * 130, "é", "two\nlines", "\U0001f600")

seeds: Final = st.integers(0, 2**32 - 1)
"""What the updates of a test are made from: quick, and enough to find it again."""


def well_formed(random: Random) -> bytes:
    """A message of unknown kind."""
    return b"".join(_field(random) for _ in range(random.randrange(4)))


def _field(random: Random) -> bytes:
    number = random.choice((1, 2, 3, 9, 100, 2000))
    return random.choice(
        (
            uint(number, random.choice(_NUMBERS)),
            length(number, random.randbytes(random.randrange(20))),
            fixed64(number),
            fixed32(number),
        )
    )


def _member(random: Random) -> view.MemberIdentifier | None:
    number = random.choice((0, *_MEMBER_NUMBERS))
    if number == 1:
        payload = random.choice(_TEXTS).encode()
    elif number == 3:
        payload = well_formed(random)
    else:
        payload = random.randbytes(random.randrange(40))
    return view.MemberIdentifier(**{f"m{number}": payload}) if number else None


def _signature(random: Random) -> view.Signature | None:
    number = random.choice((0, *_SIGNATURE_NUMBERS))
    payload = well_formed(random) if number < 100 else random.randbytes(9)
    return view.Signature(**{f"s{number}": payload}) if number else None


def _kind(random: Random) -> int:
    return random.choice((0, 1, 2, 3, 100, -1, 2**31 - 1, -(2**31)))


def _action(random: Random) -> view.IdentityAction:
    party = random.choice((None, *_TEXTS))
    which = random.randrange(9)
    if which == 0:
        return view.IdentityAction()
    if which < 3:
        return view.IdentityAction(
            create_inbox=view.CreateInbox(
                initial_identifier=random.choice(_TEXTS),
                nonce=random.choice(_NUMBERS),
                initial_identifier_signature=_signature(random),
                initial_identifier_kind=_kind(random),
                relying_party=party,
            )
        )
    if which < 5:
        return view.IdentityAction(
            add=view.AddAssociation(
                new_member_identifier=_member(random),
                existing_member_signature=_signature(random),
                new_member_signature=_signature(random),
                relying_party=party,
            )
        )
    if which < 7:
        return view.IdentityAction(
            revoke=view.RevokeAssociation(
                member_to_revoke=_member(random),
                recovery_identifier_signature=_signature(random),
            )
        )
    return view.IdentityAction(
        change_recovery_address=view.ChangeRecoveryAddress(
            new_recovery_identifier=random.choice(_TEXTS),
            existing_recovery_identifier_signature=_signature(random),
            new_recovery_identifier_kind=_kind(random),
            relying_party=party,
        )
    )


def canonical_update(seed: int) -> bytes:
    """A serialized update of any content, as an encoder writes it."""
    random = Random(seed)
    actions = [_action(random) for _ in range(random.choice((1, 1, 2, 3)))]
    update = view.IdentityUpdate(
        client_timestamp_ns=random.choice(_NUMBERS), inbox_id=random.choice(_TEXTS)
    )
    target = random.choice((update.actions, update.actions, update.leaf_actions))
    target.extend(actions)
    return update.SerializeToString()


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
    for number, _, value in _split(data):
        if isinstance(value, int):
            pieces.append((number, uint(number, value, random.choice((0, 3, 10)))))
            continue
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
