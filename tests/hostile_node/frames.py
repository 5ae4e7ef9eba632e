"""HTTP/2 by hand (RFC 9113, 4.1; RFC 7541, 6.2.2), for clients that stop halfway.

gRPC's own client reads and sends as fast as it can; these don't.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import Final

__all__ = [
    "END_STREAM",
    "PREFACE",
    "connect",
    "continuation",
    "data",
    "grpc_message",
    "headers",
    "open_headers",
    "request",
    "reset",
    "settings",
]

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
END_STREAM: Final = 1
_END_HEADERS: Final = 4
_DATA, _HEADERS, _RESET, _SETTINGS, _CONTINUATION = 0, 1, 3, 4, 9


def frame(kind: int, flags: int, stream: int, content: bytes = b"") -> bytes:
    return (
        len(content).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + content
    )


def settings(values: Iterable[tuple[int, int]] = ()) -> bytes:
    content = b"".join(name.to_bytes(2) + value.to_bytes(4) for name, value in values)
    return frame(_SETTINGS, 0, 0, content)


def headers(method: str, stream: int = 1) -> bytes:
    """Those of a gRPC call; literals without indexing."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": method,
        ":authority": "localhost",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    block = b"".join(
        b"\0" + _literal(name) + _literal(value) for name, value in fields.items()
    )
    return frame(_HEADERS, _END_HEADERS, stream, block)


def open_headers(stream: int = 1) -> bytes:
    """The beginning of headers that others are to follow."""
    return frame(_HEADERS, 0, stream, b"")


def continuation(size: int, stream: int = 1) -> bytes:
    """More headers of about so many bytes, and not the last ones."""
    field = b"\0" + _literal("x-more") + _literal("y" * 100)
    return frame(_CONTINUATION, 0, stream, field * (size // len(field)))


def reset(stream: int) -> bytes:
    """The client is not interested any more (CANCEL)."""
    return frame(_RESET, 0, stream, (8).to_bytes(4))


def _literal(text: str) -> bytes:
    assert len(text) < 127
    return bytes((len(text),)) + text.encode("ascii")


def grpc_message(message: bytes) -> bytes:
    """With gRPC's prefix: not compressed, its length."""
    return b"\0" + len(message).to_bytes(4) + message


def data(content: bytes, stream: int = 1, flags: int = END_STREAM) -> bytes:
    return frame(_DATA, flags, stream, content)


def request(method: str, message: bytes, stream: int = 1) -> bytes:
    """A whole gRPC call; ``message`` has at most 16,000 bytes."""
    return headers(method, stream) + data(grpc_message(message), stream)


def connect(port: int, *, window: int | None = None) -> socket.socket:
    """A connection to a port of this machine.

    window: bytes of the receive buffer, so that a reader that does not read
        takes little.
    """
    one = socket.socket()
    try:
        if window is not None:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        one.settimeout(30)
        one.connect(("127.0.0.1", port))
    except OSError:
        one.close()
        raise
    return one
