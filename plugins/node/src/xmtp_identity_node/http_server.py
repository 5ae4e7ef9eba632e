"""aiohttp's server with a bound for its connections."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    import ssl

    from .metrics import Metrics
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
        metrics: Metrics,
        tls: ssl.SSLContext | None,
    ) -> None:
        self._settings = settings
        self._metrics = metrics
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

    async def start(self) -> int:
        """Listen; the port. Raises `OSError`."""
        await self._runner.setup()
        self._server = await asyncio.get_running_loop().create_server(
            self._accept,
            self._settings.host,
            self._settings.http_port,
            ssl=self._tls,
            backlog=_BACKLOG,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS if self._tls else None,
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        """Take no more connections and finish the requests that are there."""
        if self._server is not None:
            self._server.close()
        await self._runner.cleanup()

    def _accept(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None:
            return _Refused()
        count = len(server.connections)
        self._metrics.connections(count + 1)
        if count >= self._settings.http_connections:
            self._metrics.connections_refused.inc()
            return _Refused()
        return server()


class _Refused(asyncio.Protocol):
    """A connection too many: closed at once, with nothing kept of it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - of a stream server
        transport.abort()
