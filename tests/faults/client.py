"""A client of a node that keeps to bytes, so that it costs little beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Final, NamedTuple, Self

import grpc
import grpc.aio

from xmtp_identity.v1.api_pb2 import (
    GetIdentityUpdatesRequest,
    GetInboxIdsRequest,
    GetInboxIdsResponse,
    PublishIdentityUpdateRequest,
)
from xmtp_identity.v1.log_pb2 import GetIdentityUpdatesResponse
from xmtp_identity_node.v1.node_pb2 import FollowRequest, FollowResponse

__all__ = [
    "DOUBTFUL",
    "FOLLOW",
    "IDENTITY_API",
    "LATER",
    "Client",
    "Logged",
    "Refused",
    "code_of",
]

FOLLOW: Final = "/xmtp_identity_node.v1.NodeApi/Follow"
IDENTITY_API: Final = "/xmtp.identity.api.v1.IdentityApi/"

LATER: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        # What comes while gRPC's server shuts down.
        grpc.StatusCode.CANCELLED,
    }
)
"""Answers after which a client tries again."""

DOUBTFUL: Final = frozenset(LATER - {grpc.StatusCode.RESOURCE_EXHAUSTED})
"""Those that leave open whether the update was appended."""

_OPTIONS: Final[Sequence[tuple[str, int]]] = (
    # A node that comes back is found at once.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 200),
    ("grpc.max_receive_message_length", 256 * 1024 * 1024),
    ("grpc.max_send_message_length", 256 * 1024 * 1024),
    ("grpc.use_local_subchannel_pool", 1),
)
_PAUSE_S: Final = 0.05
"""Seconds before a client tries again; no test depends on it."""

_CHUNK: Final = 50
"""Inboxes or addresses in one request."""


class Logged(NamedTuple):
    """One entry of a log as a node gives it."""

    sequence_id: int
    server_timestamp_ns: int
    update: bytes


class Refused(Exception):
    """A node refused a request for good."""


def code_of(error: grpc.aio.AioRpcError) -> str:
    """The stable code that a node's answer carries."""
    metadata = error.trailing_metadata() or ()
    return str(dict(metadata).get("xmtp-identity-code", ""))


class Client:
    """One connection to a node, raw bytes in and out.

    deadline: seconds that a request may take.
    """

    def __init__(self, target: str, *, deadline: float = 30) -> None:
        self._channel = grpc.aio.insecure_channel(target, options=_OPTIONS)
        self.deadline = deadline
        self._publish = self._method(f"{IDENTITY_API}PublishIdentityUpdate")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._channel.close()

    async def ready(self) -> None:
        """Wait until the node takes connections."""
        await self._channel.channel_ready()

    async def call(self, method: str, request: bytes) -> bytes:
        """Any method by its full path; raises `grpc.aio.AioRpcError`."""
        return await self._method(method)(request, timeout=self.deadline)

    def _method(self, path: str) -> grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]:
        return self._channel.unary_unary(path, bytes, bytes)

    async def publish(self, update: bytes, *, wait: bool = False) -> None:
        """Publish one update, once; raises `grpc.aio.AioRpcError`.

        wait: whether to wait for a node that is not there.
        """
        request = PublishIdentityUpdateRequest(identity_update=update)
        await self._publish(
            request.SerializeToString(), timeout=self.deadline, wait_for_ready=wait
        )

    async def publish_until_answered(
        self,
        update: bytes,
        *,
        doubtful: bool = False,
        on_failure: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Publish an update as clients do: try again until the node takes or
        refuses it. A refusal after an answer that left it open says that the
        update is there already, and is as good as an acknowledgement: whoever
        publishes in order knows of no other reason. Raises `Refused`.

        doubtful: whether an earlier try was left open.
        on_failure: told the status of each try that is to be repeated.
        """
        while True:
            try:
                await self.publish(update, wait=True)
            except grpc.aio.AioRpcError as error:
                status = error.code()
                if status in LATER:
                    doubtful = doubtful or status in DOUBTFUL
                    on_failure(f"{status.name} {code_of(error)}")
                    await asyncio.sleep(_PAUSE_S)
                    continue
                if doubtful:
                    return
                details = error.details()
                raise Refused(f"{status.name} {code_of(error)}: {details}") from None
            return

    async def logs(self, inbox_ids: Sequence[str]) -> dict[str, list[Logged]]:
        """The whole logs of inboxes."""
        found: dict[str, list[Logged]] = {}
        for start in range(0, len(inbox_ids), _CHUNK):
            asked = [
                GetIdentityUpdatesRequest.Request(inbox_id=inbox_id)
                for inbox_id in inbox_ids[start : start + _CHUNK]
            ]
            request = GetIdentityUpdatesRequest(requests=asked)
            answer = GetIdentityUpdatesResponse.FromString(
                await self.call(
                    f"{IDENTITY_API}GetIdentityUpdates", request.SerializeToString()
                )
            )
            for one in answer.responses:
                found[one.inbox_id] = [
                    Logged(entry.sequence_id, entry.server_timestamp_ns, entry.update)
                    for entry in one.updates
                ]
        return found

    async def follow(self, count: int) -> list[tuple[str, int, Logged]]:
        """The first ``count`` entries of the node's feed, each with its inbox and
        its position; waits for those that are still to come."""
        stream = self._channel.unary_stream(FOLLOW, bytes, bytes)
        call = stream(FollowRequest().SerializeToString(), timeout=self.deadline)
        feed: list[tuple[str, int, Logged]] = []
        while len(feed) < count:
            answer = await call.read()
            assert isinstance(answer, bytes)
            feed += [
                (
                    one.inbox_id,
                    one.position,
                    Logged(one.sequence_id, one.server_timestamp_ns, one.update),
                )
                for one in FollowResponse.FromString(answer).entries
            ]
        call.cancel()
        return feed

    async def inbox_ids(
        self, asked: Iterable[tuple[int, str]]
    ) -> dict[tuple[int, str], str | None]:
        """The inbox of each (`IdentifierKind`, identifier)."""
        pairs = list(asked)
        found: dict[tuple[int, str], str | None] = {}
        for start in range(0, len(pairs), _CHUNK):
            request = GetInboxIdsRequest(
                requests=[
                    GetInboxIdsRequest.Request(identifier=value, identifier_kind=kind)
                    for kind, value in pairs[start : start + _CHUNK]
                ]
            )
            answer = GetInboxIdsResponse.FromString(
                await self.call(
                    f"{IDENTITY_API}GetInboxIds", request.SerializeToString()
                )
            )
            for one in answer.responses:
                inbox_id = one.inbox_id if one.HasField("inbox_id") else None
                found[one.identifier_kind, one.identifier] = inbox_id
        return found
