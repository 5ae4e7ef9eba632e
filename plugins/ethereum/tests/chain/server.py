"""A JSON-RPC server of a chain that answers as it is told to, and misbehaves.

The chain behind it has no EVM: a wallet takes the signatures that hold `GOOD`.
The checks against a real one are in the folder evm_wallets.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from types import TracebackType
from typing import Any, Final, Self

from xmtp_identity_ethereum.smart_wallet import SmartWalletRequest

__all__ = [
    "BASE",
    "GOOD",
    "KEY",
    "MAGIC",
    "ZKSYNC",
    "Call",
    "Mood",
    "RpcServer",
    "request",
]

BASE: Final = 8453
ZKSYNC: Final = 324
"""A chain on which wallets are called without the validator."""

KEY: Final = "s3cr3tkey"
GOOD: Final = b"a signature that the wallet takes"
MAGIC: Final = "0x1626ba7e" + "00" * 28
_HEAD: Final = 1_000_000
_FINAL: Final = 900_000
_CODE: Final = bytes.fromhex(
    json.loads(
        files("xmtp_identity_ethereum.chain")
        .joinpath("validator.json")
        .read_text("utf-8")
    )["bytecode"].removeprefix("0x")
)
_SENDER: Final = "0x" + "00" * 20


def request(
    number: int = 0,
    *,
    chain_id: int = BASE,
    good: bool = True,
    block: int = _FINAL - 1000,
) -> SmartWalletRequest:
    """A different one for each number."""
    address = "0x" + "ab" * 16 + f"{number:08x}"
    return SmartWalletRequest(
        account_id=f"eip155:{chain_id}:{address}",
        chain_id=chain_id,
        address=address,
        hash=number.to_bytes(32, "big"),
        signature=GOOD if good else GOOD[::-1],
        block_number=block,
    )


class Call:
    """One question that came in.

    payload: the JSON of it, an object or a list.
    """

    def __init__(self, server: RpcServer, handler: _Handler, payload: Any) -> None:
        self.server = server
        self.payload = payload
        self._handler = handler

    @property
    def client(self) -> tuple[str, int]:
        """The other end of the connection."""
        host, port = self._handler.client_address
        return host, port

    @property
    def is_batch(self) -> bool:
        return isinstance(self.payload, list)

    def entries(self) -> list[dict[str, Any]]:
        """The honest answers, in the order of the questions."""
        asked = self.payload if self.is_batch else [self.payload]
        return [self.server.chain(one) for one in asked]

    def send(self, answer: Any) -> None:
        """An answer in JSON."""
        self.send_bytes(json.dumps(answer).encode())

    def honestly(self) -> None:
        self.send(self.entries() if self.is_batch else self.entries()[0])

    def send_bytes(
        self, body: bytes, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        handler = self._handler
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def send_raw(self, data: bytes) -> None:
        """Bytes of the connection, HTTP or not; it is closed afterwards."""
        self._handler.close_connection = True
        self._handler.wfile.write(data)

    def hang(self, seconds: float = 60) -> bool:
        """Do nothing until the server is closed or the time is over; whether it
        was closed."""
        self._handler.close_connection = True
        return self.server.over.wait(seconds)

    def drip(self, first: bytes, piece: bytes) -> None:
        """Send a little again and again until the server is closed."""
        self.send_raw(first)
        while not self.hang(0.02):
            self.send_raw(piece)


Mood = Callable[[Call], None]


class RpcServer:
    """A context manager.

    mood: how it answers.
    calls: the questions that came in.
    """

    def __init__(
        self,
        mood: Mood = Call.honestly,
        *,
        chain_id: int = BASE,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.mood = mood
        self.chain_id = chain_id
        self.calls: list[Call] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.over = threading.Event()
        self.final: str | None = hex(_FINAL)
        self.head = _HEAD
        self.scheme = "http" if tls is None else "https"
        self._tls = tls

    def __enter__(self) -> Self:
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.ours = self
        if self._tls is not None:
            self._http.socket = self._tls.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        """With a key, as those of many services."""
        return f"{self.scheme}://{self.host}/v2/{KEY}?also={KEY}"

    @property
    def trips(self) -> int:
        return len(self.calls)

    def drop_connections(self) -> None:
        """Close what clients keep open."""
        self._http.drop_connections()

    def methods(self) -> list[str]:
        """What was asked for, over all calls."""
        return [
            one["method"]
            for call in self.calls
            for one in (call.payload if call.is_batch else [call.payload])
        ]

    def chain(self, question: dict[str, Any]) -> dict[str, Any]:
        """The honest answer to one question."""
        method, params = question["method"], question["params"]
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": question["id"]}
        match method:
            case "eth_chainId":
                return answer | {"result": hex(self.chain_id)}
            case "eth_blockNumber":
                return answer | {"result": hex(self.head)}
            case "eth_getBlockByNumber":
                assert params == ["finalized", False]
                block = None if self.final is None else {"number": self.final}
                return answer | {"result": block}
            case "eth_getCode":
                return answer | {"result": "0x6080"}
            case "eth_call":
                return answer | {"result": self._called(*params)}
        raise AssertionError(method)

    def _called(self, transaction: dict[str, str], block: str) -> str:
        assert block.startswith("0x")
        assert transaction["from"] == _SENDER
        data = bytes.fromhex(transaction["data"][2:])
        if "to" in transaction:
            assert self.chain_id == ZKSYNC
            return MAGIC if GOOD in data else "0x" + "00" * 32
        assert data.startswith(_CODE)
        tag = data[len(_CODE) :][:31]
        return "0x" + (tag + bytes([1 if GOOD in data else 8])).hex()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    ours: RpcServer

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def drop_connections(self) -> None:
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def server_close(self) -> None:
        self.drop_connections()
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http
    # Else a small body waits for an acknowledgement of the head before it.
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        ours = self.server.ours
        body = self.rfile.read(int(self.headers["Content-Length"]))
        call = Call(ours, self, json.loads(body))
        ours.paths.append(self.path)
        ours.headers.append(dict(self.headers))
        ours.calls.append(call)
        ours.mood(call)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the output of a test run is for its results."""
