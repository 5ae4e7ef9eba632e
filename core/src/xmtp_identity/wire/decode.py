"""Bytes to a raw update, the way XMTP's reference client reads them.

Two ways lead to the same record. The fast one lets protobuf's runtime parse
and serialize again: if the same bytes come out, nothing odd was in. Whatever
fails that test is walked by hand (`scan`), as prost would walk it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from google.protobuf.message import DecodeError

from ..errors import Undecodable
from . import view_pb2 as view
from .records import (
    MANY,
    NONE,
    RawAction,
    RawAdd,
    RawChange,
    RawCreate,
    RawOther,
    RawRevoke,
    RawUpdate,
    Space,
    Union,
    Variant,
)
from .scan import LEN, VARINT, enter, fields, read_varint, utf8

__all__ = ["decode_update"]

_ACTIONS: Final = 1
_LEAF_ACTIONS: Final = 100
_KINDS: Final = frozenset((0, 1, 2))
_NOTHING: Final = Variant(NONE, b"")
_LEAF_NUMBERS: Final = range(100, 2000)
_NUMBERS: Final = {
    field.name: field.number
    for message in (view.MemberIdentifier, view.Signature)
    for field in message.DESCRIPTOR.fields
}


def decode_update(data: bytes) -> RawUpdate:
    """Read one serialized `IdentityUpdate`.

    Raises `Undecodable` with the codes ``undecodable``, ``nesting_too_deep``,
    ``overlong_varint``, ``mixed_actions`` (an update that has both `actions`
    and field 100) and ``no_actions`` (neither).
    """
    raw = _fast(data)
    if raw is not None:
        return raw
    try:
        return _slow(data)
    except Undecodable as error:
        # Where there are no root actions the reference client sees a no-op or
        # nothing, so refusing changes no root and is no deviation.
        if error.deviation and not _may_have_actions(data):
            error.deviation = False
        raise


def _mixed_actions() -> Undecodable:
    return Undecodable(
        "The update has both actions and leaf actions (field 100).",
        code="mixed_actions",
        deviation=True,
    )


def _no_actions() -> Undecodable:
    return Undecodable("The update has no actions.", code="no_actions")


# The fast way


class _UnknownKind(Exception):
    """An identifier kind is none of XMTP's."""


def _fast(data: bytes) -> RawUpdate | None:
    try:
        update = view.IdentityUpdate.FromString(data)
    except DecodeError:
        return None
    update.DiscardUnknownFields()
    if update.SerializeToString() != data:
        return None
    actions = update.actions
    is_leaf = not actions
    if is_leaf:
        actions = update.leaf_actions
        if not actions:
            raise _no_actions()
    elif update.leaf_actions:
        raise _mixed_actions()
    try:
        raw = [_fast_action(action) for action in actions]
    except _UnknownKind:
        # Rare enough to have everything looked at.
        return None
    return RawUpdate(update.inbox_id, update.client_timestamp_ns, raw, is_leaf, None)


def _fast_action(action: view.IdentityAction) -> RawAction:
    which = action.WhichOneof("kind")
    if which == "add":
        add = action.add
        return RawAdd(
            _variant(add.new_member_identifier),
            _variant(add.existing_member_signature),
            _variant(add.new_member_signature),
        )
    if which == "revoke":
        revoke = action.revoke
        return RawRevoke(
            _variant(revoke.member_to_revoke),
            _variant(revoke.recovery_identifier_signature),
        )
    if which == "create_inbox":
        create = action.create_inbox
        if create.initial_identifier_kind not in _KINDS:
            raise _UnknownKind
        return RawCreate(
            create.initial_identifier,
            create.nonce,
            _variant(create.initial_identifier_signature),
            create.initial_identifier_kind,
            create.relying_party if create.HasField("relying_party") else None,
        )
    if which == "change_recovery_address":
        change = action.change_recovery_address
        if change.new_recovery_identifier_kind not in _KINDS:
            raise _UnknownKind
        return RawChange(
            change.new_recovery_identifier,
            _variant(change.existing_recovery_identifier_signature),
            change.new_recovery_identifier_kind,
            change.relying_party if change.HasField("relying_party") else None,
        )
    return RawOther(NONE)


def _variant(union: view.MemberIdentifier | view.Signature) -> Variant:
    name = union.WhichOneof("variant")
    if name is None:
        return _NOTHING
    return Variant(_NUMBERS[name], getattr(union, name))


# The slow way: a field's rule says how an occurrence is merged into its record

_Rule = Callable[[dict[int, Any], int, int, bytes, int], None]


class _Schema(NamedTuple):
    """A rule a field; ``union`` keeps the numbers that have no rule, too."""

    rules: Mapping[int, _Rule]
    union: bool = False


def _slow(data: bytes) -> RawUpdate:
    numbers = {number for number, _, _, _ in fields(data, 0)}
    if _ACTIONS in numbers and _LEAF_ACTIONS in numbers:
        raise _mixed_actions()
    update: dict[int, Any] = {}
    _merge(_UPDATE, update, data, 0)
    is_leaf = _LEAF_ACTIONS in update
    actions = update.get(_LEAF_ACTIONS if is_leaf else _ACTIONS)
    if not actions:
        raise _no_actions()
    unions: list[Union] = []
    return RawUpdate(
        update.get(3, ""),
        update.get(2, 0),
        [_slow_action(action, unions) for action in actions],
        is_leaf,
        unions,
    )


def _merge(schema: _Schema, record: dict[int, Any], data: bytes, depth: int) -> None:
    for number, wire_type, start, end in fields(data, depth):
        rule = schema.rules.get(number)
        if rule is not None:
            rule(record, number, wire_type, data[start:end], depth)
        elif schema.union:
            # Whatever the wire type: what counts first is that it is there.
            record[number] = data[start:end] if wire_type == LEN else None


def _expect(wire_type: int, wanted: int, number: int) -> None:
    if wire_type != wanted:
        raise Undecodable(f"Field {number} has the wrong wire type.")


def _uint64(
    record: dict[int, Any], number: int, wire_type: int, value: bytes, _: int
) -> None:
    _expect(wire_type, VARINT, number)
    record[number], _after = read_varint(value, 0, len(value))


def _enum(
    record: dict[int, Any], number: int, wire_type: int, value: bytes, _: int
) -> None:
    _expect(wire_type, VARINT, number)
    low = read_varint(value, 0, len(value))[0] & 0xFFFFFFFF
    record[number] = low - (1 << 32) if low >> 31 else low


def _string(
    record: dict[int, Any], number: int, wire_type: int, value: bytes, _: int
) -> None:
    _expect(wire_type, LEN, number)
    record[number] = utf8(value, str(number))


def _scalar_variant(
    record: dict[int, Any], number: int, wire_type: int, value: bytes, _: int
) -> None:
    """Bytes in a union: the last occurrence counts."""
    _expect(wire_type, LEN, number)
    record[number] = value


def _string_variant(
    record: dict[int, Any], number: int, wire_type: int, value: bytes, _: int
) -> None:
    _expect(wire_type, LEN, number)
    utf8(value, str(number))
    record[number] = value


def _message_variant(
    record: dict[int, Any], number: int, wire_type: int, value: bytes, depth: int
) -> None:
    """A message in a union: occurrences merge, and joined bytes are merged
    messages. Each is walked alone first, for one could complete another."""
    _expect(wire_type, LEN, number)
    enter(depth + 1)
    for _ in fields(value, depth + 1):
        pass
    record.setdefault(number, []).append(value)


def _record(schema: _Schema) -> _Rule:
    def rule(
        record: dict[int, Any], number: int, wire_type: int, value: bytes, depth: int
    ) -> None:
        _expect(wire_type, LEN, number)
        enter(depth + 1)
        _merge(schema, record.setdefault(number, {}), value, depth + 1)

    return rule


def _repeated(schema: _Schema) -> _Rule:
    def rule(
        record: dict[int, Any], number: int, wire_type: int, value: bytes, depth: int
    ) -> None:
        _expect(wire_type, LEN, number)
        enter(depth + 1)
        item: dict[int, Any] = {}
        _merge(schema, item, value, depth + 1)
        record.setdefault(number, []).append(item)

    return rule


_MEMBER: Final = _Schema(
    {1: _string_variant, 2: _scalar_variant, 3: _message_variant}, union=True
)
_SIGNATURE: Final = _Schema(dict.fromkeys(range(1, 6), _message_variant), union=True)
_CREATE: Final = _Schema(
    {1: _string, 2: _uint64, 3: _record(_SIGNATURE), 4: _enum, 5: _string}
)
_ADD: Final = _Schema(
    {1: _record(_MEMBER), 2: _record(_SIGNATURE), 3: _record(_SIGNATURE), 4: _string}
)
_REVOKE: Final = _Schema({1: _record(_MEMBER), 2: _record(_SIGNATURE)})
_CHANGE: Final = _Schema({1: _string, 2: _record(_SIGNATURE), 3: _enum, 4: _string})
_ACTION: Final = _Schema(
    {
        1: _record(_CREATE),
        2: _record(_ADD),
        3: _record(_REVOKE),
        4: _record(_CHANGE),
    },
    union=True,
)
_UPDATE: Final = _Schema(
    {
        _ACTIONS: _repeated(_ACTION),
        2: _uint64,
        3: _string,
        _LEAF_ACTIONS: _repeated(_ACTION),
    }
)


def _slow_action(action: dict[int, Any], unions: list[Union]) -> RawAction:
    """One action; of an ambiguous one only the numbers of its unions matter."""
    unions.append(Union(Space.ACTION, tuple(sorted(action))))
    raw: RawAction = RawOther(NONE)
    for number, record in action.items():
        if number == 1:
            raw = RawCreate(
                record.get(1, ""),
                record.get(2, 0),
                _slow_variant(record.get(3), Space.SIGNATURE, unions),
                record.get(4, 0),
                record.get(5),
            )
        elif number == 2:
            raw = RawAdd(
                _slow_variant(record.get(1), Space.MEMBER, unions),
                _slow_variant(record.get(2), Space.SIGNATURE, unions),
                _slow_variant(record.get(3), Space.SIGNATURE, unions),
            )
        elif number == 3:
            raw = RawRevoke(
                _slow_variant(record.get(1), Space.MEMBER, unions),
                _slow_variant(record.get(2), Space.SIGNATURE, unions),
            )
        elif number == 4:
            raw = RawChange(
                record.get(1, ""),
                _slow_variant(record.get(2), Space.SIGNATURE, unions),
                record.get(3, 0),
                record.get(4),
            )
        if raw_kind := getattr(raw, "identifier_kind", 0):
            unions.append(Union(Space.KIND, (raw_kind,)))
    return raw if len(action) == 1 else RawOther(MANY if action else NONE)


def _slow_variant(
    union: dict[int, bytes | list[bytes] | None] | None,
    space: str,
    unions: list[Union],
) -> Variant:
    if not union:
        return _NOTHING
    unions.append(Union(space, tuple(sorted(union))))
    if len(union) > 1:
        return Variant(MANY, b"")
    number, payload = next(iter(union.items()))
    if payload is None and number in _LEAF_NUMBERS:
        raise Undecodable(f"The variant {number} has the wrong wire type.")
    if isinstance(payload, list):
        payload = b"".join(payload)
    return Variant(number, payload or b"")


def _may_have_actions(data: bytes) -> bool:
    """Whether field 1 is, or after a break could be, in the update."""
    try:
        return any(number == _ACTIONS for number, _, _, _ in fields(data, 0))
    except Undecodable:
        return True
