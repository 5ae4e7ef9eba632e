"""The node over HTTP: XMTP's API as JSON at its documented paths, and look-ups.

On aiohttp. The methods are those of `Api`, the limits those of `Calls`; what
is here is what HTTP adds: bodies, time-outs of slow clients, statuses.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from aiohttp import ClientError, web
from google.protobuf.message import Message

from xmtp_identity.errors import BadInput, Undecodable
from xmtp_identity.v1 import api_pb2

from .api import METHODS, NODE, Api
from .calls import Calls, Failed, Method, RequestTimeout
from .clients import FORWARDED, Clients
from .errors import RequestTooLarge
from .metrics import CONTENT_TYPE
from .status import CODE_KEY, Status
from .streams import until
from .v1 import mls_pb2, node_pb2

if TYPE_CHECKING:
    from .json_mapping import JsonMapping
    from .metrics import Metrics
    from .rate_limits import StreamSlots

__all__ = ["HttpApi"]

_RETRY_SECONDS: Final = 1
_VERBS: Final = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"})
_MAX_PAGE: Final = 1000
_PAGE: Final = Method(NODE, "Follow", "read")

_Work = Callable[[Any], Awaitable[Message]]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpApi:
    """The routes of an `Api`."""

    def __init__(  # noqa: PLR0913 - what calls go through, each named
        self,
        api: Api,
        calls: Calls,
        mapping: JsonMapping,
        *,
        clients: Clients,
        slots: StreamSlots,
        metrics: Metrics,
        ready: Callable[[], bool],
        stopping: asyncio.Event,
        request_bytes: int,
        request_seconds: float,
    ) -> None:
        self._api = api
        self._calls = calls
        self._mapping = mapping
        self._clients = clients
        self._slots = slots
        self._metrics = metrics
        self._ready = ready
        self._stopping = stopping
        self._bytes = request_bytes
        self._seconds = request_seconds

    def application(self) -> web.Application:
        """What a server is given."""
        api = self._api
        app = web.Application(
            client_max_size=self._bytes, middlewares=[_middleware(self._frame)]
        )
        posts: dict[str, tuple[str, type[Message], _Work]] = {
            "/identity/v1/publish-identity-update": (
                "PublishIdentityUpdate",
                api_pb2.PublishIdentityUpdateRequest,
                api.publish,
            ),
            "/identity/v1/get-identity-updates": (
                "GetIdentityUpdates",
                api_pb2.GetIdentityUpdatesRequest,
                api.updates,
            ),
            "/identity/v1/get-inbox-ids": (
                "GetInboxIds",
                api_pb2.GetInboxIdsRequest,
                api.inbox_ids,
            ),
            "/identity/v1/verify-smart-contract-wallet-signatures": (
                "VerifySmartContractWalletSignatures",
                api_pb2.VerifySmartContractWalletSignaturesRequest,
                api.verify_smart_wallets,
            ),
            "/mls/v1/upload-key-package": (
                "UploadKeyPackage",
                mls_pb2.UploadKeyPackageRequest,
                api.upload_key_package,
            ),
            "/mls/v1/fetch-key-packages": (
                "FetchKeyPackages",
                mls_pb2.FetchKeyPackagesRequest,
                api.fetch_key_packages,
            ),
        }
        for path, (name, cls, work) in posts.items():
            app.router.add_post(path, self._post(name, cls, work))
        app.router.add_get("/v1/inboxes/{inbox_id}", self._members)
        app.router.add_get("/v1/inboxes/{inbox_id}/history", self._history)
        app.router.add_get("/v1/inboxes/{inbox_id}/identifiers", self._identifiers)
        app.router.add_get("/v1/identifiers/{kind}/{identifier}", self._inbox_of)
        app.router.add_get("/v1/updates", self._updates)
        app.router.add_get("/metrics", self._metrics_page)
        app.router.add_get("/healthz", self._alive)
        app.router.add_get("/readyz", self._readiness)
        return app

    # What every request goes through

    async def _frame(
        self, request: web.Request, handler: _Handler
    ) -> web.StreamResponse:
        started = time.perf_counter()
        status = 0
        try:
            response = await self._answer(request, handler)
            status = response.status
            if not response.prepared:
                # Here and not after the handler, so that a client that does
                # not read its answer is let go of as well.
                async with asyncio.timeout(self._seconds):
                    await response.prepare(request)
                    await response.write_eof()
            return response
        except (TimeoutError, ConnectionError):
            # What aiohttp does with the answer then ends at the closed socket.
            _cut(request)
            return web.Response(status=408)
        finally:
            self._metrics.answered(
                request.method if request.method in _VERBS else "other",
                _route(request),
                status,
                time.perf_counter() - started,
            )

    async def _answer(
        self, request: web.Request, handler: _Handler
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except Failed as error:
            return _refusal(error.status)
        except web.HTTPException as error:
            return _plain_refusal(error)
        except (TimeoutError, ConnectionError):
            raise
        except Exception as error:  # noqa: BLE001 - judged, never lost
            return _refusal(self._calls.judge(error, _route(request)))

    async def _run(
        self, method: Method, request: web.Request, work: Callable[[], Awaitable[bytes]]
    ) -> web.Response:
        return _json(await self._calls.run(method, self._client(request), "http", work))

    def _client(self, request: web.Request) -> str:
        peer = (
            request.transport.get_extra_info("peername") if request.transport else None
        )
        host = str(peer[0]) if isinstance(peer, tuple) else None
        return self._clients.of_address(host, request.headers.getall(FORWARDED, ()))

    async def _body(self, request: web.Request) -> bytes:
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise BadInput("The body is compressed; send it as it is.")
        if (request.content_length or 0) > self._bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout(self._seconds):
                return await request.read()
        except TimeoutError:
            raise RequestTimeout(
                f"The request did not come in within {self._seconds:g} seconds."
            ) from None
        except web.HTTPRequestEntityTooLarge:
            raise self._too_large() from None
        except (web.RequestPayloadError, ConnectionError, ClientError):
            raise Undecodable("The body broke off.") from None

    def _too_large(self) -> RequestTooLarge:
        return RequestTooLarge(f"A request has at most {self._bytes} bytes.")

    # XMTP's API

    def _post(self, name: str, cls: type[Message], work: _Work) -> _Handler:
        async def handle(request: web.Request) -> web.Response:
            async def answer() -> bytes:
                body = await self._body(request)
                # In threads: this is work for the processor, and a large
                # request must not hold up those of others.
                message = await asyncio.to_thread(self._mapping.read, cls, body)
                return await self._write(await work(message))

            return await self._run(METHODS[name], request, answer)

        return handle

    async def _write(self, answer: Message) -> bytes:
        return await asyncio.to_thread(self._mapping.write, answer)

    # Look-ups

    async def _members(self, request: web.Request) -> web.Response:
        asked = node_pb2.GetMembersRequest(inbox_id=request.match_info["inbox_id"])

        async def answer() -> bytes:
            return await self._write(await self._api.members(asked))

        return await self._run(METHODS["GetMembers"], request, answer)

    async def _identifiers(self, request: web.Request) -> web.Response:
        asked = node_pb2.GetIdentifiersRequest(inbox_id=request.match_info["inbox_id"])

        async def answer() -> bytes:
            return await self._write(await self._api.identifiers(asked))

        return await self._run(METHODS["GetIdentifiers"], request, answer)

    async def _history(self, request: web.Request) -> web.Response:
        async def answer() -> bytes:
            asked = node_pb2.GetHistoryRequest(
                inbox_id=request.match_info["inbox_id"],
                first=_number(request, "first", 0),
                limit=_number(request, "limit", 0),
            )
            return await self._write(await self._api.history(asked))

        return await self._run(METHODS["GetHistory"], request, answer)

    async def _inbox_of(self, request: web.Request) -> web.Response:
        kind = request.match_info["kind"]
        identifier = request.match_info["identifier"]

        async def answer() -> bytes:
            inbox_id = await self._api.inbox_of(kind, identifier)
            return json.dumps(
                {"kind": kind, "identifier": identifier, "inboxId": inbox_id}
            ).encode()

        return await self._run(METHODS["GetInboxIds"], request, answer)

    # The stream of updates

    async def _updates(self, request: web.Request) -> web.StreamResponse:
        cursor = request.query.get("cursor", "")
        if "limit" in request.query:

            async def page() -> bytes:
                limit = _number(request, "limit", _MAX_PAGE)
                return await self._write(
                    await self._api.page(cursor, max(1, min(limit, _MAX_PAGE)))
                )

            return await self._run(_PAGE, request, page)
        return await self._follow(request, cursor)

    async def _follow(self, request: web.Request, cursor: str) -> web.StreamResponse:
        method, client = METHODS["Follow"], self._client(request)

        async def begin() -> AsyncIterator[node_pb2.FollowResponse]:
            answers = self._api.follow(node_pb2.FollowRequest(cursor=cursor))
            self._slots.take(client)
            return answers

        answers = await self._calls.run(method, client, "http", begin)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        pieces = until(answers, self._stopping)
        try:
            with self._metrics.streams.track_inprogress():
                await self._send(request, response, b"")
                while True:
                    try:
                        piece = await self._calls.go_on(
                            method, lambda: anext(pieces, None)
                        )
                    except Failed as error:
                        body = _error_body(error.status)
                        await self._send(request, response, body + b"\n")
                        break
                    if piece is None:
                        break
                    line = await self._write(piece)
                    await self._send(request, response, line + b"\n")
                await response.write_eof()
        finally:
            self._slots.give_back(client)
            await pieces.aclose()
        return response

    async def _send(
        self, request: web.Request, response: web.StreamResponse, data: bytes
    ) -> None:
        """Whoever does not read is let go of: what is not read stays in memory."""
        async with asyncio.timeout(self._seconds):
            if not response.prepared:
                await response.prepare(request)
            if data:
                await response.write(data)

    # For those who run the node

    async def _metrics_page(self, _: web.Request) -> web.Response:
        text = await asyncio.to_thread(self._metrics.text)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})

    async def _alive(self, _: web.Request) -> web.Response:
        return _json(b'{"status":"alive"}')

    async def _readiness(self, _: web.Request) -> web.Response:
        if self._ready():
            return _json(b'{"status":"ready"}')
        return _json(b'{"status":"not_ready"}', status=503)


def _middleware(frame: Callable[[web.Request, _Handler], Any]) -> Any:
    """A method can't carry the mark that aiohttp looks for."""

    @web.middleware
    async def middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
        response: web.StreamResponse = await frame(request, handler)
        return response

    return middleware


def _json(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")


def _error_body(status: Status) -> bytes:
    """As XMTP's gateways answer errors (google.rpc.Status)."""
    return json.dumps(
        {
            "code": status.number,
            "message": status.detail,
            "details": [{"reason": status.code}],
        }
    ).encode()


def _refusal(status: Status) -> web.Response:
    response = _json(_error_body(status), status.http)
    response.headers[CODE_KEY] = status.code
    if status.http in {429, 503}:
        response.headers["Retry-After"] = str(_RETRY_SECONDS)
    if status.http in {408, 413}:
        # The rest of the request may still be on its way.
        response.force_close()
    return response


def _plain_refusal(error: web.HTTPException) -> web.Response:
    """An answer of aiohttp's own: no such path, no such method."""
    number = {404: 5, 405: 12}.get(error.status, 3)
    body = {"code": number, "message": error.reason, "details": []}
    response = _json(json.dumps(body).encode(), error.status)
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


def _route(request: web.Request) -> str:
    """The template of its path, as a label: no client can make up new ones."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "other"


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise BadInput(f"{name} is a number.")
    return int(text)


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
