"""Damage to logs, from a seed: what disks, attackers and bugs do to bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from .protobuf import SGROUP, fixed32, fixed64, group, groups, length, tag, uint, varint

Log = list[bytes | None]

_NUMBERS: Final = (1, 2, 3, 4, 5, 6, 50, 99, 100, 101, 107, 999, 1000, 1003, 1999, 2000)
_VARINTS: Final = (0, 1, 2, 3, 100, 127, 128, 2**31, 2**32, 2**63, 2**64 - 1)


def mutate_log(log: Sequence[bytes | None], random: Random) -> Log:
    """A log with one to three changes to its entries or their order."""
    mutated = list(log)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if not mutated or random.random() < 0.15:
            random.choice(_ORDER)(mutated, random)
            continue
        index = random.randrange(len(mutated))
        entry = mutated[index]
        if entry:
            mutated[index] = mutate(entry, random, mutated)
    return mutated


def mutate(data: bytes, random: Random, log: Sequence[bytes | None] = ()) -> bytes:
    """Bytes with one change; half of the time inside of a nested message."""
    if random.random() < 0.5:
        inner = _inner_field(data, random)
        if inner is not None:
            start, value_start, end = inner
            number = _read_tag(data, start) >> 3
            value = mutate(data[value_start:end], random, log)
            return data[:start] + length(number, value) + data[end:]
    return random.choice(_BYTES)(data, random, log)


# Changes of bytes


def _flip(data: bytes, random: Random, _: Sequence[bytes | None]) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    for _again in range(random.choice((1, 1, 2, 4))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _cut(data: bytes, random: Random, _: Sequence[bytes | None]) -> bytes:
    return data[: random.randint(0, len(data))]


def _remove(data: bytes, random: Random, _: Sequence[bytes | None]) -> bytes:
    start = random.randint(0, len(data))
    return data[:start] + data[start + random.randint(1, 8) :]


def _insert_field(data: bytes, random: Random, _: Sequence[bytes | None]) -> bytes:
    """A field of any kind, where fields begin or anywhere."""
    boundaries = [0, len(data), *[start for start, _, _ in _fields(data)]]
    position = random.choice([*boundaries, random.randint(0, len(data))])
    return data[:position] + _any_field(random) + data[position:]


def _insert_junk(data: bytes, random: Random, _: Sequence[bytes | None]) -> bytes:
    position = random.randint(0, len(data))
    return data[:position] + random.randbytes(random.randint(1, 12)) + data[position:]


def _splice(data: bytes, random: Random, log: Sequence[bytes | None]) -> bytes:
    """The front of one entry and the back of another, at fields if it goes."""
    others = [entry for entry in log if entry] or [data]
    other = random.choice(others)
    return data[: _boundary(data, random)] + other[_boundary(other, random) :]


def _repeat_field(data: bytes, random: Random, _: Sequence[bytes | None]) -> bytes:
    fields = _fields(data)
    if not fields:
        return data
    start, _value, end = random.choice(fields)
    field = data[start:end]
    position = _boundary(data, random)
    return data[:position] + field + data[position:]


def _move_field(data: bytes, random: Random, _: Sequence[bytes | None]) -> bytes:
    fields = _fields(data)
    if not fields:
        return data
    start, _value, end = random.choice(fields)
    rest = data[:start] + data[end:]
    position = _boundary(rest, random)
    return rest[:position] + data[start:end] + rest[position:]


def _renumber(data: bytes, random: Random, _: Sequence[bytes | None]) -> bytes:
    """The same field under another number."""
    fields = _fields(data)
    if not fields:
        return data
    start, _value, end = random.choice(fields)
    old = _read_tag(data, start)
    new = tag(random.choice(_NUMBERS), old & 7)
    return data[:start] + new + data[start + len(varint(old)) : end] + data[end:]


_BYTES: Final[tuple[Callable[[bytes, Random, Sequence[bytes | None]], bytes], ...]] = (
    _flip,
    _flip,
    _cut,
    _remove,
    _insert_field,
    _insert_field,
    _insert_junk,
    _splice,
    _repeat_field,
    _move_field,
    _renumber,
)


# Changes of the order


def _swap(log: Log, random: Random) -> None:
    if log:
        first, second = random.randrange(len(log)), random.randrange(len(log))
        log[first], log[second] = log[second], log[first]


def _again(log: Log, random: Random) -> None:
    if log:
        log.insert(random.randint(0, len(log)), random.choice(log))


def _drop(log: Log, random: Random) -> None:
    if log:
        del log[random.randrange(len(log))]


def _nothing(log: Log, random: Random) -> None:
    log.insert(random.randint(0, len(log)), random.choice((None, b"")))


def _noise(log: Log, random: Random) -> None:
    log.insert(
        random.randint(0, len(log)), random.randbytes(random.choice((1, 7, 40, 300)))
    )


_ORDER: Final[tuple[Callable[[Log, Random], None], ...]] = (
    _swap,
    _again,
    _drop,
    _nothing,
    _noise,
)


# Finding fields, leniently


def _any_field(random: Random) -> bytes:
    number = random.choice(_NUMBERS)
    value = random.choice(_VARINTS)
    return random.choice(
        (
            uint(number, value, random.choice((0, 0, 5, 10, 11))),
            fixed32(number),
            fixed64(number),
            length(number, random.randbytes(random.choice((0, 1, 32, 64)))),
            length(number, b"", tag_size=random.choice((5, 6, 10))),
            length(number, b"", size=random.choice((5, 6, 10))),
            group(number, uint(1, 1)),
            groups(number, random.choice((1, 27, 28, 29, 31, 32, 33, 97, 98, 1000))),
            tag(number, SGROUP),
            tag(number, random.choice((4, 6, 7))),
            tag(number, 0) + b"\xff" * 9 + bytes((value & 0x7F,)),
        )
    )


def _boundary(data: bytes, random: Random) -> int:
    places = [start for start, _, _ in _fields(data)]
    return random.choice([0, len(data), *places, random.randint(0, len(data))])


def _inner_field(data: bytes, random: Random) -> tuple[int, int, int] | None:
    inner = [
        (start, value, end)
        for start, value, end in _fields(data)
        if _read_tag(data, start) & 7 == 2
    ]
    return random.choice(inner) if inner else None


def _read_tag(data: bytes, position: int) -> int:
    return _read_varint(data, position)[0]


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position += 1
        if byte < 0x80:
            return value, position
        shift += 7


def _fields(data: bytes) -> list[tuple[int, int, int]]:
    """Start of the tag, start of the value and end of each field, as far as it
    can be made out."""
    found = []
    position = 0
    try:
        while position < len(data):
            start = position
            field, position = _read_varint(data, position)
            wire_type = field & 7
            if wire_type == 0:
                value = position
                _, position = _read_varint(data, position)
            elif wire_type == 2:
                size, value = _read_varint(data, position)
                position = value + size
            elif wire_type in (1, 5):
                value = position
                position += 8 if wire_type == 1 else 4
            else:
                break
            if position > len(data):
                break
            found.append((start, value, position))
    except IndexError:
        pass
    return found
