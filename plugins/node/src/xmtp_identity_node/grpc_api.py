"""The node over gRPC: grpcio's asyncio server and handlers by name.

XMTP's services are served under their own names with this project's message
classes, so that no top-level ``xmtp`` package enters the process. Handlers
take and give bytes: what can't be parsed is then the client's error and not
the server's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

import grpc
from google.protobuf.message import DecodeError, Message
from grpc import aio

from xmtp_identity.errors import Undecodable
from xmtp_identity.v1 import api_pb2

from .api import METHODS, Api
from .calls import Calls, Failed, Method, RequestTimeout
from .clients import FORWARDED, Clients
from .streams import until
from .v1 import mls_pb2, node_pb2

if TYPE_CHECKING:
    from .metrics import Metrics
    from .rate_limits import StreamSlots
    from .settings import Settings

__all__ = ["GrpcApi", "options"]

Context = aio.ServicerContext[bytes, bytes]
_Work = Callable[[Any], Awaitable[Message]]

_MAX_METADATA: Final = 16 * 1024
_HANDSHAKE_SECONDS: Final = 10
_KEEPALIVE_SECONDS: Final = 60
_LEAST_PING_SECONDS: Final = 10
_BUFFERED: Final = 64 * 1024


class GrpcApi:
    """Handlers for all methods of an `Api`."""

    def __init__(  # noqa: PLR0913 - what calls go through, each named
        self,
        api: Api,
        calls: Calls,
        *,
        clients: Clients,
        slots: StreamSlots,
        metrics: Metrics,
        stopping: asyncio.Event,
        request_seconds: float,
    ) -> None:
        self._api = api
        self._calls = calls
        self._clients = clients
        self._slots = slots
        self._metrics = metrics
        self._stopping = stopping
        self._seconds = request_seconds

    def handlers(self) -> Sequence[grpc.GenericRpcHandler]:
        """What a server is given."""
        api = self._api
        unary: dict[str, tuple[type[Message], _Work]] = {
            "PublishIdentityUpdate": (
                api_pb2.PublishIdentityUpdateRequest,
                api.publish,
            ),
            "GetIdentityUpdates": (api_pb2.GetIdentityUpdatesRequest, api.updates),
            "GetInboxIds": (api_pb2.GetInboxIdsRequest, api.inbox_ids),
            "VerifySmartContractWalletSignatures": (
                api_pb2.VerifySmartContractWalletSignaturesRequest,
                api.verify_smart_wallets,
            ),
            "UploadKeyPackage": (
                mls_pb2.UploadKeyPackageRequest,
                api.upload_key_package,
            ),
            "FetchKeyPackages": (
                mls_pb2.FetchKeyPackagesRequest,
                api.fetch_key_packages,
            ),
            "GetMembers": (node_pb2.GetMembersRequest, api.members),
            "GetIdentifiers": (node_pb2.GetIdentifiersRequest, api.identifiers),
            "GetHistory": (node_pb2.GetHistoryRequest, api.history),
        }
        services: dict[str, dict[str, grpc.RpcMethodHandler[bytes, bytes]]] = {}
        for name, (cls, work) in unary.items():
            method = METHODS[name]
            services.setdefault(method.service, {})[name] = self._unary(
                method, cls, work
            )
        follow = METHODS["Follow"]
        services[follow.service]["Follow"] = self._stream(follow)
        return [
            grpc.method_handlers_generic_handler(service, methods)
            for service, methods in services.items()
        ]

    def _unary(
        self, method: Method, cls: type[Message], work: _Work
    ) -> grpc.RpcMethodHandler[bytes, bytes]:
        async def handle(_: object, context: Context) -> bytes:
            async with _Counted(self._metrics, method) as counted:
                client = self._client(context)

                async def answer() -> bytes:
                    message = await work(await self._read(context, cls))
                    return message.SerializeToString()

                try:
                    return await self._calls.run(method, client, "grpc", answer)
                except Failed as error:
                    counted.code = error.status.grpc.name
                    return await _abort(context, error)

        # Registered as taking a stream, which is the same on the wire: so the
        # handler runs before the request is there, and can give up on it.
        return grpc.stream_unary_rpc_method_handler(handle)

    def _stream(self, method: Method) -> grpc.RpcMethodHandler[bytes, bytes]:
        async def handle(_: object, context: Context) -> AsyncIterator[bytes]:
            async with _Counted(self._metrics, method) as counted:
                client = self._client(context)

                async def begin() -> AsyncIterator[node_pb2.FollowResponse]:
                    request = await self._read(context, node_pb2.FollowRequest)
                    answers = self._api.follow(request)
                    self._slots.take(client)
                    return answers

                try:
                    answers = await self._calls.run(method, client, "grpc", begin)
                except Failed as error:
                    counted.code = error.status.grpc.name
                    await _abort(context, error)
                pieces = until(answers, self._stopping)
                try:
                    with self._metrics.streams.track_inprogress():
                        # `yield` waits until the client takes what is sent.
                        while piece := await self._calls.go_on(
                            method, lambda: anext(pieces, None)
                        ):
                            yield piece.SerializeToString()
                except Failed as error:
                    counted.code = error.status.grpc.name
                    await _abort(context, error)
                finally:
                    self._slots.give_back(client)
                    await pieces.aclose()

        return grpc.stream_stream_rpc_method_handler(handle)

    async def _read(self, context: Context, cls: type[Any]) -> Any:
        try:
            async with asyncio.timeout(self._seconds):
                data = await context.read()
        except TimeoutError:
            raise RequestTimeout(
                f"The request did not come in within {self._seconds:g} seconds."
            ) from None
        if not isinstance(data, bytes):  # aio.EOF
            raise Undecodable("The call holds no request.")
        try:
            return cls.FromString(data)
        except DecodeError:
            raise Undecodable(f"The bytes are no {cls.__name__}.") from None

    def _client(self, context: Context) -> str:
        metadata = context.invocation_metadata() or ()
        forwarded = [str(value) for key, value in metadata if key == FORWARDED]
        return self._clients.of_grpc(context.peer(), forwarded)


class _Counted:
    """Counts a call from its start to its end, whichever way it ends."""

    def __init__(self, metrics: Metrics, method: Method) -> None:
        self._metrics = metrics
        self._method = method
        self._started = time.perf_counter()
        self.code = "OK"

    async def __aenter__(self) -> Self:
        self._metrics.started(self._method)
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, asyncio.CancelledError | GeneratorExit):
            self.code = grpc.StatusCode.CANCELLED.name
        seconds = time.perf_counter() - self._started
        self._metrics.handled(self._method, self.code, seconds)


async def _abort(context: Context, error: Failed) -> NoReturn:
    status = error.status
    await context.abort(status.grpc, status.detail, status.metadata)
    raise error  # never: grpcio has raised


def options(settings: Settings) -> list[tuple[str, Any]]:
    """The options of grpcio's server: bounds for what a client can do to it."""
    return [
        ("grpc.max_receive_message_length", settings.request_bytes),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_metadata_size", _MAX_METADATA),
        ("grpc.absolute_max_metadata_size", _MAX_METADATA),
        ("grpc.max_concurrent_streams", settings.grpc_streams_a_connection),
        ("grpc.max_allowed_incoming_connections", settings.grpc_connections),
        ("grpc.server_handshake_timeout_ms", _HANDSHAKE_SECONDS * 1000),
        (
            "grpc.max_connection_age_ms",
            int(settings.grpc_connection_age_seconds * 1000),
        ),
        ("grpc.max_connection_age_grace_ms", int(settings.stop_seconds * 1000)),
        ("grpc.keepalive_time_ms", _KEEPALIVE_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", int(settings.request_seconds * 1000)),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _LEAST_PING_SECONDS * 1000),
        ("grpc.http2.write_buffer_size", _BUFFERED),
        # Another process on the same port would silently take half the calls.
        ("grpc.so_reuseport", 0),
    ]
