"""Other ways to write a thing: texts, bytes, and those with something put in."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from typing import Final

__all__ = ["bit_flips", "payload_variants", "stream", "text_variants", "with_intruders"]

INTRUDERS: Final = (
    "\n",
    "\r",
    "\t",
    " ",
    "\x00",
    "\x7f",
    "\x0b",
    "\x85",
    "\xa0",
    "\u00ad",
    "\u200b",
    "\u200f",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\u0430",  # looks like a
    "\u0661",  # an Arabic 1
    "\uff11",  # a wide 1
    "\ud800",  # half of a pair, which no UTF-8 has
)
"""What must not stand in an identifier, and what parsers pass over."""

_BYTES: Final = (b"\n", b"\r", b"\t", b" ", b"\0", b"\x7f", b"=", b"\xc2\xa0", b":")

# Letters that look alike, and digits that are the same to `int` and `str.isdigit`.
_LETTERS: Final = str.maketrans(
    "aceopxABE", "\u0430\u0441\u0435\u043e\u0440\u0445\u0410\u0412\u0415"
)
_DIGITS: Final = {ord("0") + digit: 0x660 + digit for digit in range(10)}
_WIDE: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def text_variants(text: str) -> Iterator[str]:
    """Other ways to write an identifier, none of them ``text`` itself."""
    bare = text.removeprefix("0x")
    variants = {
        text.lower(),
        text.upper(),
        text.swapcase(),
        text.title(),
        text[:1].swapcase() + text[1:],
        text[:-1] + text[-1:].swapcase(),
        f"0x{bare}",
        f"0X{bare}",
        bare,
        f"0{text}",
        f"+{text}",
        f"{text}=",
        f"{text}==",
        f"{text}/",
        f"{text}.",
        f"{text}#",
        f"{text}?",
        f"{text}:",
        f"{text},",
        f"{text};",
        f"'{text}'",
        f'"{text}"',
        f"<{text}>",
        f"({text})",
        f"@{text}",
        f"_{text}",
    }
    return iter(sorted(variants - {text}))


def with_intruders(text: str) -> Iterator[str]:
    """``text`` with something in it that does not belong there."""
    middle = len(text) // 2
    for intruder in INTRUDERS:
        yield intruder + text
        yield text + intruder
        yield text[:middle] + intruder + text[middle:]
        yield text[:1] + intruder + text[1:]
    yield f" {text} "
    yield f"{text}\r\n"
    yield f"{text}\n- Grant messaging access to app"
    for table in (_LETTERS, _DIGITS, _WIDE):
        variant = text.translate(table)
        if variant != text:
            yield variant


def payload_variants(payload: bytes) -> Iterator[bytes]:
    """Other bytes for the same, none of them ``payload`` itself."""
    middle = len(payload) // 2
    variants = [
        payload + b"\n- Grant messaging access to app",
        payload[::-1],
        payload[:-1],
        payload[1:],
        payload + payload,
        payload.lower(),
        payload.upper(),
        payload.swapcase(),
        b"0x" + payload,
        payload.hex().encode(),
        payload.hex().upper().encode(),
        b"\x12" + bytes((len(payload) & 0x7F,)) + payload,
        b"\x0a" + bytes((len(payload) & 0x7F,)) + payload,
    ]
    for intruder in _BYTES:
        variants += [
            intruder + payload,
            payload + intruder,
            payload[:middle] + intruder + payload[middle:],
            # One byte in place of another, for forms of a fixed length.
            payload[:middle] + intruder + payload[middle + 1 :],
            intruder + payload[1:],
            payload[:-1] + intruder,
        ]
    return (variant for variant in dict.fromkeys(variants) if variant != payload)


def bit_flips(data: bytes) -> Iterator[bytes]:
    """``data`` with each of its bits flipped, one at a time."""
    for index in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[index] ^= 1 << bit
            yield bytes(flipped)


def stream(seed: str, size: int) -> bytes:
    """Bytes that look random and are the same for the same seed."""
    blocks = (sha256(f"{seed} {count}".encode()).digest() for count in range(size))
    return b"".join(islice(blocks, size // 32 + 1))[:size]
