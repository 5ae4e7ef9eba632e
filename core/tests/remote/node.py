"""A node over real gRPC that tells the truth until a test makes it lie."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import grpc

from xmtp_identity.v1.api_pb2 import (
    GetIdentityUpdatesRequest,
    GetInboxIdsRequest,
    GetInboxIdsResponse,
    PublishIdentityUpdateRequest,
)
from xmtp_identity.v1.log_pb2 import GetIdentityUpdatesResponse
from xmtp_identity.wire.decode import decode_update

if TYPE_CHECKING:
    from tests.support.updates import Inbox

FETCH: Final = "GetIdentityUpdates"
LOOK_UP: Final = "GetInboxIds"
PUBLISH: Final = "PublishIdentityUpdate"
_SERVICE: Final = "/xmtp.identity.api.v1.IdentityApi/"
_START: Final = 100
_STEP: Final = 7

Conduct = Callable[["Node", bytes, grpc.ServicerContext], bytes]
"""What the node does with one request in place of the truth."""


class Node:
    """A server on a free port of the loopback interface; a context manager.

    logs: what it serves, by inbox ID; numbered 100, 107, 114, ...
    owners: the inbox of an identifier, by `IdentifierKind` and string.
    next: by method, what it does with the next requests instead.
    calls: how often each method was asked.
    """

    def __init__(
        self, *inboxes: Inbox, credentials: grpc.ServerCredentials | None = None
    ) -> None:
        self.logs: dict[str, list[bytes | None]] = {
            inbox.inbox_id: list(inbox.log) for inbox in inboxes
        }
        self.owners: dict[tuple[int, str], str] = {
            (inbox.owner.identifier_kind, inbox.owner.value): inbox.inbox_id
            for inbox in inboxes
        }
        self.next: dict[str, deque[Conduct]] = {
            method: deque() for method in (FETCH, LOOK_UP, PUBLISH)
        }
        self.calls: Counter[str] = Counter()
        self.cursors: list[dict[str, int]] = []
        self.metadata: dict[str, str | bytes] = {}
        self._server = grpc.server(ThreadPoolExecutor(max_workers=4))
        self._server.add_generic_rpc_handlers((_Calls(self),))
        if credentials is None:
            port = self._server.add_insecure_port("127.0.0.1:0")
        else:
            port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        self._server.stop(grace=None).wait()

    def does(self, method: str, *conducts: Conduct) -> None:
        """What it does with the next requests, one after the other."""
        self.next[method].extend(conducts)

    def answer(
        self, method: str, request: bytes, context: grpc.ServicerContext
    ) -> bytes:
        self.calls[method] += 1
        self.metadata = dict(context.invocation_metadata())
        if self.next[method]:
            return self.next[method].popleft()(self, request, context)
        return self.truth(method, request)

    def truth(self, method: str, request: bytes) -> bytes:
        if method == FETCH:
            return self._fetch(request)
        if method == LOOK_UP:
            return self._look_up(request)
        return self._publish(request)

    def _fetch(self, request: bytes) -> bytes:
        message = GetIdentityUpdatesRequest.FromString(request)
        self.cursors.append({one.inbox_id: one.sequence_id for one in message.requests})
        return response(
            *(
                (one.inbox_id, self.logs.get(one.inbox_id, []), one.sequence_id)
                for one in message.requests
            )
        )

    def _look_up(self, request: bytes) -> bytes:
        message = GetInboxIdsRequest.FromString(request)
        reply = GetInboxIdsResponse()
        for one in message.requests:
            kind = one.identifier_kind
            found = reply.responses.add(identifier=one.identifier, identifier_kind=kind)
            inbox_id = self.owners.get((kind, one.identifier))
            if inbox_id is not None:
                found.inbox_id = inbox_id
        return reply.SerializeToString()

    def _publish(self, request: bytes) -> bytes:
        update = PublishIdentityUpdateRequest.FromString(request).identity_update
        self.logs.setdefault(decode_update(update).inbox_id, []).append(update)
        return b""


def response(*logs: tuple[str, Sequence[bytes | None], int]) -> bytes:
    """A `GetIdentityUpdatesResponse`: inboxes, logs, and what to leave out."""
    reply = GetIdentityUpdatesResponse()
    for inbox_id, log, after in logs:
        one = reply.responses.add(inbox_id=inbox_id)
        for index, update in enumerate(log):
            number = sequence_id(index)
            if number > after:
                entry = one.updates.add(sequence_id=number, server_timestamp_ns=index)
                if update is not None:
                    entry.update = update
    return reply.SerializeToString()


def sequence_id(index: int) -> int:
    """The node's number for an entry."""
    return _START + _STEP * index


# Ways to misbehave


def says(answer: bytes) -> Conduct:
    """Answers with these bytes."""
    return lambda node, request, context: answer


def truly(method: str) -> Conduct:
    """Answers with the truth, between two lies."""
    return lambda node, request, context: node.truth(method, request)


def fails(
    status: grpc.StatusCode, sentence: str = "no", code: str | None = None
) -> Conduct:
    """Does nothing and fails."""

    def conduct(node: Node, request: bytes, context: grpc.ServicerContext) -> bytes:
        if code is not None:
            context.set_trailing_metadata((("xmtp-identity-code", code),))
        context.abort(status, sentence)
        raise AssertionError

    return conduct


def takes_and_fails(status: grpc.StatusCode, code: str | None = None) -> Conduct:
    """Appends the update, and the client hears of a failure."""

    def conduct(node: Node, request: bytes, context: grpc.ServicerContext) -> bytes:
        node.truth(PUBLISH, request)
        return fails(status, "lost", code)(node, request, context)

    return conduct


class _Calls(grpc.GenericRpcHandler):
    def __init__(self, node: Node) -> None:
        self._node = node

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        method = handler_call_details.method.removeprefix(_SERVICE)
        if method not in self._node.next:
            return None
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._node.answer(method, request, context)
        )
