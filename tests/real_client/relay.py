"""A delivery service for tests: what two live clients need beside a node.

Our node keeps identity logs and key packages. Clients that talk to each other
also need someone to carry their messages and welcomes; that is the relay. It
hands every other call to the node behind it, bytes as they are, so that the
clients see one host and the node sees the clients.
"""

from __future__ import annotations

import tempfile
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

__all__ = ["Relay", "group_of", "unchanged"]

_HERE: Final = Path(__file__).resolve().parent
_MLS: Final = "/xmtp.mls.api.v1.MlsApi/"
_FIRST_ID: Final = 100
"""A client that has no welcome yet asks for those after number 1."""

_DEADLINE: Final = 30.0
_NEWEST_FIRST: Final = 2
_PAGE: Final = 100
_PUBLIC_MESSAGE, _PRIVATE_MESSAGE = 1, 2

Call = Callable[[bytes], bytes]
Change = Callable[[str, bytes], bytes]


def unchanged(_method: str, answer: bytes) -> bytes:
    """What the node says, as it says it."""
    return answer


class Relay:
    """The server, on a free port of the loopback interface; a context manager.

    node: host and port of the node behind it, plain HTTP/2.
    change: what to make of the node's answers, by method; see `unchanged`.

    ``refused`` holds every call that the node, or the relay itself, answered
    with an error; ``calls`` counts all of them by method.
    """

    def __init__(self, node: str, change: Change = unchanged) -> None:
        self.refused: list[str] = []
        self.calls: dict[str, int] = {}
        self._change = change
        self._holds: list[tuple[threading.Event, threading.Event]] = []
        self._groups = _Topics("GroupMessage", "group_id")
        self._welcomes = _Topics("WelcomeMessage", "installation_key")
        self._node = grpc.insecure_channel(node)
        self._server = grpc.server(ThreadPoolExecutor(max_workers=64))
        self._server.add_generic_rpc_handlers((_Calls(self),))
        port = self._server.add_insecure_port("127.0.0.1:0")
        self.url = f"http://127.0.0.1:{port}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop(grace=None).wait()
        self._node.close()

    @contextmanager
    def holding_back(self) -> Iterator[threading.Event]:
        """Keep the next group message back until the context ends; all others go
        on. Gives what is set once there is one."""
        held, go_on = threading.Event(), threading.Event()
        self._holds.append((held, go_on))
        try:
            yield held
        finally:
            go_on.set()

    def unary(self, method: str) -> Callable[[bytes, grpc.ServicerContext], bytes]:
        """What answers the method: the relay, or the node behind it."""
        own: Mapping[str, Call] = {
            f"{_MLS}SendGroupMessages": self._send_group_messages,
            f"{_MLS}SendWelcomeMessages": self._send_welcome_messages,
            f"{_MLS}QueryGroupMessages": self._groups.query,
            f"{_MLS}QueryWelcomeMessages": self._welcomes.query,
            # Nobody here keeps a commit log; clients live without one.
            f"{_MLS}BatchPublishCommitLog": lambda _: b"",
            f"{_MLS}BatchQueryCommitLog": lambda _: b"",
        }

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            self.calls[method] = self.calls.get(method, 0) + 1
            try:
                if method in own:
                    return own[method](request)
                return self._pass_on(method, request, context)
            except Exception as error:
                self.refused.append(f"{method}: {error!r}")
                raise

        return answer

    def stream(self, method: str) -> _Follow | None:
        """What answers the method with a stream, if it is one that does."""
        return {
            f"{_MLS}SubscribeGroupMessages": self._groups.follow,
            f"{_MLS}SubscribeWelcomeMessages": self._welcomes.follow,
        }.get(method)

    def _pass_on(
        self, method: str, request: bytes, context: grpc.ServicerContext
    ) -> bytes:
        headers = [
            (key, value)
            for key, value in context.invocation_metadata()
            if key.startswith("x-")
        ]
        call: Any = self._node.unary_unary(method)
        try:
            answer: bytes = call(request, metadata=headers, timeout=_DEADLINE)
        except grpc.RpcError as error:
            refusal: Any = error  # what is raised is also the call
            self.refused.append(f"{method}: {refusal.code()}: {refusal.details()}")
            context.set_trailing_metadata(refusal.trailing_metadata())
            context.set_code(refusal.code())
            context.set_details(refusal.details())
            return b""
        return self._change(method, answer)

    def _send_group_messages(self, request: bytes) -> bytes:
        if self._holds:
            held, go_on = self._holds.pop()
            held.set()
            go_on.wait(_DEADLINE)
        for message in _message("SendGroupMessagesRequest", request).messages:
            sent = message.v1
            self._groups.add(
                group_id=group_of(sent.data),
                data=sent.data,
                sender_hmac=sent.sender_hmac,
                should_push=sent.should_push,
            )
        return b""

    def _send_welcome_messages(self, request: bytes) -> bytes:
        for message in _message("SendWelcomeMessagesRequest", request).messages:
            sent = message.v1
            self._welcomes.add(
                installation_key=sent.installation_key,
                data=sent.data,
                hpke_public_key=sent.hpke_public_key,
                wrapper_algorithm=sent.wrapper_algorithm,
                welcome_metadata=sent.welcome_metadata,
            )
        return b""


_Follow = Callable[[bytes, grpc.ServicerContext], Iterator[bytes]]


class _Topics:
    """Messages by topic, each with a number and a time that only rise.

    name: the message as it is stored; topic: the field that says its topic.
    """

    def __init__(self, name: str, topic: str) -> None:
        self._name = name
        self._topic = topic
        self._messages: dict[bytes, list[Any]] = {}
        self._last_id = _FIRST_ID
        self._last_ns = 0
        self._changed = threading.Condition()

    def add(self, **values: Any) -> None:
        with self._changed:
            self._last_id += 1
            self._last_ns = max(time.time_ns(), self._last_ns + 1)
            stored = _message(self._name)
            stored.v1.MergeFrom(
                type(stored.v1)(id=self._last_id, created_ns=self._last_ns, **values)
            )
            self._messages.setdefault(values[self._topic], []).append(stored)
            self._changed.notify_all()

    def query(self, request: bytes) -> bytes:
        asked = _message("QueryRequest", request)
        page = asked.paging_info
        limit = page.limit or _PAGE
        with self._changed:
            if page.direction == _NEWEST_FIRST:
                found = self._messages.get(asked.topic, [])[::-1]
                if page.id_cursor:
                    found = [one for one in found if one.v1.id < page.id_cursor]
            else:
                found = self._after(asked.topic, page.id_cursor)
        answer = _message(f"Query{self._name}sResponse")
        answer.messages.extend(found[:limit])
        answer.paging_info.direction = page.direction
        answer.paging_info.limit = limit
        if len(found) > limit:
            answer.paging_info.id_cursor = found[limit - 1].v1.id
        return _bytes(answer)

    def follow(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """What is there behind the cursors and what comes, until the client goes."""
        filters = _message("SubscribeRequest", request).filters
        cursors = {one.topic: one.id_cursor for one in filters}
        # The client waits for the headers before it says that it listens.
        context.send_initial_metadata(())
        context.add_callback(self._wake)
        while True:
            with self._changed:
                while not (new := self._new(cursors)) and context.is_active():
                    self._changed.wait()
            if not context.is_active():
                return
            yield from map(_bytes, new)

    def _new(self, cursors: dict[bytes, int]) -> list[Any]:
        found = []
        for topic, cursor in cursors.items():
            messages = self._after(topic, cursor)
            if messages:
                found += messages
                cursors[topic] = messages[-1].v1.id
        return sorted(found, key=lambda one: int(one.v1.id))

    def _after(self, topic: bytes, cursor: int) -> list[Any]:
        messages = self._messages.get(topic, [])
        return messages[bisect_right(messages, cursor, key=lambda one: one.v1.id) :]

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


class _Calls(grpc.GenericRpcHandler):
    """Hands every call to the relay, without (de)serializers: bytes as they are."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes]:
        method = handler_call_details.method
        follow = self._relay.stream(method)
        if follow is not None:
            return grpc.unary_stream_rpc_method_handler(follow)
        return grpc.unary_unary_rpc_method_handler(self._relay.unary(method))


def group_of(data: bytes) -> bytes:
    """The group that an MLS message names (RFC 9420, section 6): two bytes of
    version, two of the wire format, then the ID behind its length."""
    if int.from_bytes(data[2:4]) not in {_PUBLIC_MESSAGE, _PRIVATE_MESSAGE}:
        raise ValueError("This MLS message is of no group.")
    width = 1 << (data[4] >> 6)
    size = int.from_bytes(data[4 : 4 + width]) & ((1 << (8 * width - 2)) - 1)
    return data[4 + width : 4 + width + size]


@cache
def _class(name: str) -> Any:
    return message_factory.GetMessageClass(
        _pool().FindMessageTypeByName(f"xmtp_identity_tests.relay.{name}")
    )


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    """The schema, in a pool of its own."""
    pool = descriptor_pool.DescriptorPool()
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder) / "relay.binpb"
        arguments = [f"--proto_path={_HERE}", f"--descriptor_set_out={compiled}"]
        if protoc.main(["protoc", *arguments, "relay.proto"]):
            raise RuntimeError("relay.proto does not compile.")
        files = descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes())
    for file in files.file:
        pool.Add(file)
    return pool


def _message(name: str, data: bytes = b"") -> Any:
    return _class(name).FromString(data)


def _bytes(message: Any) -> bytes:
    serialized: bytes = message.SerializeToString()
    return serialized
