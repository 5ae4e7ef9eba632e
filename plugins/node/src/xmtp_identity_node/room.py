"""Room for calls and their answers: what clients leave lying has a bound.

A client that asks and does not read leaves its answers in the node's memory.
So each call has a place, which says how much it holds, and which it has until
its answer is gone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final, Self, TypeVar

from xmtp_identity_store.errors import AnswerTooLarge

from .errors import Overloaded, RateLimited

__all__ = ["Place", "Room"]

T = TypeVar("T")

_KIB: Final = 1024
_SMALL: Final = 64 * _KIB
"""Bytes of log entries that are read without asking for room before: as many
at once as there are threads that read."""

_STEPS: Final = (5 * 1024 * _KIB, 1024 * _KIB)
"""Bytes for which room is asked when there is none for the largest answer: how
large an answer is going to be nobody knows."""

_FULL: Final = "The node has no memory left for this answer."

_SMALL_CALL: Final = 2 * _SMALL
"""What a call may hold to have a part in the room that is kept for small ones."""

_SHARE: Final = 4
"""A client may hold one in so many bytes of what others leave, so that some room
is left however many clients there are. Of its room, and of all, one byte in so
many is kept for small answers."""

_SENT: Final = 2
"""Copies of an answer that is being sent: one here, one in the transport."""


class Room:
    """The room of a node.

    most: bytes that calls may hold together.
    calls: how many there may be at once, by transport.
    calls_a_client: how many of one class (`Method.kind`) a client may have.
    """

    def __init__(
        self, most: int, calls: Mapping[str, int], *, calls_a_client: int
    ) -> None:
        self._most = most
        self._calls = calls
        self._calls_a_client = calls_a_client
        self._count = dict.fromkeys(calls, 0)
        self._clients: dict[tuple[str, str], int] = {}
        self._bytes: dict[str, int] = {}
        self.held = 0

    def place(self, client: str, transport: str, limit: int, copies: int) -> Place:
        """A place for a call; a context manager, nothing is counted before
        `Place.enter`.

        limit: bytes of log entries in an answer, at most.
        copies: how many times these bytes are in memory while the answer is
            being made.
        """
        return Place(self, client, transport, limit, copies)

    def _enter(self, client: str, transport: str, kind: str) -> None:
        if self._count[transport] >= self._calls[transport]:
            raise Overloaded(f"{self._calls[transport]} calls are there already.")
        count = self._clients.get((client, kind), 0)
        if count >= self._calls_a_client:
            raise RateLimited(
                f"This client has {count} {kind} calls open, which is all that it may."
            )
        self._clients[client, kind] = count + 1
        self._count[transport] += 1

    def _leave(self, client: str, transport: str, kind: str) -> None:
        self._count[transport] -= 1
        left = self._clients.pop((client, kind)) - 1
        if left:
            self._clients[client, kind] = left

    def _change(self, client: str, before: int, after: int) -> None:
        own = self._bytes.pop(client, 0)
        if after > before:
            free = self._most - self.held
            share = (free + own) // _SHARE
            room = min(free, share - own)
            if after > _SMALL_CALL:
                kept = self._most // _SHARE, share // _SHARE
                room = min(free - kept[0], share - own - kept[1])
            if after - before > room:
                self._set(client, own)
                raise Overloaded(_FULL)
        self.held += after - before
        self._set(client, own + after - before)

    def _set(self, client: str, held: int) -> None:
        if held:
            self._bytes[client] = held


class Place:
    """The place of one call."""

    __slots__ = (
        "_copies",
        "_kind",
        "_room",
        "client",
        "limit",
        "size",
        "transport",
    )

    def __init__(
        self, room: Room, client: str, transport: str, limit: int, copies: int
    ) -> None:
        self._room = room
        self.limit = limit
        self._copies = copies
        self._kind: str | None = None
        self.client = client
        self.transport = transport
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.hold(0)
        if self._kind is not None:
            self._room._leave(self.client, self.transport, self._kind)  # noqa: SLF001
            self._kind = None

    def enter(self, kind: str) -> None:
        """Count a call of this class; raises `Overloaded`, `RateLimited`."""
        self._room._enter(self.client, self.transport, kind)  # noqa: SLF001
        self._kind = kind

    def hold(self, size: int) -> None:
        """Hold so many bytes, in place of those before; raises `Overloaded`."""
        self._room._change(self.client, self.size, size)  # noqa: SLF001
        self.size = size

    def send(self, answer: bytes) -> None:
        """Hold an answer until it is gone; raises `Overloaded`."""
        self.hold(_SENT * len(answer))

    async def read(self, step: Callable[[int], Awaitable[T]]) -> T:
        """What ``step`` reads, with room for it.

        step: reads at most so many bytes of log entries, or raises
            `AnswerTooLarge`.

        Raises `Overloaded`, and what ``step`` raises for the largest answer.
        """
        if self.limit > _SMALL:
            with suppress(AnswerTooLarge):
                return await step(_SMALL)
        most = self._largest()
        try:
            return await step(most)
        except AnswerTooLarge:
            if most == self.limit:
                raise
        raise Overloaded(_FULL)

    async def page(self, step: Callable[[int], Awaitable[T]], most: int) -> T:
        """The same for what is cut at ``most`` bytes or at the largest answer,
        whichever is less."""
        most = min(most, self.limit)
        self.hold(most * self._copies)
        return await step(most)

    def _largest(self) -> int:
        """The largest answer that there is room for; holds this room."""
        for most in (self.limit, *_STEPS):
            if most <= self.limit:
                with suppress(Overloaded):
                    self.hold(most * self._copies)
                    return most
        raise Overloaded(_FULL)
