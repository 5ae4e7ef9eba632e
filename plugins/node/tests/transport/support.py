"""A node on free ports, and clients that speak bytes to it."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import aiohttp
from grpc import aio
from tests.support.signers import Wallet
from tests.support.updates import Inbox

from xmtp_identity import Registry, load_registry
from xmtp_identity.v1 import api_pb2, log_pb2
from xmtp_identity_node.api import METHODS
from xmtp_identity_node.server import Node
from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.settings import Settings

if TYPE_CHECKING:
    from google.protobuf.message import Message

T = TypeVar("T")
REGISTRY: Final = load_registry()
KEY_PACKAGE: Final = json.loads(
    (Path(__file__).parent / "key_package.json").read_text("utf-8")
)


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """How a call was refused."""

    status: str
    code: str | None
    detail: str


class Client:
    """Calls by name, with bytes or messages."""

    def __init__(
        self, node: Node, channel: aio.Channel, web: aiohttp.ClientSession
    ) -> None:
        self.node = node
        self.channel = channel
        self.web = web

    async def call(
        self, name: str, request: bytes | Message, metadata: Any = ()
    ) -> bytes:
        """The bytes of the answer; raises `Refused`."""
        method = METHODS[name]
        data = request if isinstance(request, bytes) else request.SerializeToString()
        stub: Any = self.channel.unary_unary(f"/{method.service}/{name}")
        try:
            answer: bytes = await stub(data, metadata=metadata, timeout=30)
        except aio.AioRpcError as error:
            raise refusal(error) from None
        return answer

    async def publish(self, update: bytes) -> None:
        await self.call(
            "PublishIdentityUpdate",
            api_pb2.PublishIdentityUpdateRequest(identity_update=update),
        )

    async def log(self, inbox_id: str, after: int = 0) -> list[bytes]:
        request = api_pb2.GetIdentityUpdatesRequest()
        request.requests.add(inbox_id=inbox_id, sequence_id=after)
        answer = log_pb2.GetIdentityUpdatesResponse.FromString(
            await self.call("GetIdentityUpdates", request)
        )
        (response,) = answer.responses
        assert response.inbox_id == inbox_id
        return [entry.update for entry in response.updates]

    async def get(self, path: str) -> tuple[int, Any]:
        """Status and body; JSON is read."""
        async with self.web.get(path) as response:
            return response.status, read(await response.read())

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        data = io.BytesIO(
            body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        async with self.web.post(path, data=data) as response:
            return response.status, read(await response.read())


def read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def refusal(error: aio.AioRpcError) -> Refused:
    trailing = dict(error.trailing_metadata() or ())
    code = trailing.get("xmtp-identity-code")
    return Refused(
        error.code().name,
        code.decode() if isinstance(code, bytes) else code,
        error.details() or "",
    )


@asynccontextmanager
async def client_of(node: Node) -> AsyncIterator[Client]:
    options = [("grpc.max_receive_message_length", -1)]
    async with (
        aio.insecure_channel(f"127.0.0.1:{node.grpc_port}", options=options) as channel,
        aiohttp.ClientSession(f"http://127.0.0.1:{node.http_port}") as web,
    ):
        yield Client(node, channel, web)


def settings_for(folder: Path, **settings: Any) -> Settings:
    """Ports that are free, and no rate limits where none are asked for."""
    bounds = settings.pop("limits", Limits())
    values = {
        "store": str(folder / "node.sqlite"),
        "grpc_port": 0,
        "http_port": 0,
        "read_rate": "",
        "write_rate": "",
        "stream_rate": "",
        "stop_seconds": 2.0,
    }
    return Settings(**{**values, **settings}, limits=bounds)


def serving(
    folder: Path,
    work: Callable[[Client], Awaitable[T]],
    *,
    registry: Registry = REGISTRY,
    **settings: Any,
) -> T:
    """What comes of some work with a node on a new event loop."""

    async def run() -> T:
        node = Node(settings_for(folder, **settings), registry=registry)
        async with node, client_of(node) as client, asyncio.timeout(60):
            return await work(client)

    return asyncio.run(run())


async def refused(work: Awaitable[object]) -> Refused:
    """How this is refused."""
    try:
        await work
    except Refused as error:
        return error
    raise AssertionError("nothing was refused")


def inbox_of(name: str, nonce: int = 0) -> Inbox:
    """An inbox whose log holds its creation, which nobody published."""
    return Inbox(Wallet(name), nonce)


def creation(inbox: Inbox) -> bytes:
    """The update that creates an inbox."""
    assert inbox.log[0] is not None
    return inbox.log[0]
