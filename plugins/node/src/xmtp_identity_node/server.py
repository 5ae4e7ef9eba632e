"""A whole node: store, service, gRPC, HTTP, and how it starts and stops."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, Self

import structlog
from grpc import aio
from grpc_health.v1 import health_pb2
from grpc_health.v1._async import HealthServicer

from xmtp_identity.errors import BadInput, IdentityError
from xmtp_identity.loading import load_registry
from xmtp_identity_store.store import Store

from . import health, reflection
from .api import IDENTITY, MLS, NODE
from .calls import Calls
from .certificates import Certificate
from .clients import Clients
from .connections import Connections
from .door import Door
from .grpc_api import GrpcApi, options
from .http_api import HttpApi
from .http_server import HttpServer
from .json_mapping import JsonMapping
from .lines import Lines
from .metrics import Metrics
from .rate_limits import RateLimits, StreamSlots
from .room import Room
from .service.service import Service
from .upstream import Upstream

if TYPE_CHECKING:
    from types import TracebackType

    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context

    from .service.limits import Limits
    from .settings import Settings

__all__ = ["Node", "PortTaken"]

_SERVICES: Final = (IDENTITY, MLS, NODE)
_LOOK_SECONDS: Final = 2.0
"""How often the node looks whether it reaches its store."""

_OTHERS: Final = 4
"""Threads that use the store besides readers and verifiers: one commits, two
read for followers."""

_NOBODY: Final = "0" * 64
"""An inbox ID that can be asked for and that nobody has."""


def _connections(limits: Limits) -> int:
    """Connections to the database: one for each thread that may want one."""
    return limits.readers + limits.verifiers + _OTHERS


class PortTaken(BadInput):
    """The node can't listen where it should."""

    code = "port_taken"
    remedy = "Name another address or port, or stop what listens there."


class Node:
    """A node; an asynchronous context manager that runs it.

    registry: the kinds that it knows; None loads all that are installed.
    context: what verifiers may ask; see `xmtp_identity.kinds.Context`.

    Entering raises `BadSetting`, `PortTaken`, and what the store raises.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        registry: Registry | None = None,
        context: Context | None = None,
    ) -> None:
        self.settings = settings
        self._registry = registry or load_registry()
        self._context = context
        self._log = structlog.get_logger("xmtp_identity_node.server")
        self._stack = AsyncExitStack()
        self._stopping = asyncio.Event()
        self._health = HealthServicer()
        self._lines = Lines()
        self._is_ready = False
        self._tls: Certificate | None = None
        self._grpc: aio.Server | None = None
        self._http: HttpServer | None = None
        self.metrics = Metrics()
        self.grpc_port = 0
        self.http_port = 0

    @property
    def service(self) -> Service:
        """What the transports ask."""
        return self._service

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    # Start

    async def _start(self) -> None:
        settings = self.settings
        tls = None
        if settings.tls_certificate:
            tls = Certificate(settings.tls_certificate, settings.tls_key)
        self._tls = tls
        clients = Clients(settings.trusted_proxies)
        rates = RateLimits(
            {
                "read": settings.read_rate,
                "write": settings.write_rate,
                "stream": settings.stream_rate,
            },
            url=settings.rate_store or None,
            on_failure=self.metrics.rate_store_failures.inc,
        )
        self._stack.push_async_callback(rates.close)
        store = await asyncio.to_thread(
            Store.open, settings.store, connections=_connections(settings.limits)
        )
        self._stack.push_async_callback(asyncio.to_thread, store.close)
        self._service = Service(
            store, self._registry, settings=settings.limits, context=self._context
        )
        self._stack.push_async_callback(self._service.close, settings.stop_seconds)
        self.metrics.watch(self._service)
        room = Room(
            settings.answers_bytes,
            {"grpc": settings.grpc_calls, "http": settings.http_connections},
            calls_a_client=settings.calls_a_client,
        )
        calls = Calls(rates, self.metrics)
        slots = StreamSlots(settings.streams_a_client)
        upstream = Upstream(self._registry)
        connections = Connections(
            settings.http_connections, settings.http_connections_a_client, self.metrics
        )
        door = Door(
            room=room,
            clients=clients,
            slots=slots,
            lines=self._lines,
            answer_bytes=settings.limits.answer_bytes,
            seconds=settings.request_seconds,
        )
        grpc_api = GrpcApi(
            self._service,
            calls,
            door,
            slots=slots,
            metrics=self.metrics,
            stopping=self._stopping,
        )
        http_api = HttpApi(
            self._service,
            calls,
            JsonMapping(upstream),
            room=room,
            connections=connections,
            clients=clients,
            slots=slots,
            metrics=self.metrics,
            ready=lambda: self._is_ready,
            stopping=self._stopping,
            request_bytes=settings.request_bytes,
            request_seconds=settings.request_seconds,
        )
        self._stack.push_async_callback(self._stop_transports)
        await self._start_grpc(grpc_api, door, upstream, tls)
        await self._start_http(http_api, connections, clients, tls)
        watch = asyncio.create_task(self._watch(tls))
        self._stack.callback(watch.cancel)
        await self._look()
        self._log.info(
            "serving",
            grpc_port=self.grpc_port,
            http_port=self.http_port,
            host=settings.host,
            tls=tls is not None,
            kinds=[kind.name for kind in self._registry.kinds],
        )

    async def _start_grpc(
        self,
        grpc_api: GrpcApi,
        door: Door,
        upstream: Upstream,
        tls: Certificate | None,
    ) -> None:
        settings = self.settings
        server = aio.server(options=options(settings))
        server.add_generic_rpc_handlers(tuple(grpc_api.handlers()))
        server.add_generic_rpc_handlers((health.handler(self._health, door),))
        if settings.reflection:
            described = reflection.handlers(
                (*_SERVICES, health.NAME), upstream.pool, door
            )
            server.add_generic_rpc_handlers(tuple(described))
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        address = f"{host}:{settings.grpc_port}"
        try:
            if tls is None:
                self.grpc_port = server.add_insecure_port(address)
            else:
                self.grpc_port = server.add_secure_port(address, tls.grpc_credentials())
        except RuntimeError:
            raise PortTaken(f"gRPC can't listen on {address}.") from None
        self._lines.port = self.grpc_port
        self._grpc = server
        await server.start()

    async def _start_http(
        self,
        http_api: HttpApi,
        connections: Connections,
        clients: Clients,
        tls: Certificate | None,
    ) -> None:
        settings = self.settings
        server = HttpServer(
            http_api.application(),
            settings,
            connections,
            clients,
            None if tls is None else tls.context,
        )
        self._http = server
        try:
            self.http_port = await server.start()
        except OSError as error:
            raise PortTaken(
                f"HTTP can't listen on {settings.host}, port {settings.http_port}: "
                f"{error.strerror}."
            ) from None

    # While it runs

    async def _watch(self, tls: Certificate | None) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self._look()
            if tls is not None:
                await asyncio.to_thread(tls.refresh)

    async def _look(self) -> None:
        """See whether the store can be reached, and tell whoever asks."""
        try:
            await self._service.updates([(_NOBODY, 0)])
            ready = True
        except IdentityError as error:
            # A node with much to do is one that works.
            ready = error.code == "overloaded"
        except Exception:  # noqa: BLE001 - whatever it is, it is not ready
            ready = False
        if ready != self._is_ready:
            self._log.info("ready" if ready else "not_ready")
        await self._set_ready(ready=ready and not self._stopping.is_set())

    async def _set_ready(self, *, ready: bool) -> None:
        self._is_ready = ready
        self.metrics.ready.set(ready)
        serving = health_pb2.HealthCheckResponse
        status = serving.SERVING if ready else serving.NOT_SERVING
        for name in ("", *_SERVICES):
            await self._health.set(name, status)

    # Stop

    async def _stop_transports(self) -> None:
        """Take no more calls, and wait for those that are there."""
        async with asyncio.TaskGroup() as group:
            if self._grpc is not None:
                group.create_task(self._grpc.stop(self.settings.stop_seconds))
            if self._http is not None:
                group.create_task(self._http.stop())

    async def _stop(self) -> None:
        self._log.info("stopping")
        self._stopping.set()
        await self._set_ready(ready=False)
        await self._health.enter_graceful_shutdown()
        # Balancers see it before calls begin to fail.
        await asyncio.sleep(self.settings.drain_seconds)
        # In the order in which things were put on: first no more calls, then
        # the calls that are there, then the service, last the store.
        await self._stack.aclose()
        self._log.info("stopped")
