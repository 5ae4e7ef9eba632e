"""How a client of a node behaves, and how the node is named."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from ..errors import BadInput
from .errors import BadNodeUrl

__all__ = ["Address", "Settings", "read_url"]

_PORTS: Final = {"http": 5556, "https": 443}
"""XMTP's own: a local node listens on 5556, public ones on 443."""

_HOST: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_.])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Bounds of a client.

    timeout_s: seconds that one question may take, all attempts included.
    attempts: how often a question is asked before its failure counts.
    first_pause_s, longest_pause_s: seconds between two attempts; doubled
        each time, and shortened at random by up to a half.
    batch: inboxes or identifiers asked for at once.
    max_answer_bytes: of one answer; a full log of the largest updates has 32 MiB.
    max_entries: of one log.
    app_version: what the header ``x-app-version`` says; None is this library
        and its version.
    """

    timeout_s: float = 30.0
    attempts: int = 5
    first_pause_s: float = 0.2
    longest_pause_s: float = 5.0
    batch: int = 50
    max_answer_bytes: int = 40 * 1024 * 1024
    max_entries: int = 4096
    app_version: str | None = None

    def __post_init__(self) -> None:
        """Raises `BadInput` for bounds with which nothing could be asked."""
        if (
            min(self.attempts, self.batch, self.max_answer_bytes, self.max_entries) < 1
            or self.timeout_s <= 0
            or min(self.first_pause_s, self.longest_pause_s) < 0
        ):
            raise BadInput("A bound of the client leaves no room for a question.")
        name = self.app_version
        if name is not None and not (name.isascii() and name.isprintable()):
            raise BadInput("app_version goes into a header: printable ASCII alone.")


class Address(NamedTuple):
    """Where a node listens.

    url: canonical, for people.
    target: as gRPC takes it.
    tls: whether the connection is encrypted.
    """

    url: str
    target: str
    tls: bool


def read_url(url: str) -> Address:
    """Read the URL of a node: ``http`` is HTTP/2 without TLS, ``https`` with it.

    Raises `BadNodeUrl`, which never repeats a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _bad("its host or its port can't be read") from None
    if parts.scheme not in _PORTS:
        raise _bad("it does not begin with http:// or https://")
    if parts.username is not None or parts.password is not None:
        raise _bad("a user or a password has no place in it")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise _bad("it goes on behind the port")
    host = _host(parts)
    port = _PORTS[parts.scheme] if port is None else port
    if port == 0:
        raise _bad("there is no port 0")
    return Address(
        f"{parts.scheme}://{host}:{port}",
        # Named, lest a host be taken for one of gRPC's own schemes ("unix:").
        f"dns:///{host}:{port}",
        parts.scheme == "https",
    )


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "[" in parts.netloc:
        try:
            return f"[{ipaddress.IPv6Address(host)}]"
        except ValueError:
            raise _bad("its IPv6 address is none") from None
    if not _HOST.fullmatch(host):
        raise _bad("it names no host")
    return host


def _bad(why: str) -> BadNodeUrl:
    return BadNodeUrl(
        f"This is no URL of a node ({why}): give http://HOST:PORT, or "
        "https://HOST:PORT for TLS."
    )
