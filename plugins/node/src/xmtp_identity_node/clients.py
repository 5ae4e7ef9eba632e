"""Who a client is, as far as limits are concerned: an address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from xmtp_identity.errors import BadInput

if TYPE_CHECKING:
    from asyncio import BaseTransport

__all__ = ["FORWARDED", "Clients", "host_of"]

FORWARDED: Final = "x-forwarded-for"
"""The header in which proxies say whom they speak for."""

_Address = IPv4Address | IPv6Address
_MAX_FORWARDED: Final = 16
_LOCAL: Final = "local"


class Clients:
    """Names clients by their addresses.

    trusted: the networks of proxies in front of the node, such as
        ``10.0.0.0/8``. Only what comes from there may say whom it speaks for;
        anybody else's header is not looked at, or everyone could be anyone.

    Raises `BadInput` if a text is no network.
    """

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = tuple(_network(text) for text in trusted)

    def of_grpc(self, peer: str, forwarded: Iterable[str]) -> str:
        """The client of a gRPC call.

        peer: as gRPC names it, such as ``ipv4:127.0.0.1:5556``.
        forwarded: the values of all `FORWARDED` headers.
        """
        scheme, _, rest = unquote(peer).partition(":")
        if scheme not in {"ipv4", "ipv6"}:
            return _LOCAL
        host = rest.rpartition(":")[0].strip("[]").partition("%")[0]
        return self.of_address(host, forwarded)

    def of_address(self, host: str | None, forwarded: Iterable[str]) -> str:
        """The client behind an address; None is a local socket.

        Of the addresses that proxies added, the last one counts that is not
        itself a trusted proxy.
        """
        address = _parse(host or "")
        if address is None:
            return _LOCAL
        if not self._trusts(address):
            return _name(address)
        hops = [hop for value in forwarded for hop in value.split(",")]
        for hop in reversed(hops[-_MAX_FORWARDED:]):
            said = _parse(hop.strip().strip("[]"))
            if said is None:
                break
            address = said
            if not self._trusts(said):
                break
        return _name(address)

    def of_connection(self, host: str | None) -> str | None:
        """The client that has a connection; None for a trusted proxy, which has
        the connections of many."""
        address = _parse(host or "")
        if address is None:
            return _LOCAL
        return None if self._trusts(address) else _name(address)

    def _trusts(self, address: _Address) -> bool:
        return any(
            address.version == network.version and address in network
            for network in self._trusted
        )


def host_of(transport: BaseTransport | None) -> str | None:
    """The address at the other end; None if it has none."""
    peer = transport.get_extra_info("peername") if transport else None
    return str(peer[0]) if isinstance(peer, tuple) else None


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise BadInput(
            f"{text!r} is no network; write 10.0.0.0/8 or one address.",
            code="bad_setting",
        ) from None


def _parse(text: str) -> _Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _name(address: _Address) -> str:
    """IPv6 clients own a whole network of 64 bits, so that is what they are."""
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), 64), strict=False))
    return str(address)
