"""Hosts and origins, as WebAuthn names relying parties.

A relying party ID is a host (WebAuthn level 3, section 4); the origin in the
client data is a scheme, a host and perhaps a port (RFC 6454, section 6.2), or
for Android apps the hash of the app's signing key.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LOCALHOST", "is_host", "is_origin", "relying_parties_of", "web_host"]

LOCALHOST: Final = "localhost"
"""The one host that browsers trust without TLS."""

_MAX_HOST: Final = 253
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_WEB_ORIGIN: Final = re.compile(r"(https?)://([^/:@?#\[\]]+)(?::([1-9][0-9]{0,4}))?")
_APP_ORIGIN: Final = re.compile(r"android:apk-key-hash:[A-Za-z0-9_-]{43}")
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_MAX_PORT: Final = 65535


def is_host(text: str) -> bool:
    """Whether ``text`` is a lower-case domain name, without scheme and port.

    Addresses are no names: WebAuthn takes none as a relying party.
    """
    if len(text) > _MAX_HOST or _HOST.fullmatch(text) is None:
        return False
    # A name whose last label is a number is read as an IPv4 address by
    # browsers (WHATWG URL, "ends in a number").
    last = text.rpartition(".")[2]
    return not (last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last))


def web_host(origin: str) -> str | None:
    """The host of a web origin that WebAuthn runs on; None for all else.

    That is ``https://`` with a domain name, or ``http://localhost``, each as
    a browser writes it: lower case, no default port, no slash at the end.
    """
    match = _WEB_ORIGIN.fullmatch(origin)
    if match is None:
        return None
    scheme, host, port = match.groups()
    if port is not None and not _is_written_port(scheme, int(port)):
        return None
    if not is_host(host) or (scheme == "http" and host != LOCALHOST):
        return None
    return host


def is_origin(text: str) -> bool:
    """Whether ``text`` is the origin of a web page or of an Android app."""
    return web_host(text) is not None or _APP_ORIGIN.fullmatch(text) is not None


def relying_parties_of(host: str) -> list[str]:
    """The relying party IDs that a page on ``host`` may use.

    The host itself and every parent domain with a dot in it: ``example.org``
    for a page on ``login.example.org``, never ``org``. Browsers also leave
    out public suffixes such as ``co.uk``; no list of those is kept here, as
    no browser would have let an assertion for one be made.
    """
    parties = [host]
    parent = host.partition(".")[2]
    while "." in parent:
        parties.append(parent)
        parent = parent.partition(".")[2]
    return parties


def _is_written_port(scheme: str, port: int) -> bool:
    return port <= _MAX_PORT and port != _DEFAULT_PORTS[scheme]
