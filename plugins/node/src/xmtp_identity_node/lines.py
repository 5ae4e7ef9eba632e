"""Hanging up on clients that do not take what they are sent.

grpcio's asyncio server has no way to end a call that waits for its client to
read: a status waits behind the answer, and a cancelled handler leaves both in
memory for as long as the connection is there. So the connection is shut down,
from beside: gRPC then sees a client that went away.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote

__all__ = ["Lines", "seconds_for"]

_FILES: Final = Path("/dev/fd")
"""Where Linux, macOS and the BSDs list the open files of a process."""

_PAUSE_SECONDS: Final = 0.5
"""For so long clients gather that are to be hung up on: looking through all
open files for each of them would be an attack of its own."""

_LEAST_RATE: Final = 256 * 1024
"""Bytes in a second that a client takes at least."""

_Peer = tuple[str, int]


def seconds_for(size: int, seconds: float) -> float:
    """How long an answer of so many bytes may take to go out.

    seconds: how long the smallest one may take.
    """
    return seconds + size / _LEAST_RATE


class Lines:
    """The connections that clients have to a port of this process."""

    def __init__(self) -> None:
        self.port = 0
        self._late: set[_Peer] = set()
        self._sweep: asyncio.Task[None] | None = None

    @contextmanager
    def patience(self, peer: str, seconds: float) -> Iterator[None]:
        """Hang up if what is done inside takes longer.

        peer: as gRPC names it, such as ``ipv4:127.0.0.1:4711``.
        """
        timer = asyncio.get_running_loop().call_later(seconds, self.cut, peer)
        try:
            yield
        finally:
            timer.cancel()

    def cut(self, peer: str) -> None:
        """Hang up on a client, soon."""
        scheme, _, rest = unquote(peer).partition(":")
        host, _, port = rest.rpartition(":")
        if scheme not in {"ipv4", "ipv6"} or not port.isdecimal():
            return
        self._late.add((host.strip("[]").partition("%")[0], int(port)))
        if self._sweep is None:
            self._sweep = asyncio.create_task(self._hang_up())

    async def _hang_up(self) -> None:
        await asyncio.sleep(_PAUSE_SECONDS)
        late, self._late = self._late, set()
        self._sweep = None
        await asyncio.to_thread(_shut_down, late, self.port)


def _shut_down(late: set[_Peer], port: int) -> None:
    numbers = [int(file.name) for file in _FILES.iterdir()] if _FILES.is_dir() else []
    for number in numbers:
        # Any of them may be closed, and its number taken anew, at any moment.
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                _shut_down_one(number, late, port)


def _shut_down_one(number: int, late: set[_Peer], port: int) -> None:
    # A copy is the same connection, whatever becomes of the number meanwhile.
    copy = os.dup(number)
    try:
        one = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return
    with one:
        if one.family not in {socket.AF_INET, socket.AF_INET6}:
            return
        host, peer_port = one.getpeername()[:2]
        # gRPC names IPv4 clients of a socket for both as what they are.
        plain = host.partition("%")[0].removeprefix("::ffff:")
        if (plain, peer_port) not in late:
            return
        if one.getsockname()[1] == port:
            one.shutdown(socket.SHUT_RDWR)
