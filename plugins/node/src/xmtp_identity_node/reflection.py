"""The node describes itself: gRPC's reflection, for grpcurl and its kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha._async import ReflectionServicer

if TYPE_CHECKING:
    from google.protobuf.descriptor_pool import DescriptorPool

    from .door import Context, Door

__all__ = ["handlers"]

_SERVICES: Final = (
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
)
"""One and the same on the wire. grpcio-reflection names the older one alone,
for which newer tools do not ask first."""


def handlers(
    services: Sequence[str], pool: DescriptorPool, door: Door
) -> Sequence[grpc.GenericRpcHandler]:
    """What a server is given to describe ``services``, out of ``pool``."""
    servicer: Any = ReflectionServicer([*services, *_SERVICES], pool=pool)

    async def describe(requests: object, context: Context) -> AsyncIterator[Any]:
        async with door.let_in(context, stream=True):
            async for answer in servicer.ServerReflectionInfo(requests, context):
                yield answer

    method = grpc.stream_stream_rpc_method_handler(
        describe,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return [
        grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method})
        for name in _SERVICES
    ]
