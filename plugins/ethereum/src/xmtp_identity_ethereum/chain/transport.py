"""HTTP to one URL that holds a secret: one end for everything, bounded answers.

What httpx limits is each single step, so that a server that sends a byte now
and then is never done. Here every read and write of a connection knows when
all has to be over. And httpx writes URLs into its log: it is told the host
alone, and path, query and password are put in below it.

Imported when the first question is asked: it needs httpx.
"""

from __future__ import annotations

import base64
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from threading import Lock
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult, unquote

import httpcore
import httpx

__all__ = ["HttpClient", "HttpFailed", "Reply"]

_END: ContextVar[float] = ContextVar("end")
"""When all has to be over, by `time.monotonic`."""

_PIECE: Final = 16 * 1024
_CONNECTIONS: Final = 16
_IDLE_S: Final = 30.0
"""Less than servers keep an idle connection."""

_COOKIE: Final = b"set-cookie"


class HttpFailed(Exception):
    """No answer came.

    reason: the rest of a sentence that begins with the host.
    sent: whether the host may have read the question.
    """

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class Reply(NamedTuple):
    """An answer, whatever it says.

    body: None if it is longer than allowed; empty if the status is not 200.
    retry_after: seconds, as the server asks for; None if it does not.
    """

    status: int
    body: bytes | None
    retry_after: float | None


class HttpClient:
    """Connections to one URL; threads may share it."""

    def __init__(self, parts: SplitResult, root_certificates: bytes | None) -> None:
        """parts: of a URL of http or https, with a host.

        root_certificates: whom to trust for TLS, in PEM; None takes the usual.
        """
        tls = None
        if parts.scheme == "https":
            tls = (
                httpx.create_ssl_context()
                if root_certificates is None
                else ssl.create_default_context(cadata=root_certificates.decode())
            )
        host = parts.hostname or ""
        self._url = httpx.URL(scheme=parts.scheme, host=host, port=parts.port, path="/")
        headers = {
            "Accept": "application/json",
            # A few bytes could become as many as the machine has.
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "xmtp-identity",
        }
        self._lock = Lock()
        self._users = 0
        self._closing = False
        self._client = httpx.Client(
            transport=_Transport(parts, tls),
            headers=headers,
            timeout=None,  # noqa: S113 - the streams below have an end
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Let go of the connections, once no thread is waiting for an answer."""
        with self._lock:
            self._closing = True
            unused = not self._users
        if unused:
            self._client.close()

    def _enter(self) -> None:
        with self._lock:
            if self._closing:
                raise HttpFailed("was let go of meanwhile", sent=False)
            self._users += 1

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            last = self._closing and not self._users
        if last:
            self._client.close()

    def post(self, body: bytes, end: float, most: int) -> Reply:
        """Send a body and take the answer.

        end: when all has to be over, by `time.monotonic`.
        most: bytes of an answer.

        Raises `HttpFailed`.
        """
        self._enter()
        token = _END.set(end)
        try:
            with self._client.stream("POST", self._url, content=body) as response:
                status = response.status_code
                wait = _seconds(response.headers.get("Retry-After"))
                if status != 200:
                    return Reply(status, b"", wait)
                return Reply(status, _read(response, most), wait)
        except (httpcore.ConnectTimeout, httpcore.PoolTimeout):
            raise HttpFailed("could not be reached in time", sent=False) from None
        except httpcore.TimeoutException:
            raise HttpFailed("did not answer in time", sent=True) from None
        except httpcore.ConnectError as error:
            raise HttpFailed(_no_connection(error), sent=False) from None
        except (httpcore.NetworkError, httpcore.ProtocolError):
            raise HttpFailed("broke off, or does not speak HTTP", sent=True) from None
        finally:
            _END.reset(token)
            self._leave()


class _Transport(httpx.BaseTransport):
    """What httpx sends to a host goes to one target there."""

    def __init__(self, parts: SplitResult, tls: ssl.SSLContext | None) -> None:
        self._target = (parts.path or "/").encode("ascii")
        if parts.query:
            self._target += b"?" + parts.query.encode("ascii")
        self._headers: list[tuple[bytes, bytes]] = []
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            basic = b"Basic " + base64.b64encode(pair.encode())
            self._headers = [(b"Authorization", basic)]
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=_CONNECTIONS,
            keepalive_expiry=_IDLE_S,
            network_backend=_Network(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme,
                    host=url.raw_host,
                    port=url.port,
                    target=self._target,
                ),
                headers=[*request.headers.raw, *self._headers],
                content=request.stream,
                extensions={"timeout": {"pool": _left(httpcore.PoolTimeout)}},
            )
        )
        return httpx.Response(
            answer.status,
            # A server has nothing to remember us by.
            headers=[one for one in answer.headers if one[0].lower() != _COOKIE],
            stream=_Body(answer),
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Network(httpcore.NetworkBackend):
    """Connections that know when all has to be over."""

    def __init__(self) -> None:
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the end of all counts
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        error: Exception = httpcore.ConnectError("the host has no address")
        # One after the other here, for the library gives each the whole time.
        for address in _addresses(host, port):
            try:
                return _Stream(
                    self._network.connect_tcp(
                        address,
                        port,
                        _left(httpcore.ConnectTimeout),
                        local_address,
                        socket_options,
                    )
                )
            except httpcore.ConnectError as failed:
                error = failed
        raise error


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, _left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        # In pieces, lest a server that reads slowly gets the whole time for each.
        for start in range(0, len(buffer), _PIECE):
            piece = buffer[start : start + _PIECE]
            self._stream.write(piece, _left(httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        left = _left(httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(late: type[Exception]) -> float:
    """Seconds that are left; raises ``late`` if there are none."""
    left = _END.get() - time.monotonic()
    if left <= 0:
        raise late
    return left


def _no_connection(error: httpcore.ConnectError) -> str:
    # The pool takes the cause away; the context stays.
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "has no TLS certificate that is trusted here"
    if isinstance(cause, ssl.SSLError):
        return "does not speak TLS as it should"
    return "could not be reached"


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError("the host is not known") from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _read(response: httpx.Response, most: int) -> bytes | None:
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > most:
            return None
    return bytes(body)


def _seconds(text: str | None) -> float | None:
    """The seconds of Retry-After; the form with a date is not worth a clock."""
    if text is None or not (text.isascii() and text.isdecimal()):
        return None
    return float(text[:9])
