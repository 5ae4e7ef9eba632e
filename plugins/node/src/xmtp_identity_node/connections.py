"""Who has an HTTP connection, and who has to give it up for another."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from .metrics import Metrics

__all__ = ["Connection", "Connections"]

_PART: Final = 8
"""Lost connections are looked for each time that a part of all is new."""


class Connection(Protocol):
    """What aiohttp's protocols are, and those that become one.

    transport: None once the connection is lost.
    """

    @property
    def transport(self) -> asyncio.BaseTransport | None:
        """Where it goes."""

    def __hash__(self) -> int: ...


class Connections:
    """The open connections, at most so many.

    Nobody can keep others out by connections on which nothing happens: when
    there are too many, the one goes that has waited longest for a request.

    most: connections at once.
    each: of one client.
    """

    def __init__(self, most: int, each: int, metrics: Metrics) -> None:
        self._most = most
        self._each = each
        self._metrics = metrics
        self._client: dict[Connection, str | None] = {}
        # By client, and by None all of them; who waits longest comes first.
        self._waiting: dict[str | None, OrderedDict[Connection, None]] = {}
        self._count: dict[str | None, int] = {}
        self._new = 0

    def __len__(self) -> int:
        return len(self._client)

    def add(self, connection: Connection, client: str | None) -> bool:
        """Let a connection in; False if there is no room, for all are busy.

        client: None for one whose connections are not counted, a proxy.
        """
        bounds: list[tuple[str | None, int]] = [(None, self._most)]
        if client is not None:
            bounds.append((client, self._each))
        for whose, bound in bounds:
            if self._of(whose) >= bound:
                self._look_for_lost(bound)
            if self._of(whose) >= bound and not self._give_up(whose):
                self._metrics.connections_refused.inc()
                return False
        self._client[connection] = client
        self._new += 1
        if client is not None:
            self._count[client] = self._of(client) + 1
        self._wait(connection)
        self._metrics.connections(len(self))
        return True

    def remove(self, connection: Connection) -> None:
        """Forget a connection, which may be forgotten already."""
        if connection not in self._client:
            return
        self._stop_waiting(connection)
        client = self._client.pop(connection)
        if client is not None:
            left = self._count.pop(client) - 1
            if left:
                self._count[client] = left
        self._metrics.connections(len(self))

    @contextmanager
    def busy(self, connection: Connection) -> Iterator[None]:
        """A request of this connection is being answered: it is not given up."""
        self._stop_waiting(connection)
        try:
            yield
        finally:
            if connection.transport is None:
                self.remove(connection)
            elif connection in self._client:
                self._wait(connection)

    def _of(self, whose: str | None) -> int:
        return len(self) if whose is None else self._count.get(whose, 0)

    def _wait(self, connection: Connection) -> None:
        for whose in {None, self._client[connection]}:
            self._waiting.setdefault(whose, OrderedDict())[connection] = None

    def _stop_waiting(self, connection: Connection) -> None:
        for whose in {None, self._client.get(connection)}:
            waiting = self._waiting.get(whose)
            if waiting is not None:
                waiting.pop(connection, None)
                if not waiting:
                    del self._waiting[whose]

    def _give_up(self, whose: str | None) -> bool:
        """Make room by the connection that has waited longest."""
        for connection in self._waiting.get(whose, ()):
            transport = connection.transport
            self.remove(connection)
            if isinstance(transport, asyncio.Transport):
                self._metrics.connections_refused.inc()
                transport.abort()
            return True
        return False

    def _look_for_lost(self, bound: int) -> None:
        """aiohttp says nothing when a connection ends, so it is looked at; now and
        then, so that a crowd is not looked through for each who comes."""
        if self._new * _PART < bound:
            return
        self._new = 0
        for connection in [one for one in self._client if one.transport is None]:
            self.remove(connection)
