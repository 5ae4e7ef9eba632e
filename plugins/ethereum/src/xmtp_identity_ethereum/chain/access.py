"""Chains asked over JSON-RPC: for the kind ethereum, what a context holds.

What is trusted: the servers named. The first one that gives a sound answer is
believed; with ``agree``, that many of them, as long as no other disagrees. An
answer is sound if it comes from the right chain, in time, and is one to this
very question; everything else, errors of all kinds included, is no answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec
from types import TracebackType
from typing import Final, Self

from xmtp_identity.errors import BadInput

from ..smart_wallet import (
    SmartWalletRequest,
    SmartWalletVerdict,
    Unavailable,
)
from .asking import Chain, Given
from .cache import VerdictCache
from .limits import Limits
from .rules import static_verdict

__all__ = ["ChainAccess"]

_CHAINS_AT_ONCE: Final = 8
_DEFAULTS: Final = Limits()


class ChainAccess:
    """Access to chains of EIP-155: a `SmartWalletVerifier` and `ChainHeads`.

    The servers of a chain are asked one after the other, in their order, until
    each request has its verdict: all requests of a chain together, as many in
    one round trip as the server takes. A server that fails is left alone for a
    while. What no server can say is `Unavailable`, and never anything else.

    Verdicts at final blocks are remembered: at those which the server that gave
    the verdict names final (``finalized``), or, if it knows no such thing, far
    behind its newest one. Others are asked for each time, for a chain may
    change its mind about its last blocks.

    Threads may share one. If it is sent to another process, there is one of its
    own there, however often it is sent. It connects when it is asked; use it as
    a context manager or call `close`.
    """

    def __init__(
        self,
        chains: Mapping[int, Sequence[str]],
        *,
        timeout: float = 60.0,
        cache: int = 65_536,
        agree: int = 1,
        limits: Limits = _DEFAULTS,
        root_certificates: bytes | None = None,
    ) -> None:
        """chains: by EIP-155 chain id the URLs (http, https) of JSON-RPC servers,
            the best first. They may hold keys: only their hosts are ever shown.
        timeout: seconds that one call of `verify` or `head` may take in all. Only
            the look-up of a host's address has limits of its own, the system's.
        cache: how many verdicts to remember, about 200 bytes each; 0 for none.
        agree: how many servers of a chain have to give the same verdict. A
            request about which two disagree is unavailable.
        root_certificates: whom to trust for TLS, in PEM; None takes the usual.

        Raises `BadChains`, which never holds a URL, and `BadInput`, also if
        httpx is not installed.
        """
        if find_spec("httpx") is None:
            raise BadInput(
                'Chains are asked with httpx: pip install "xmtp-identity-ethereum'
                '[chains]".',
                code="chains_missing",
            )
        if timeout <= 0 or cache < 0 or agree < 1:
            raise BadInput("A bound of the chain access leaves no room for a question.")
        self._given = Given(
            tuple((chain_id, tuple(urls)) for chain_id, urls in chains.items()),
            timeout,
            cache,
            agree,
            limits,
            root_certificates,
        )
        self._cache = VerdictCache(cache)
        self._chains = {
            chain_id: Chain(chain_id, urls, self._given)
            for chain_id, urls in self._given.chains
        }

    def verify(
        self, requests: Sequence[SmartWalletRequest]
    ) -> list[SmartWalletVerdict]:
        """Judge each request, in order."""
        end = time.monotonic() + self._given.timeout
        known: dict[SmartWalletRequest, SmartWalletVerdict] = {}
        open_: dict[int, list[SmartWalletRequest]] = {}
        for request in dict.fromkeys(requests):
            verdict = static_verdict(request) or self._cache.get(request)
            if verdict is not None:
                known[request] = verdict
            elif request.chain_id in self._chains:
                open_.setdefault(request.chain_id, []).append(request)
            else:
                known[request] = _nowhere(request.chain_id)
        for verdicts in self._each(
            lambda chain_id: self._chains[chain_id].verify(
                open_[chain_id], end, self._cache
            ),
            list(open_),
        ):
            known |= verdicts
        return [known[request] for request in requests]

    def head(self, chain_id: int) -> int | Unavailable:
        """The number of the newest block, as lately known to the first server
        that says it."""
        chain = self._chains.get(chain_id)
        if chain is None:
            return _nowhere(chain_id)
        return chain.head(time.monotonic() + self._given.timeout)

    def close(self) -> None:
        """Let go of all connections; asked again, it connects again."""
        for chain in self._chains.values():
            chain.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        chains = ", ".join(map(repr, self._chains.values()))
        return f"ChainAccess({chains})"

    def __reduce__(self) -> tuple[object, tuple[Given]]:
        return (_again, (self._given,))

    @staticmethod
    def _each(
        work: Callable[[int], dict[SmartWalletRequest, SmartWalletVerdict]],
        chain_ids: Sequence[int],
    ) -> list[dict[SmartWalletRequest, SmartWalletVerdict]]:
        """Several chains at once: one that does not answer has no share in the
        time of the others."""
        if len(chain_ids) < 2:
            return [work(chain_id) for chain_id in chain_ids]
        with ThreadPoolExecutor(min(len(chain_ids), _CHAINS_AT_ONCE)) as threads:
            return list(threads.map(work, chain_ids))


@lru_cache(maxsize=8)
def _again(given: Given) -> ChainAccess:
    """The one of this process for all that are sent here and are alike."""
    return ChainAccess(
        dict(given.chains),
        timeout=given.timeout,
        cache=given.cache,
        agree=given.agree,
        limits=given.limits,
        root_certificates=given.root_certificates,
    )


def _nowhere(chain_id: int) -> Unavailable:
    return Unavailable(
        f"There is no access to the chain eip155:{chain_id}: no server of it is named."
    )
