"""Malleable twins: other bytes that lax verifiers take for the same signature.

The kit does not know what a payload holds. So each scheme's twin is made at
every place where its numbers could stand; all but a few are nonsense, which
any verifier refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

__all__ = ["twins_of"]

_SCALAR: Final = 32
_ORDERS: Final = {
    "secp256k1": (
        0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
    ),
    "P-256": 0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551,
}
_L: Final = 2**252 + 27742317777372353535851937790883648493
_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_LONG: Final = 0x80


def twins_of(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """Twins with what was done to make them, none of them ``payload``.

    ECDSA: n - s for s, with and without another recovery id; the same in DER,
    and DER's other encodings. Ed25519: S + L for S. Encodings: what protobuf
    and other formats have a second way for.
    """
    for what, twin in (
        *_recovery_ids(payload),
        *_compact(payload),
        *_edwards(payload),
        *_der(payload),
        *_encodings(payload),
    ):
        if twin != payload:
            yield what, twin


def _recovery_ids(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """The byte that says which of the keys it is stands first or last."""
    for place in (0, len(payload) - 1) if payload else ():
        for value in (*range(5), *range(27, 43), payload[place] ^ 0x80):
            yield (
                f"byte {place} as {value}",
                payload[:place] + bytes((value,)) + payload[place + 1 :],
            )


def _compact(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """n - s, 32 bytes big-endian, wherever it fits."""
    for start in range(len(payload) - _SCALAR + 1):
        end = start + _SCALAR
        number = int.from_bytes(payload[start:end])
        for curve, order in _ORDERS.items():
            if not 0 < number < order:
                continue
            negated = (order - number).to_bytes(_SCALAR)
            twin = payload[:start] + negated + payload[end:]
            yield f"n - s of {curve} at byte {start}", twin
            for place in {0, end} - {*range(start, end), len(payload)}:
                for step in (-1, 1):
                    value = bytes(((twin[place] + step) & 0xFF,))
                    yield (
                        f"n - s of {curve} at byte {start}, byte {place} by {step:+}",
                        twin[:place] + value + twin[place + 1 :],
                    )


def _edwards(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """S + L, 32 bytes little-endian, wherever it fits."""
    for start in range(len(payload) - _SCALAR + 1):
        end = start + _SCALAR
        number = int.from_bytes(payload[start:end], "little")
        for times in (1, 8):
            added = number + times * _L
            if added < 1 << (8 * _SCALAR):
                yield (
                    f"S + {times} L at byte {start}",
                    payload[:start] + added.to_bytes(_SCALAR, "little") + payload[end:],
                )


def _der(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """Other forms of each ECDSA signature in DER (X.690) inside the payload."""
    for start in range(len(payload) - 8):
        numbers = _read_der(payload, start)
        if numbers is None:
            continue
        r, s = numbers
        end = start + 2 + payload[start + 1]
        forms = {
            "r as s": _sequence(s, r),
            "a zero before r": _sequence(r, s, pad=1),
            "a length in two bytes": b"\x30\x81" + _sequence(r, s)[1:],
            "a byte after the end": _sequence(r, s) + b"\0",
        }
        for curve, order in _ORDERS.items():
            if 0 < s < order:
                forms[f"n - s of {curve} in DER"] = _sequence(r, order - s)
                forms[f"s - n of {curve} in DER"] = _sequence(r, s - order)
                forms[f"s + n of {curve} in DER"] = _sequence(r, s + order)
        for what, form in forms.items():
            yield f"{what}, at byte {start}", payload[:start] + form + payload[end:]
            # Formats that hold it say its length before it, some with one byte
            # of their own behind it.
            longer = len(form) - (end - start)
            if longer and start:
                length = (payload[start - 1] + longer) & 0x7F
                head = payload[: start - 1] + bytes((length,))
                yield (
                    f"{what}, at byte {start}, its length too",
                    (head + form + payload[end:]),
                )


def _read_der(payload: bytes, start: int) -> tuple[int, int] | None:
    """The two integers of a SEQUENCE that starts here."""
    if payload[start] != _SEQUENCE or payload[start + 1] >= _LONG:
        return None
    end = start + 2 + payload[start + 1]
    numbers: list[int] = []
    position = start + 2
    while position + 2 < end <= len(payload) and payload[position] == _INTEGER:
        after = position + 2 + payload[position + 1]
        numbers.append(int.from_bytes(payload[position + 2 : after]))
        position = after
    if position != end or len(numbers) != 2:
        return None
    return numbers[0], numbers[1]


def _sequence(r: int, s: int, *, pad: int = 0) -> bytes:
    body = _integer(r, pad) + _integer(s)
    return bytes((_SEQUENCE, len(body))) + body


def _integer(value: int, pad: int = 0) -> bytes:
    """A number in the fewest bytes that hold it and its sign, or more."""
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1 + pad
    encoded = value.to_bytes(size, signed=True)
    return bytes((_INTEGER, len(encoded))) + encoded


def _encodings(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """What a format may read as the same."""
    for extra in (b"\0", b"\x01", b"\n", b"=", b"\xa2\x06\x00", b"\xa0\x06\x01"):
        yield f"{extra.hex()} behind it", payload + extra
        yield f"{extra.hex()} before it", extra + payload
    yield "twice", payload + payload
    yield "turned around", payload[::-1]
    yield "in hex", payload.hex().encode()
    yield "cut off by a byte", payload[:-1]
    for width in (32, 33, 64):
        # r and s, or R and S, change places or are turned around.
        if len(payload) >= 2 * width:
            rest = payload[2 * width :]
            yield (
                f"{width} bytes exchanged",
                payload[width : 2 * width] + (payload[:width] + rest),
            )
    for place in range(min(len(payload), 4)):
        # A length or a tag of protobuf in two bytes where one is enough.
        yield (
            f"byte {place} in two",
            payload[:place]
            + (bytes((payload[place] | _LONG, 0)) + payload[place + 1 :]),
        )
