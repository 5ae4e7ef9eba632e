"""What every gRPC call comes in and goes out by, whatever it asks for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn

from google.protobuf.message import DecodeError
from grpc import aio

from xmtp_identity.errors import IdentityError, Undecodable

from .calls import RequestTimeout
from .clients import FORWARDED, Clients
from .lines import Lines, seconds_for
from .rate_limits import StreamSlots
from .room import Place, Room
from .status import Status, status_of

__all__ = ["Context", "Door"]

Context = aio.ServicerContext[Any, Any]

_COPIES: Final = 2
"""Of log entries while an answer is made: as read, and in the answer."""


class Door:
    """Reads requests and writes answers, with room and with patience for both.

    slots: how many streams a client may have.
    answer_bytes: bytes of log entries in an answer, at most.
    seconds: how long a request may take to come in, and a small answer to go
        out; clients that do not read are hung up on by ``lines``.
    """

    def __init__(
        self,
        *,
        room: Room,
        clients: Clients,
        slots: StreamSlots,
        lines: Lines,
        answer_bytes: int,
        seconds: float,
    ) -> None:
        self._room = room
        self._clients = clients
        self._slots = slots
        self._lines = lines
        self._answer_bytes = answer_bytes
        self._seconds = seconds

    def place(self, context: Context) -> Place:
        """The place of a call."""
        metadata = context.invocation_metadata() or ()
        forwarded = [str(value) for key, value in metadata if key == FORWARDED]
        client = self._clients.of_grpc(context.peer(), forwarded)
        return self._room.place(client, "grpc", self._answer_bytes, _COPIES)

    async def read(self, context: Context, place: Place, cls: type[Any]) -> Any:
        """The request; raises `RequestTimeout`, `Undecodable`, `Overloaded`."""
        try:
            async with asyncio.timeout(self._seconds):
                data = await context.read()
        except TimeoutError:
            raise RequestTimeout(
                f"The request did not come in within {self._seconds:g} seconds."
            ) from None
        if not isinstance(data, bytes):  # aio.EOF
            raise Undecodable("The call holds no request.")
        place.hold(len(data))
        try:
            return cls.FromString(data)
        except DecodeError:
            raise Undecodable(f"The bytes are no {cls.__name__}.") from None

    async def write(
        self, context: Context, answer: bytes, seconds: float | None = None
    ) -> None:
        """Send an answer; ends when the client's flow control let it go.

        seconds: as for `Door`, if it is another time.
        """
        patience = self._seconds if seconds is None else seconds
        with self._lines.patience(context.peer(), seconds_for(len(answer), patience)):
            await context.write(answer)

    async def abort(self, context: Context, status: Status) -> NoReturn:
        """End a call with a status."""
        with self._lines.patience(context.peer(), self._seconds):
            await context.abort(status.grpc, status.detail, status.metadata)
        raise AssertionError(status)  # never: grpcio has raised

    @asynccontextmanager
    async def let_in(
        self, context: Context, *, stream: bool = False
    ) -> AsyncIterator[Place]:
        """Count a call that is none of an `Api`: health, reflection."""
        with self.place(context) as place:
            held = False
            try:
                place.enter("stream" if stream else "read")
                if stream:
                    self._slots.take(place.client)
                    held = True
                yield place
            except IdentityError as error:
                await self.abort(context, status_of(error))
            finally:
                if held:
                    self._slots.give_back(place.client)
