"""aiohttp's server with a bound for its connections."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from aiohttp import web

from .clients import Clients, host_of

if TYPE_CHECKING:
    import ssl

    from .connections import Connections
    from .settings import Settings

__all__ = ["HttpServer"]

_BACKLOG: Final = 512
_HANDSHAKE_SECONDS: Final = 10.0
_LINGER_SECONDS: Final = 2.0
_MAX_LINE: Final = 8190

_SILENT: Final = logging.getLogger("xmtp_identity_node.aiohttp")
"""aiohttp logs a traceback for every request that is no HTTP: anyone could fill
a disk with them. What breaks in the node itself `Calls` logs."""
_SILENT.setLevel(logging.CRITICAL + 1)


class HttpServer:
    """Listens, and lets in as many connections as the settings allow."""

    def __init__(
        self,
        application: web.Application,
        settings: Settings,
        connections: Connections,
        clients: Clients,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._clients = clients
        self._tls = tls
        self._runner = web.AppRunner(
            application,
            logger=_SILENT,
            handle_signals=False,
            access_log=None,
            auto_decompress=False,  # a small body could be a large one
            keepalive_timeout=settings.idle_seconds,
            lingering_time=_LINGER_SECONDS,
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
            shutdown_timeout=settings.stop_seconds,
        )
        self._server: asyncio.Server | None = None
        self._handshakes: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen; the port. Raises `OSError`."""
        await self._runner.setup()
        # TLS begins only when a connection was let in, or handshakes that nobody
        # goes on with would take all files.
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Arrival(self),
            self._settings.host,
            self._settings.http_port,
            backlog=_BACKLOG,
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Take no more connections and finish the requests that are there."""
        if self._server is not None:
            self._server.close()
        for task in self._handshakes:
            task.cancel()
        await self._runner.cleanup()

    def arrived(self, arrival: _Arrival, transport: asyncio.Transport) -> None:
        """Let somebody in, or close the connection with nothing kept of it."""
        client = self._clients.of_connection(host_of(transport))
        if self._runner.server is None or not self._connections.add(arrival, client):
            transport.abort()
        elif self._tls is None:
            self._serve(arrival, transport, client)
        else:
            task = asyncio.create_task(
                self._shake_hands(arrival, transport, client, self._tls)
            )
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(
        self,
        arrival: _Arrival,
        transport: asyncio.Transport,
        client: str | None,
        tls: ssl.SSLContext,
    ) -> None:
        try:
            secure = await asyncio.get_running_loop().start_tls(
                transport,
                arrival,
                tls,
                server_side=True,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
            )
        except OSError:  # what TLS finds wrong is one, and so is a time-out
            secure = None
        if secure is None or arrival.transport is None:
            self._connections.remove(arrival)
            transport.abort()
        else:
            self._serve(arrival, secure, client)

    def _serve(
        self, arrival: _Arrival, transport: asyncio.Transport, client: str | None
    ) -> None:
        self._connections.remove(arrival)
        server = self._runner.server
        if server is None:
            transport.abort()
            return
        protocol = server()
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        self._connections.add(protocol, client)
        if arrival.early:
            protocol.data_received(bytes(arrival.early))


class _Arrival(asyncio.Protocol):
    """A connection before it is aiohttp's, of which it is not known who it is."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self.transport: asyncio.Transport | None = None
        self.early = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a stream server
        self.transport = transport
        self._server.arrived(self, transport)

    def data_received(self, data: bytes) -> None:
        self.early += data

    def connection_lost(self, _: Exception | None) -> None:
        self.transport = None
