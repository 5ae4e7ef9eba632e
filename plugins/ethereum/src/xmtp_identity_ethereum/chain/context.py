"""From chains and URLs to what verifiers ask: the hook's work.

A chain's URLs are JSON-RPC servers of it (``http``, ``https``) or nodes of
XMTP (``grpc``, ``grpcs``), which ask the chain themselves. Servers are asked
first, and nodes for what the servers gave no verdict on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Final, NamedTuple, Protocol

from xmtp_identity.chains import BadChains
from xmtp_identity.errors import BadInput, IdentityError

from ..identifier import KIND
from ..smart_wallet import SmartWalletRequest, SmartWalletVerdict, Unavailable
from .access import ChainAccess
from .rules import static_verdict

__all__ = ["Chains", "Urls", "Way", "contexts", "ways"]

_NAMESPACE: Final = "eip155"
_REFERENCE: Final = re.compile(r"[1-9][0-9]{0,19}")
_U64: Final = (1 << 64) - 1
_SERVERS: Final = frozenset({"http", "https"})
_NODES: Final = frozenset({"grpc", "grpcs"})

Urls = tuple[tuple[int | None, tuple[str, ...]], ...]
"""URLs by EIP-155 chain id; None stands for all chains."""


class _Access(Protocol):
    """What can be asked of some chains, or of all."""

    def verify(
        self, requests: Sequence[SmartWalletRequest]
    ) -> Sequence[SmartWalletVerdict]: ...

    def head(self, chain_id: int) -> int | Unavailable: ...

    def close(self) -> None: ...


class Way(NamedTuple):
    """A way to ask chains: which ones (None: all), and what asks them."""

    chains: frozenset[int] | None
    access: _Access

    def leads_to(self, chain_id: int) -> bool:
        """Whether a chain can be asked so."""
        return self.chains is None or chain_id in self.chains


def contexts(chains: Mapping[str, Sequence[str]]) -> dict[str, Chains]:
    """What the hook `register_contexts` hands over.

    Raises `BadChains`, which never holds a URL, and `BadInput` if a package is
    missing that asks them.
    """
    own: dict[int | None, tuple[str, ...]] = {}
    for name, urls in chains.items():
        namespace, colon, reference = name.partition(":")
        if namespace == _NAMESPACE:
            chain_id = _chain_id(reference) if colon else None
            _check_urls(name, chain_id, urls)
            own[chain_id] = tuple(urls)
    if not own:
        return {}
    _check_installed({_scheme(url) for urls in own.values() for url in urls})
    return {KIND: Chains(tuple(own.items()))}


class Chains:
    """Access to chains of EIP-155: a `SmartWalletVerifier` and `ChainHeads`.

    It connects when it is first asked. Threads may share one; one that was sent
    to another process is opened there once, however often it is sent.
    """

    __slots__ = ("_urls", "_ways")

    def __init__(self, urls: Urls) -> None:
        """Take the ways to chains.

        Raises `BadChains`, which never holds a URL.
        """
        self._urls = urls
        self._ways = ways(urls)

    def verify(
        self, requests: Sequence[SmartWalletRequest]
    ) -> list[SmartWalletVerdict]:
        """Judge each request, in order."""
        verdicts: list[SmartWalletVerdict] = [
            static_verdict(request) or _nowhere(request.chain_id)
            for request in requests
        ]
        for way in self._ways:
            asked = [
                place
                for place, request in enumerate(requests)
                if isinstance(verdicts[place], Unavailable)
                and way.leads_to(request.chain_id)
            ]
            if asked:
                answers = way.access.verify([requests[place] for place in asked])
                for place, answer in zip(asked, answers, strict=True):
                    verdicts[place] = answer
        return verdicts

    def head(self, chain_id: int) -> int | Unavailable:
        """The number of the newest block, as lately known."""
        found: int | Unavailable = _nowhere(chain_id)
        for way in self._ways:
            if isinstance(found, Unavailable) and way.leads_to(chain_id):
                found = way.access.head(chain_id)
        return found

    def close(self) -> None:
        """Let go of the connections; asked again, it opens them again."""
        for way in self._ways:
            way.access.close()

    def __reduce__(self) -> tuple[object, tuple[Urls]]:
        return (_of_process, (self._urls,))


@cache
def _of_process(urls: Urls) -> Chains:
    """The one of this process: connections and what is remembered are shared."""
    return Chains(urls)


def ways(urls: Urls) -> list[Way]:
    """The ways to the chains, in the order in which to go them."""
    ways: list[Way] = []
    servers = {
        chain_id: [url for url in some if _scheme(url) in _SERVERS]
        for chain_id, some in urls
        if chain_id is not None
    }
    served = {chain_id: some for chain_id, some in servers.items() if some}
    if served:
        ways.append(Way(frozenset(served), ChainAccess(served)))
    nodes: dict[str, set[int] | None] = {}
    for chain_id, some in urls:
        for url in some:
            if _scheme(url) in _NODES:
                known = nodes.setdefault(url, set())
                if chain_id is None:
                    nodes[url] = None
                elif known is not None:
                    known.add(chain_id)
    for url, known in nodes.items():
        from .node_verifier import NodeVerifier

        reached = None if known is None else frozenset(known)
        ways.append(Way(reached, NodeVerifier(url)))
    return ways


def _nowhere(chain_id: int) -> Unavailable:
    return Unavailable(
        f"There is no access to the chain eip155:{chain_id}: the file of chains does "
        "not name it."
    )


def _chain_id(reference: str) -> int:
    if not _REFERENCE.fullmatch(reference) or int(reference) > _U64:
        raise BadChains(
            f"{_NAMESPACE}:{reference} is no chain: behind the colon is its number, "
            "from 1 to 2^64 - 1, without leading zeros."
        )
    return int(reference)


def _check_urls(name: str, chain_id: int | None, urls: Sequence[str]) -> None:
    for number, url in enumerate(urls, 1):
        scheme = _scheme(url)
        if scheme not in _SERVERS | _NODES:
            raise BadChains(
                f"Entry {number} of {name} begins with none of http://, https:// "
                "(a JSON-RPC server), grpc:// and grpcs:// (a node of XMTP)."
            )
        if chain_id is None and scheme in _SERVERS:
            raise BadChains(
                f"Entry {number} of {name} is a JSON-RPC server, which serves one "
                f"chain: name that, as {_NAMESPACE}:1."
            )
        if scheme in _NODES:
            from .node_verifier import NodeVerifier

            try:
                NodeVerifier(url)
            except IdentityError as error:
                raise BadChains(f"Entry {number} of {name}: {error.detail}") from None


def _check_installed(schemes: set[str]) -> None:
    if schemes & _SERVERS and find_spec("httpx") is None:
        raise BadInput(
            "Chains are asked with one more package: pip install"
            ' "xmtp-identity-ethereum[chains]".',
            code="chains_missing",
        )
    if schemes & _NODES and find_spec("grpc") is None:
        raise BadInput(
            "Nodes are asked with one more package: pip install"
            ' "xmtp-identity[remote]".',
            code="chains_missing",
        )


def _scheme(url: str) -> str:
    return url.partition("://")[0]
