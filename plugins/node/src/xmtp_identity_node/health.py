"""gRPC's health checks, counted like all other calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import grpc
from grpc_health.v1 import health_pb2

if TYPE_CHECKING:
    from grpc_health.v1._async import HealthServicer

    from .door import Context, Door

__all__ = ["NAME", "handler"]

NAME: Final = "grpc.health.v1.Health"


def handler(servicer: HealthServicer, door: Door) -> grpc.GenericRpcHandler:
    """What a server is given to answer health checks."""
    checks: Any = servicer

    async def check(_: object, context: Context) -> None:
        async with door.let_in(context) as place:
            request = await door.read(context, place, health_pb2.HealthCheckRequest)
            answer = await checks.Check(request, context)
            await door.write(context, answer.SerializeToString())

    async def watch(_: object, context: Context) -> None:
        async with door.let_in(context, stream=True) as place:
            request = await door.read(context, place, health_pb2.HealthCheckRequest)
            await checks.Watch(request, context)

    # Both as taking a stream, which is the same on the wire: see `GrpcApi`.
    return grpc.method_handlers_generic_handler(
        NAME,
        {
            "Check": grpc.stream_stream_rpc_method_handler(check),
            "Watch": grpc.stream_stream_rpc_method_handler(
                watch,
                response_serializer=health_pb2.HealthCheckResponse.SerializeToString,
            ),
        },
    )
