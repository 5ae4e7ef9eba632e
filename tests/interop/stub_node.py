"""A small XMTP node that serves whatever identity logs it is given.

It speaks as much of XMTP's gRPC interface as a client needs to read the state
of an inbox. Log entries go out as the raw bytes that they are, so they may be
anything; the messages around them are written by hand, because generated
classes would bring a top-level ``xmtp`` package into the process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

import grpc

__all__ = ["Log", "StubNode", "smart_wallet_signature"]

Log = Sequence[bytes | None]
"""Serialized `IdentityUpdate` messages in order; None is an entry without one."""

_IDENTITY: Final = "/xmtp.identity.api.v1.IdentityApi/"
_EMPTY_REPLIES: Final = frozenset(
    {
        f"{_IDENTITY}PublishIdentityUpdate",
        "/xmtp.mls.api.v1.MlsApi/UploadKeyPackage",
    }
)
_SERVER_TIME_NS: Final = 1_700_000_000_000_000_000
"""When the node claims to have got the first entry; it has no part in a state."""


def smart_wallet_signature(account_id: str, message_hash: bytes) -> bytes:
    """The one signature that this node calls valid for a smart wallet.

    account_id: CAIP-10, as it stands in the signature.
    message_hash: 32 bytes, the EIP-191 hash of the signed text.
    """
    return _smart_wallet_signature(account_id.encode(), message_hash)


class StubNode:
    """The server, on a free port of the loopback interface.

    Use as a context manager. Since the last `serve`, ``asked`` holds the inbox
    ids whose logs went out, and ``failures`` what broke in the node itself and
    every call that it does not know: only while that is empty a verdict of the
    client counts.
    """

    def __init__(self) -> None:
        self._logs: Mapping[str, Log] = {}
        self.asked: set[str] = set()
        self.failures: list[str] = []
        self._server = grpc.server(ThreadPoolExecutor(max_workers=4))
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

    def serve(self, logs: Mapping[str, Log]) -> None:
        """Serve these logs, by inbox id, instead of the ones before."""
        self.asked = set()
        self.failures = []
        self._logs = logs

    def answer(self, method: str, request: bytes) -> bytes:
        """The serialized reply to a serialized request."""
        try:
            if method in _EMPTY_REPLIES:
                return b""
            return self._replies()[method](request)
        except Exception as error:
            self.failures.append(f"{method}: {error!r}")
            raise

    def _replies(self) -> Mapping[str, Callable[[bytes], bytes]]:
        return {
            f"{_IDENTITY}GetIdentityUpdates": self._get_identity_updates,
            f"{_IDENTITY}GetInboxIds": _get_inbox_ids,
            f"{_IDENTITY}VerifySmartContractWalletSignatures": _verify_smart_wallets,
        }

    def _get_identity_updates(self, request: bytes) -> bytes:
        reply = b""
        for item in _requests(request):
            inbox_id = item.text(1)
            self.asked.add(inbox_id)
            entries = b"".join(
                _bytes(2, _log_entry(sequence_id, update))
                for sequence_id, update in enumerate(self._logs[inbox_id], start=1)
                if sequence_id > item.number(2)
            )
            reply += _bytes(1, _bytes(1, inbox_id.encode()) + entries)
        return reply


def _log_entry(sequence_id: int, update: bytes | None) -> bytes:
    head = _number(1, sequence_id) + _number(2, _SERVER_TIME_NS + sequence_id)
    return head if update is None else head + _bytes(3, update)


def _get_inbox_ids(request: bytes) -> bytes:
    """Nobody has an inbox: a reader needs no more."""
    return b"".join(
        _bytes(1, _bytes(1, item.text(1).encode()) + _number(3, item.number(2)))
        for item in _requests(request)
    )


def _verify_smart_wallets(request: bytes) -> bytes:
    reply = b""
    for item in _requests(request):
        valid = item.data(3) == _smart_wallet_signature(item.data(1), item.data(4))
        reply += _bytes(1, _number(1, valid) + _number(2, item.number(2)))
    return reply


def _smart_wallet_signature(account_id: bytes, message_hash: bytes) -> bytes:
    return b"SCW-OK" + hashlib.sha256(account_id + message_hash).digest()


class _Calls(grpc.GenericRpcHandler):
    """Hands every call to the node, without (de)serializers: bytes as they are."""

    def __init__(self, node: StubNode) -> None:
        self._node = node

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes]:
        method = handler_call_details.method
        return grpc.unary_unary_rpc_method_handler(
            lambda request, _: self._node.answer(method, request)
        )


class _Fields:
    """The fields of one message that a client wrote, so a well-formed one."""

    def __init__(self, data: bytes) -> None:
        self._values = dict(_walk(data))

    def data(self, number: int) -> bytes:
        value = self._values.get(number, b"")
        if not isinstance(value, bytes):
            raise TypeError(f"Field {number} of the request is a number.")
        return value

    def text(self, number: int) -> str:
        return self.data(number).decode()

    def number(self, number: int) -> int:
        value = self._values.get(number, 0)
        if not isinstance(value, int):
            raise TypeError(f"Field {number} of the request is not a number.")
        return value


def _requests(data: bytes) -> Iterator[_Fields]:
    """Every request that the service has is ``repeated ... = 1``."""
    for _, value in _walk(data):
        if not isinstance(value, bytes):
            raise TypeError("The request holds a number where a message belongs.")
        yield _Fields(value)


def _walk(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    position = 0
    while position < len(data):
        tag, position = _read_varint(data, position)
        value, position = _read_varint(data, position)
        if tag & 7 == 0:
            yield tag >> 3, value
        elif tag & 7 == 2:
            yield tag >> 3, data[position : position + value]
            position += value
        else:
            raise ValueError(f"The request has a field of wire type {tag & 7}.")


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position += 1
        shift += 7
        if byte < 0x80:
            return value, position


def _varint(value: int) -> bytes:
    head = bytearray()
    while value > 0x7F:
        head.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*head, value])


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)
