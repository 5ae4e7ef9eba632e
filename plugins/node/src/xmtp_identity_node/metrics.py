"""What the node counts, for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.platform_collector import PlatformCollector

if TYPE_CHECKING:
    from .calls import Method
    from .service.service import Service

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)


class Metrics:
    """The counters of one node.

    They live in a registry of their own, so that a process can run several
    nodes. No label takes a value that a client chose, or anyone could fill
    the memory with time series.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        calls = ("grpc_type", "grpc_service", "grpc_method")
        self._started = Counter(
            "grpc_server_started",
            "Calls that came in.",
            calls,
            registry=self._registry,
        )
        self._handled = Counter(
            "grpc_server_handled",
            "Calls that were answered, by gRPC status.",
            (*calls, "grpc_code"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "grpc_server_handling_seconds",
            "How long unary calls took.",
            calls,
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._http = Counter(
            "xmtp_identity_http_requests",
            "HTTP requests that were answered, by route and status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._http_seconds = Histogram(
            "xmtp_identity_http_request_seconds",
            "How long HTTP requests took; streams until their end.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._refused = Counter(
            "xmtp_identity_refused",
            "Calls that ended with an error, by its stable code.",
            ("code",),
            registry=self._registry,
        )
        self._published = Counter(
            "xmtp_identity_updates_published",
            "Updates that were appended to a log.",
            registry=self._registry,
        )
        self.streams = Gauge(
            "xmtp_identity_streams",
            "Streams of new updates that are open now.",
            registry=self._registry,
        )
        self.rate_store_failures = Counter(
            "xmtp_identity_rate_limit_store_failures",
            "Calls counted in memory because the shared store was away.",
            registry=self._registry,
        )
        self.ready = Gauge(
            "xmtp_identity_ready",
            "1 while the node takes calls and reaches its store.",
            registry=self._registry,
        )
        self._connections = Gauge(
            "xmtp_identity_http_connections",
            "HTTP connections that are open now.",
            registry=self._registry,
        )
        self.connections_refused = Counter(
            "xmtp_identity_http_connections_refused",
            "HTTP connections that were closed because there were too many.",
            registry=self._registry,
        )
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def watch(self, service: Service) -> None:
        """Show what the service has to do and what it keeps."""
        for name, text, look in (
            (
                "xmtp_identity_publishes_waiting",
                "Updates that wait to be written.",
                lambda: service.publishing,
            ),
            (
                "xmtp_identity_cached_snapshots",
                "Snapshots in memory.",
                lambda: service.cached[0],
            ),
            (
                "xmtp_identity_cached_bytes",
                "Their bytes as stored.",
                lambda: service.cached[1],
            ),
        ):
            Gauge(name, text, registry=self._registry).set_function(look)

    def started(self, method: Method) -> None:
        """A gRPC call came in."""
        self._started.labels(*method.labels).inc()

    def handled(self, method: Method, code: str, seconds: float) -> None:
        """A gRPC call ended; ``code`` is the name of its gRPC status."""
        self._handled.labels(*method.labels, code).inc()
        if not method.streaming:
            self._seconds.labels(*method.labels).observe(seconds)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """An HTTP request ended. ``route`` is a template, not a path."""
        self._http.labels(method, route, str(status)).inc()
        self._http_seconds.labels(method, route).observe(seconds)

    def refused(self, code: str) -> None:
        """A call of either transport ended with an error."""
        self._refused.labels(code).inc()

    def published(self) -> None:
        """An update was appended."""
        self._published.inc()

    def connections(self, count: int) -> None:
        """So many HTTP connections are open."""
        self._connections.set(count)

    def text(self) -> bytes:
        """All of it, in the text format of Prometheus."""
        return generate_latest(self._registry)
