"""A connection to a node: bytes to bytes, with deadlines and attempts.

The one module that needs grpcio, and only once a client is made.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from .errors import NodeError, NodeTimeout, RemoteMissing
from .settings import Settings, read_url
from .status import error_of

if TYPE_CHECKING:
    import grpc

__all__ = ["Channel"]

_SERVICE: Final = "/xmtp.identity.api.v1.IdentityApi/"
_FRAME: Final = 64 * 1024
"""What a request may have beside the updates that it carries."""

_IDENTITY_ENCODING: Final = 1
"""No compressed answers: a few bytes could become as many as the machine has."""


class Channel:
    """The service `IdentityApi` of one node; safe to use from several threads."""

    def __init__(
        self,
        url: str,
        settings: Settings,
        *,
        root_certificates: bytes | None,
        sleep: Callable[[float], None],
    ) -> None:
        """Connects with the first question. Raises `BadNodeUrl`, `RemoteMissing`."""
        address = read_url(url)
        self.url = address.url
        self._settings = settings
        self._sleep = sleep
        self._grpc = _library()
        options = [
            ("grpc.max_receive_message_length", settings.max_answer_bytes),
            ("grpc.max_send_message_length", settings.max_answer_bytes + _FRAME),
            ("grpc.compression_enabled_algorithms_bitset", _IDENTITY_ENCODING),
            # What is sent again, and when, is decided here.
            ("grpc.enable_retries", 0),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.min_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 2000),
            # Two clients are two connections, whatever befalls the other one.
            ("grpc.use_local_subchannel_pool", 1),
        ]
        self._channel: grpc.Channel = (
            self._grpc.secure_channel(
                address.target,
                self._grpc.ssl_channel_credentials(root_certificates),
                options,
            )
            if address.tls
            else self._grpc.insecure_channel(address.target, options)
        )
        name = settings.app_version or f"xmtp-identity/{version('xmtp-identity')}"
        self._metadata = (("x-app-version", name),)

    def close(self) -> None:
        """Let go of the connection."""
        self._channel.close()

    def ask(self, method: str, request: bytes) -> bytes:
        """A question that changes nothing: asked again while that may help.

        Raises `NodeError`.
        """
        settings = self._settings
        end = time.monotonic() + settings.timeout_s
        for attempt in range(1, settings.attempts + 1):
            try:
                return self._call(method, request, end - time.monotonic())
            except NodeError as error:
                if (
                    not error.retryable
                    or attempt == settings.attempts
                    or time.monotonic() >= end
                ):
                    raise
            self.pause(attempt)
        raise AssertionError  # the last attempt returned or raised

    def send(self, method: str, request: bytes) -> None:
        """Something that changes the node: sent once.

        Raises `NodeError`; `is_definite` says what that means.
        """
        self._call(method, request, self._settings.timeout_s, publishing=True)

    def pause(self, attempt: int) -> None:
        """Wait before the next attempt; ``attempt`` counts from 1."""
        settings = self._settings
        longest = min(
            settings.first_pause_s * 2 ** (attempt - 1), settings.longest_pause_s
        )
        # Many clients that failed together should not come back together.
        self._sleep(longest * (1 - random.random() / 2))  # noqa: S311 - no secret

    def _call(
        self, method: str, request: bytes, timeout_s: float, *, publishing: bool = False
    ) -> bytes:
        if timeout_s <= 0:
            raise NodeTimeout(f"{self.url} did not answer in time.")
        try:
            call: Callable[..., Any] = self._channel.unary_unary(_SERVICE + method)
            answer: bytes = call(request, timeout=timeout_s, metadata=self._metadata)
        except self._grpc.RpcError as error:
            raise error_of(error, self.url, publishing=publishing) from None
        except ValueError:
            raise NodeError(f"The connection to {self.url} was closed.") from None
        return answer


def _library() -> Any:
    try:
        import grpc
    except ImportError as error:
        raise RemoteMissing(
            "Talking to a node needs grpcio, which can't be imported "
            f"({error}): pip install 'xmtp-identity[remote]'."
        ) from None
    return grpc
