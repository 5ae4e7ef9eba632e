"""Protobuf by hand, so that tests can write what no encoder writes."""

from __future__ import annotations

from typing import Final

VARINT: Final = 0
I64: Final = 1
LEN: Final = 2
SGROUP: Final = 3
EGROUP: Final = 4
I32: Final = 5


def varint(value: int, size: int = 0) -> bytes:
    """A varint; padded with zeros to ``size`` bytes where that is more."""
    value &= (1 << 64) - 1
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    while len(encoded) < size:
        encoded[-1] |= 0x80
        encoded.append(0)
    return bytes(encoded)


def tag(number: int, wire_type: int, size: int = 0) -> bytes:
    return varint(number << 3 | wire_type, size)


def length(
    number: int, value: bytes | str, *, tag_size: int = 0, size: int = 0
) -> bytes:
    """A length-delimited field: a string, bytes or a message."""
    data = value.encode() if isinstance(value, str) else value
    return tag(number, LEN, tag_size) + varint(len(data), size) + data


def uint(number: int, value: int, size: int = 0) -> bytes:
    return tag(number, VARINT) + varint(value, size)


def fixed64(number: int, value: int = 0) -> bytes:
    return tag(number, I64) + value.to_bytes(8, "little")


def fixed32(number: int, value: int = 0) -> bytes:
    return tag(number, I32) + value.to_bytes(4, "little")


def group(number: int, content: bytes = b"") -> bytes:
    return tag(number, SGROUP) + content + tag(number, EGROUP)


def groups(number: int, depth: int) -> bytes:
    """``depth`` groups within one another."""
    return tag(number, SGROUP) * depth + tag(number, EGROUP) * depth


def optional(number: int, value: int | bytes | str | None) -> bytes:
    """A field as proto3 writes it: left out where it holds the default."""
    if isinstance(value, int):
        return uint(number, value) if value else b""
    return length(number, value) if value else b""
