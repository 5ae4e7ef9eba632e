"""What every call goes through, whichever way it came.

One place counts, limits, times, logs and judges the errors of all calls, so
that gRPC and HTTP can't differ in it.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from xmtp_identity.errors import BadInput, IdentityError
from xmtp_identity_store.errors import UnusableStore

from .status import INTERNAL, Status, status_of

if TYPE_CHECKING:
    from .metrics import Metrics
    from .rate_limits import RateLimits
    from .room import Place

__all__ = ["Calls", "Failed", "HungUp", "Method", "RequestTimeout"]

T = TypeVar("T")

_FRAMES: Final = 8
_QUIET_SECONDS: Final = 1.0

_NOISE: Final = frozenset(
    {"rate_limited", "overloaded", "closing", "store_locked", "store_unavailable"}
)
"""What comes in crowds, so that a line for each would be an attack of its own."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a service.

    kind: the class by which it is limited: ``read``, ``write`` or ``stream``.
    """

    service: str
    name: str
    kind: str
    streaming: bool = False

    @property
    def labels(self) -> tuple[str, str, str]:
        """As the metrics of gRPC servers name it."""
        form = "server_stream" if self.streaming else "unary"
        return (form, self.service, self.name)


class Failed(Exception):
    """A call ended with a status that is to be sent; it is logged already."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.detail)
        self.status = status


class HungUp(Exception):
    """The client went away before its request was there."""


class RequestTimeout(BadInput):
    """A request did not come in in time."""

    code = "request_timeout"
    remedy = "Send the whole request at once."


class Calls:
    """Runs calls."""

    def __init__(self, rates: RateLimits, metrics: Metrics) -> None:
        self._rates = rates
        self._metrics = metrics
        self._quiet_until = 0.0
        self._log = structlog.get_logger("xmtp_identity_node.calls")

    async def run(
        self,
        method: Method,
        place: Place,
        work: Callable[[], Awaitable[T]],
    ) -> T:
        """Do the work of a call if the client may make it now; raises `Failed`.

        place: which the call has until its answer is gone.
        """
        started = time.perf_counter()
        try:
            place.enter(method.kind)
            await self._rates.spend(method.kind, place.client)
            answer = await work()
        except HungUp:
            self._log.debug("hung_up", method=method.name, client=place.client)
            raise
        except Exception as error:  # noqa: BLE001 - judged below, never lost
            status = self.judge(error, method.name)
            self._say(method, place, status, started)
            raise Failed(status) from None
        self._say(method, place, None, started)
        return answer

    async def go_on(self, method: Method, step: Callable[[], Awaitable[T]]) -> T:
        """One step of a stream that `run` began; raises `Failed`."""
        try:
            return await step()
        except Exception as error:  # noqa: BLE001 - judged below, never lost
            status = self.judge(error, method.name)
            self._metrics.refused(status.code)
            raise Failed(status) from None

    def judge(self, error: Exception, where: str) -> Status:
        """The status of whatever a call raised; what was not raised on purpose is
        logged.

        where: the method or route.
        """
        if isinstance(error, Failed):
            return error.status
        if isinstance(error, UnusableStore):
            # Its sentence names the file, or the place of the database, and is
            # for those who run the node.
            self._say_of_store(error, where)
        if isinstance(error, IdentityError):
            return status_of(error)
        # Where it broke, but not what it says: that may hold the request, or
        # the address of the database.
        self._log.error(
            "call_broke",
            where=where,
            error=type(error).__name__,
            trace=traceback.format_tb(error.__traceback__)[-_FRAMES:],
        )
        return INTERNAL

    def _say_of_store(self, error: UnusableStore, where: str) -> None:
        # While it is away each call finds that out: a line a second is enough.
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + _QUIET_SECONDS
            self._log.error(
                "store_failed", where=where, code=error.code, detail=error.detail
            )

    def _say(
        self,
        method: Method,
        place: Place,
        status: Status | None,
        started: float,
    ) -> None:
        if status is not None:
            self._metrics.refused(status.code)
        elif method.name == "PublishIdentityUpdate":
            self._metrics.published()
        code = status.code if status else ""
        # Reads that went well are for the metrics; a line each would be most
        # of what a busy node does.
        quiet = code in _NOISE or (status is None and method.kind != "write")
        say = self._log.debug if quiet else self._log.info
        say(
            "call",
            method=method.name,
            transport=place.transport,
            client=place.client,
            status=status.grpc.name if status else "OK",
            code=code or None,
            detail=status.detail if status else None,
            milliseconds=round((time.perf_counter() - started) * 1000, 2),
        )
