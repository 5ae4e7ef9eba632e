"""Which entries are leaf updates, told without the code under test."""

from __future__ import annotations

from .scripts import Log

_ACTIONS = 1
_LEAF_ACTIONS = 100


def is_leaf(entry: bytes | None) -> bool:
    """Whether bytes have field 100 and no field 1.

    What can't be read to its end is no leaf update to anyone.
    """
    if entry is None:
        return False
    numbers = set()
    position = 0
    try:
        while position < len(entry):
            tag, position = _varint(entry, position)
            numbers.add(tag >> 3)
            position = _skip(entry, tag, position)
    except IndexError:
        return False
    return _LEAF_ACTIONS in numbers and _ACTIONS not in numbers


def without_leaves(log: Log) -> Log:
    """The log that is left for a client that does not see them."""
    return [entry for entry in log if not is_leaf(entry)]


def _skip(data: bytes, tag: int, position: int) -> int:
    """The position after a value; raises `IndexError` beyond the end."""
    wire_type = tag & 7
    if wire_type == 0:
        return _varint(data, position)[1]
    if wire_type == 3:
        return _skip_group(data, position)
    if wire_type == 2:
        size, position = _varint(data, position)
        position += size
    else:
        position += {1: 8, 5: 4}.get(wire_type, len(data) + 1)
    if position > len(data):
        raise IndexError
    return position


def _skip_group(data: bytes, position: int) -> int:
    open_groups = 1
    while open_groups:
        tag, position = _varint(data, position)
        if tag & 7 == 3:
            open_groups += 1
        elif tag & 7 == 4:
            open_groups -= 1
        else:
            position = _skip(data, tag, position)
    return position


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
