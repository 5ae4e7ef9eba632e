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
from typing import TYPE_CHECKING, Any, Final, Self

import grpc
from google.protobuf.message import Message

from xmtp_identity.v1 import api_pb2

from .api import METHODS, Api
from .calls import Calls, Failed, Method
from .streams import until
from .v1 import mls_pb2, node_pb2

if TYPE_CHECKING:
    from .door import Context, Door
    from .metrics import Metrics
    from .rate_limits import StreamSlots
    from .room import Place
    from .service.service import Service
    from .settings import Settings

__all__ = ["GrpcApi", "options"]

_Work = Callable[[Api, Any], Awaitable[Message]]

_MAX_METADATA: Final = 16 * 1024
_HANDSHAKE_SECONDS: Final = 10
_FOLLOWER_SECONDS: Final = 120
"""A mirror asks chains about one piece before it takes the next."""

_KEEPALIVE_SECONDS: Final = 60
_LEAST_PING_SECONDS: Final = 10
_BUFFERED: Final = 64 * 1024
_LEAST_PENDING: Final = 10_000
"""Calls that may wait to be taken up, at least. Those beyond gRPC ends at random
as cancelled, without a word; taken up, they are refused with one."""


class GrpcApi:
    """Handlers for all methods of an `Api`."""

    def __init__(
        self,
        service: Service,
        calls: Calls,
        door: Door,
        *,
        slots: StreamSlots,
        metrics: Metrics,
        stopping: asyncio.Event,
    ) -> None:
        self._service = service
        self._calls = calls
        self._door = door
        self._slots = slots
        self._metrics = metrics
        self._stopping = stopping

    def handlers(self) -> Sequence[grpc.GenericRpcHandler]:
        """What a server is given."""
        unary: dict[str, tuple[type[Message], _Work]] = {
            "PublishIdentityUpdate": (
                api_pb2.PublishIdentityUpdateRequest,
                Api.publish,
            ),
            "GetIdentityUpdates": (api_pb2.GetIdentityUpdatesRequest, Api.updates),
            "GetInboxIds": (api_pb2.GetInboxIdsRequest, Api.inbox_ids),
            "VerifySmartContractWalletSignatures": (
                api_pb2.VerifySmartContractWalletSignaturesRequest,
                Api.verify_smart_wallets,
            ),
            "UploadKeyPackage": (
                mls_pb2.UploadKeyPackageRequest,
                Api.upload_key_package,
            ),
            "FetchKeyPackages": (
                mls_pb2.FetchKeyPackagesRequest,
                Api.fetch_key_packages,
            ),
            "GetMembers": (node_pb2.GetMembersRequest, Api.members),
            "GetIdentifiers": (node_pb2.GetIdentifiersRequest, Api.identifiers),
            "GetHistory": (node_pb2.GetHistoryRequest, Api.history),
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
        door = self._door

        async def handle(_: object, context: Context) -> None:
            async with _Counted(self._metrics, method) as counted:
                with door.place(context) as place:

                    async def make() -> bytes:
                        request = await door.read(context, place, cls)
                        message = await work(Api(self._service, place), request)
                        answer = message.SerializeToString()
                        place.send(answer)
                        return answer

                    try:
                        answer = await self._calls.run(method, place, make)
                    except Failed as error:
                        place.hold(0)
                        counted.code = error.status.grpc.name
                        await door.abort(context, error.status)
                    await door.write(context, answer)

        # Registered as taking and giving streams, which is the same on the
        # wire: so the handler runs before the request is there and until the
        # answer is gone, and can give up on both.
        return grpc.stream_stream_rpc_method_handler(handle)

    def _stream(self, method: Method) -> grpc.RpcMethodHandler[bytes, bytes]:
        async def handle(_: object, context: Context) -> None:
            async with _Counted(self._metrics, method) as counted:
                with self._door.place(context) as place:
                    try:
                        await self._follow(method, context, place)
                    except Failed as error:
                        place.hold(0)
                        counted.code = error.status.grpc.name
                        await self._door.abort(context, error.status)

        return grpc.stream_stream_rpc_method_handler(handle)

    async def _follow(self, method: Method, context: Context, place: Place) -> None:
        async def begin() -> AsyncIterator[node_pb2.FollowResponse]:
            request = await self._door.read(context, place, node_pb2.FollowRequest)
            answers = Api(self._service, place).follow(request)
            self._slots.take(place.client)
            return answers

        answers = await self._calls.run(method, place, begin)
        pieces = until(answers, self._stopping)

        async def next_piece() -> bytes | None:
            piece = await anext(pieces, None)
            if piece is None:
                return None
            answer = piece.SerializeToString()
            place.send(answer)
            return answer

        try:
            with self._metrics.streams.track_inprogress():
                while (
                    answer := await self._calls.go_on(method, next_piece)
                ) is not None:
                    await self._door.write(context, answer, _FOLLOWER_SECONDS)
                    place.hold(0)
        finally:
            self._slots.give_back(place.client)
            await pieces.aclose()


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


def options(settings: Settings) -> list[tuple[str, Any]]:
    """The options of grpcio's server: bounds for what a client can do to it."""
    pending = max(_LEAST_PENDING, 2 * settings.grpc_calls)
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
        ("grpc.server.max_pending_requests", pending),
        ("grpc.server.max_pending_requests_hard_limit", pending),
        # Another process on the same port would silently take half the calls.
        ("grpc.so_reuseport", 0),
    ]
