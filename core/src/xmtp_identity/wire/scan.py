"""Reading protobuf as strictly as XMTP's reference client does.

Python's protobuf runtime takes bytes that prost, the Rust decoder of the
reference client, refuses: a known field with the wrong wire type, a varint
over 64 bits, deep groups. Two clients that differ here come to two states,
so whatever is not plainly canonical is walked by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from ..errors import Undecodable

__all__ = [
    "EGROUP",
    "I32",
    "I64",
    "LEN",
    "MAX_DEPTH",
    "PAYLOAD_DEPTH",
    "SGROUP",
    "VARINT",
    "check",
    "fields",
    "read_varint",
    "strict_parse",
]

VARINT: Final = 0
I64: Final = 1
LEN: Final = 2
SGROUP: Final = 3
EGROUP: Final = 4
I32: Final = 5

MAX_DEPTH: Final = 32
"""Messages and groups within one another, the update itself not counted."""

PAYLOAD_DEPTH: Final = 4
"""How deep the variant of a union stands in an update: update, action,
`AddAssociation` (say), union, variant."""

_MAX_TAG_BYTES: Final = 5
_MAX_VARINT_BYTES: Final = 10
_U32: Final = (1 << 32) - 1
_U64: Final = (1 << 64) - 1

M = TypeVar("M", bound=Message)


def strict_parse(cls: type[M], data: bytes, *, depth: int = PAYLOAD_DEPTH) -> M:
    """Parse the payload of a variant; unknown fields are dropped.

    data: a serialized message of class ``cls``.
    depth: how deep that message stands in the update (see `MAX_DEPTH`).

    Raises `Undecodable`; its ``deviation`` is true where the reference
    client's decoder is more lenient than this project.
    """
    try:
        message = cls.FromString(data)
    except DecodeError:
        check(cls, data, depth=depth)
        raise Undecodable(f"The bytes are no {cls.DESCRIPTOR.name}.") from None
    message.DiscardUnknownFields()
    if message.SerializeToString() != data:
        check(cls, data, depth=depth)
    return message


def check(message: type[Message], data: bytes, *, depth: int) -> None:
    """Walk ``data`` as a ``message``; raise `Undecodable` if the reference
    client would refuse it or this project's bounds do."""
    _check(message.DESCRIPTOR, data, depth)


def _check(descriptor: Any, data: bytes, depth: int) -> None:
    known = descriptor.fields_by_number
    for number, wire_type, start, end in fields(data, depth):
        field = known.get(number)
        if field is None:
            continue
        _check_wire_type(field, wire_type)
        if wire_type != LEN:
            continue
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            enter(depth + 1)
            _check(field.message_type, data[start:end], depth + 1)
        elif field.type == FieldDescriptor.TYPE_STRING:
            utf8(data[start:end], field.name)


def fields(data: bytes, depth: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields of one message: number, wire type, and where its value lies.

    For a length-delimited field the value is what follows the length; a
    group is walked (its content is unknown to every schema here) and spans
    to its end tag.
    """
    position, end = 0, len(data)
    while position < end:
        number, wire_type, position = _tag(data, position, end)
        start, stop, position = _value(data, number, wire_type, position, end, depth)
        yield number, wire_type, start, stop


def enter(depth: int) -> None:
    """Refuse to go deeper than `MAX_DEPTH`."""
    if depth > MAX_DEPTH:
        raise Undecodable(
            f"Messages or groups are nested more than {MAX_DEPTH} deep.",
            code="nesting_too_deep",
            deviation=True,
        )


def utf8(data: bytes, name: str) -> str:
    """Decode a string field."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Undecodable(f"The field {name} is not UTF-8.") from None


def read_varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    """A varint of up to 64 bits, and the position after it."""
    value = shift = 0
    for index in range(position, min(end, position + _MAX_VARINT_BYTES)):
        byte = data[index]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > _U64:
                break
            return value, index + 1
        shift += 7
    raise Undecodable("A varint is cut off or has more than 64 bits.")


def _tag(data: bytes, position: int, end: int) -> tuple[int, int, int]:
    tag, after = _short_varint(data, position, end)
    number, wire_type = tag >> 3, tag & 7
    if tag > _U32 or number == 0 or wire_type > I32:
        raise Undecodable("A field has an impossible tag.")
    return number, wire_type, after


def _short_varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    """A tag or a length. Both fit five bytes; decoders differ on longer ones."""
    value, after = read_varint(data, position, end)
    if after - position > _MAX_TAG_BYTES:
        raise Undecodable(
            f"A tag or a length takes more than {_MAX_TAG_BYTES} bytes.",
            code="overlong_varint",
            deviation=True,
        )
    return value, after


def _value(
    data: bytes, number: int, wire_type: int, position: int, end: int, depth: int
) -> tuple[int, int, int]:
    """Where a value starts and stops, and where the next field begins."""
    if wire_type == VARINT:
        _, after = read_varint(data, position, end)
        return position, after, after
    if wire_type == LEN:
        length, position = _short_varint(data, position, end)
        after = position + length
    elif wire_type == SGROUP:
        return position, *_group(data, number, position, end, depth + 1)
    elif wire_type == EGROUP:
        raise Undecodable("A group ends that did not begin.")
    else:
        after = position + (8 if wire_type == I64 else 4)
    if after > end:
        raise Undecodable("A field reaches beyond the end.")
    return position, after, after


def _group(
    data: bytes, number: int, position: int, end: int, depth: int
) -> tuple[int, int]:
    """Where the content of a group stops, and the position after its end tag."""
    enter(depth)
    while position < end:
        before = position
        inner, wire_type, position = _tag(data, position, end)
        if wire_type == EGROUP:
            if inner != number:
                raise Undecodable("A group ends with another group's number.")
            return before, position
        _, _, position = _value(data, inner, wire_type, position, end, depth)
    raise Undecodable("A group does not end.")


_WIRE_TYPES: Final = {
    FieldDescriptor.TYPE_STRING: LEN,
    FieldDescriptor.TYPE_BYTES: LEN,
    FieldDescriptor.TYPE_MESSAGE: LEN,
    FieldDescriptor.TYPE_UINT64: VARINT,
    FieldDescriptor.TYPE_UINT32: VARINT,
    FieldDescriptor.TYPE_INT32: VARINT,
    FieldDescriptor.TYPE_ENUM: VARINT,
    FieldDescriptor.TYPE_BOOL: VARINT,
}


def _check_wire_type(field: FieldDescriptor, wire_type: int) -> None:
    if _WIRE_TYPES[field.type] != wire_type:
        raise Undecodable(f"The field {field.name} has the wrong wire type.")
