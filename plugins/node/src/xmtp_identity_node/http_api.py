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
from .calls import Calls, Failed, HungUp, Method, RequestTimeout
from .clients import FORWARDED, Clients, host_of
from .errors import Overloaded, RequestTooLarge
from .http_answers import error_body, json_answer, plain_refusal, refusal
from .lines import seconds_for
from .metrics import CONTENT_TYPE
from .room import Place, Room
from .streams import until
from .v1 import mls_pb2, node_pb2

if TYPE_CHECKING:
    from .connections import Connections
    from .json_mapping import JsonMapping
    from .metrics import Metrics
    from .rate_limits import StreamSlots
    from .service.service import Service

__all__ = ["HttpApi"]

_VERBS: Final = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"})
_MAX_PAGE: Final = 1000
_PAGE: Final = Method(NODE, "Follow", "read")
_PLACE: Final = web.RequestKey("place", Place)

_LARGER: Final = 4
"""JSON has about so many bytes for each of the log entries in it: as base64, and
to be read."""

_COPIES: Final = 2 * _LARGER
"""Bytes in memory for each of a log entry while its JSON is made."""

_Work = Callable[[Api, Any], Awaitable[Message]]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HttpApi:
    """The routes of an `Api`."""

    def __init__(  # noqa: PLR0913 - what calls go through, each named
        self,
        service: Service,
        calls: Calls,
        mapping: JsonMapping,
        *,
        room: Room,
        connections: Connections,
        clients: Clients,
        slots: StreamSlots,
        metrics: Metrics,
        ready: Callable[[], bool],
        stopping: asyncio.Event,
        request_bytes: int,
        request_seconds: float,
    ) -> None:
        self._service = service
        self._calls = calls
        self._mapping = mapping
        self._room = room
        self._connections = connections
        self._clients = clients
        self._answer_bytes = service.limits.answer_bytes // _LARGER
        self._slots = slots
        self._metrics = metrics
        self._ready = ready
        self._stopping = stopping
        self._bytes = request_bytes
        self._seconds = request_seconds

    def application(self) -> web.Application:
        """What a server is given."""
        app = web.Application(
            client_max_size=self._bytes, middlewares=[_middleware(self._frame)]
        )
        posts: dict[str, tuple[str, type[Message], _Work]] = {
            "/identity/v1/publish-identity-update": (
                "PublishIdentityUpdate",
                api_pb2.PublishIdentityUpdateRequest,
                Api.publish,
            ),
            "/identity/v1/get-identity-updates": (
                "GetIdentityUpdates",
                api_pb2.GetIdentityUpdatesRequest,
                Api.updates,
            ),
            "/identity/v1/get-inbox-ids": (
                "GetInboxIds",
                api_pb2.GetInboxIdsRequest,
                Api.inbox_ids,
            ),
            "/identity/v1/verify-smart-contract-wallet-signatures": (
                "VerifySmartContractWalletSignatures",
                api_pb2.VerifySmartContractWalletSignaturesRequest,
                Api.verify_smart_wallets,
            ),
            "/mls/v1/upload-key-package": (
                "UploadKeyPackage",
                mls_pb2.UploadKeyPackageRequest,
                Api.upload_key_package,
            ),
            "/mls/v1/fetch-key-packages": (
                "FetchKeyPackages",
                mls_pb2.FetchKeyPackagesRequest,
                Api.fetch_key_packages,
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
            with (
                self._connections.busy(request.protocol),
                self._place(request) as place,
            ):
                response = await self._answer(request, handler)
                if not response.prepared:
                    response = self._with_room(place, response)
                status = response.status
                if not response.prepared:
                    # Here and not after the handler, so that a client that does
                    # not read its answer is let go of as well.
                    async with asyncio.timeout(seconds_for(place.size, self._seconds)):
                        await response.prepare(request)
                        await response.write_eof()
            return response
        except (TimeoutError, ConnectionError, HungUp):
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
            return refusal(error.status)
        except web.HTTPException as error:
            return plain_refusal(error)
        except (TimeoutError, ConnectionError, HungUp):
            raise
        except Exception as error:  # noqa: BLE001 - judged, never lost
            return refusal(self._calls.judge(error, _route(request)))

    def _with_room(
        self, place: Place, response: web.StreamResponse
    ) -> web.StreamResponse:
        """The same, if there is room for it until it is gone."""
        body = response.body if isinstance(response, web.Response) else None
        try:
            place.send(body if isinstance(body, bytes) else b"")
        except Overloaded as error:
            place.hold(0)
            return refusal(self._calls.judge(error, place.transport))
        return response

    async def _run(
        self,
        method: Method,
        request: web.Request,
        work: Callable[[Api], Awaitable[bytes]],
    ) -> web.Response:
        place = request[_PLACE]
        api = Api(self._service, place)
        try:
            return json_answer(await self._calls.run(method, place, lambda: work(api)))
        except Failed:
            place.hold(0)
            raise

    def _place(self, request: web.Request) -> Place:
        host = host_of(request.transport)
        forwarded = request.headers.getall(FORWARDED, ())
        client = self._clients.of_address(host, forwarded)
        place = self._room.place(client, "http", self._answer_bytes, _COPIES)
        request[_PLACE] = place
        return place

    async def _body(self, request: web.Request) -> bytes:
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise BadInput("The body is compressed; send it as it is.")
        if (request.content_length or 0) > self._bytes:
            raise self._too_large()
        place = request[_PLACE]
        body = bytearray()
        try:
            async with asyncio.timeout(self._seconds):
                async for part in request.content.iter_any():
                    body += part
                    if len(body) > self._bytes:
                        raise self._too_large()
                    place.hold(len(body))
        except TimeoutError:
            raise RequestTimeout(
                f"The request did not come in within {self._seconds:g} seconds."
            ) from None
        except (web.RequestPayloadError, ConnectionError, ClientError):
            if request.transport is None or request.transport.is_closing():
                raise HungUp from None
            raise Undecodable("The body broke off.") from None
        return bytes(body)

    def _too_large(self) -> RequestTooLarge:
        return RequestTooLarge(f"A request has at most {self._bytes} bytes.")

    # XMTP's API

    def _post(self, name: str, cls: type[Message], work: _Work) -> _Handler:
        async def handle(request: web.Request) -> web.Response:
            async def answer(api: Api) -> bytes:
                body = await self._body(request)
                # In threads: this is work for the processor, and a large
                # request must not hold up those of others.
                message = await asyncio.to_thread(self._mapping.read, cls, body)
                return await self._write(await work(api, message))

            return await self._run(METHODS[name], request, answer)

        return handle

    async def _write(self, answer: Message) -> bytes:
        return await asyncio.to_thread(self._mapping.write, answer)

    # Look-ups

    async def _members(self, request: web.Request) -> web.Response:
        asked = node_pb2.GetMembersRequest(inbox_id=request.match_info["inbox_id"])

        async def answer(api: Api) -> bytes:
            return await self._write(await api.members(asked))

        return await self._run(METHODS["GetMembers"], request, answer)

    async def _identifiers(self, request: web.Request) -> web.Response:
        asked = node_pb2.GetIdentifiersRequest(inbox_id=request.match_info["inbox_id"])

        async def answer(api: Api) -> bytes:
            return await self._write(await api.identifiers(asked))

        return await self._run(METHODS["GetIdentifiers"], request, answer)

    async def _history(self, request: web.Request) -> web.Response:
        async def answer(api: Api) -> bytes:
            asked = node_pb2.GetHistoryRequest(
                inbox_id=request.match_info["inbox_id"],
                first=_number(request, "first", 0),
                limit=_number(request, "limit", 0),
            )
            return await self._write(await api.history(asked))

        return await self._run(METHODS["GetHistory"], request, answer)

    async def _inbox_of(self, request: web.Request) -> web.Response:
        kind = request.match_info["kind"]
        identifier = request.match_info["identifier"]

        async def answer(api: Api) -> bytes:
            inbox_id = await api.inbox_of(kind, identifier)
            return json.dumps(
                {"kind": kind, "identifier": identifier, "inboxId": inbox_id}
            ).encode()

        return await self._run(METHODS["GetInboxIds"], request, answer)

    # The stream of updates

    async def _updates(self, request: web.Request) -> web.StreamResponse:
        cursor = request.query.get("cursor", "")
        if "limit" in request.query:

            async def page(api: Api) -> bytes:
                limit = _number(request, "limit", _MAX_PAGE)
                return await self._write(
                    await api.page(cursor, max(1, min(limit, _MAX_PAGE)))
                )

            return await self._run(_PAGE, request, page)
        return await self._follow(request, cursor)

    async def _follow(self, request: web.Request, cursor: str) -> web.StreamResponse:
        method, place = METHODS["Follow"], request[_PLACE]

        async def begin() -> AsyncIterator[node_pb2.FollowResponse]:
            asked = node_pb2.FollowRequest(cursor=cursor)
            answers = Api(self._service, place).follow(asked)
            self._slots.take(place.client)
            return answers

        answers = await self._calls.run(method, place, begin)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        pieces = until(answers, self._stopping)

        async def next_line() -> bytes | None:
            piece = await anext(pieces, None)
            if piece is None:
                return None
            line = await self._write(piece) + b"\n"
            place.send(line)
            return line

        try:
            with self._metrics.streams.track_inprogress():
                await self._send(request, response, b"")
                while True:
                    try:
                        line = await self._calls.go_on(method, next_line)
                    except Failed as error:
                        place.hold(0)
                        body = error_body(error.status)
                        await self._send(request, response, body + b"\n")
                        break
                    if line is None:
                        break
                    await self._send(request, response, line)
                    place.hold(0)
                await response.write_eof()
        finally:
            self._slots.give_back(place.client)
            await pieces.aclose()
        return response

    async def _send(
        self, request: web.Request, response: web.StreamResponse, data: bytes
    ) -> None:
        """Whoever does not read is let go of: what is not read stays in memory."""
        async with asyncio.timeout(seconds_for(len(data), self._seconds)):
            if not response.prepared:
                await response.prepare(request)
            if data:
                await response.write(data)

    # For those who run the node

    async def _metrics_page(self, _: web.Request) -> web.Response:
        text = await asyncio.to_thread(self._metrics.text)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})

    async def _alive(self, _: web.Request) -> web.Response:
        return json_answer(b'{"status":"alive"}')

    async def _readiness(self, _: web.Request) -> web.Response:
        if self._ready():
            return json_answer(b'{"status":"ready"}')
        return json_answer(b'{"status":"not_ready"}', status=503)


def _middleware(frame: Callable[[web.Request, _Handler], Any]) -> Any:
    """A method can't carry the mark that aiohttp looks for."""

    @web.middleware
    async def middleware(request: web.Request, handler: _Handler) -> web.StreamResponse:
        response: web.StreamResponse = await frame(request, handler)
        return response

    return middleware


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
