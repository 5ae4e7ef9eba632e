"""The servers of one chain: who is asked when, and who is believed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, NamedTuple

from xmtp_identity.chains import BadChains
from xmtp_identity.errors import BadInput

from ..smart_wallet import (
    Invalid,
    SmartWalletRequest,
    SmartWalletVerdict,
    Unavailable,
    Valid,
)
from .cache import VerdictCache
from .limits import Limits
from .rpc import RpcFailed, Server
from .rules import Failed, calls_of, verdict_of

__all__ = ["Chain", "Given"]

_AT_ONCE: Final = 500
"""For how many requests the calls are made up at once; they have some kilobytes
each, and signatures up to 45."""


@dataclass(frozen=True, slots=True, repr=False)
class Given:
    """What an access is made from; not to be shown, for it holds URLs."""

    chains: tuple[tuple[int, tuple[str, ...]], ...]
    timeout: float
    cache: int
    agree: int
    limits: Limits
    root_certificates: bytes | None


class _Vote(NamedTuple):
    """What a server says of a request.

    final: whether the block is final, as far as this server knows.
    """

    verdict: Valid | Invalid
    final: bool


class _Case:
    """A request that is being judged.

    verdict: None as long as it is open.
    final: whether the verdict can't change any more, as far as is known.
    """

    __slots__ = (
        "_agree",
        "_failures",
        "_reasons",
        "_votes",
        "final",
        "request",
        "verdict",
    )

    def __init__(self, request: SmartWalletRequest, agree: int) -> None:
        self.request = request
        self.verdict: SmartWalletVerdict | None = None
        self.final = False
        self._agree = agree
        self._failures = 0
        self._votes: dict[Server, _Vote] = {}
        self._reasons: dict[Server, str] = {}

    def failures(self) -> int:
        """How often a server failed while it was asked for this."""
        return self._failures

    def votes(self) -> int:
        """How many servers gave a verdict."""
        return len(self._votes)

    def wants(self, server: Server) -> bool:
        """Whether this server's verdict is of interest."""
        return self.verdict is None and server not in self._votes

    def in_failure(self) -> None:
        """A server failed while it was asked for this."""
        self._failures += 1

    def failed(self, server: Server, reason: str) -> None:
        """The server gave no verdict; the first reason is the one to tell."""
        if self.wants(server):
            self._reasons.setdefault(server, reason)

    def vote(self, server: Server, verdict: Valid | Invalid, *, final: bool) -> None:
        """The server gave its verdict."""
        self._votes[server] = _Vote(verdict, final)
        votes = self._votes.values()
        if len({_side(vote.verdict) for vote in votes}) > 1:
            said = ", ".join(
                f"{server.host}: {_side(vote.verdict)}"
                for server, vote in self._votes.items()
            )
            self.verdict = Unavailable(
                f"The servers of the chain eip155:{self.request.chain_id} disagree "
                f"about the signature of a smart wallet ({said})."
            )
        elif len(votes) == self._agree:
            self.verdict = verdict
            self.final = all(vote.final for vote in votes)

    def end(self) -> SmartWalletVerdict:
        """The verdict, when nobody is asked any more."""
        if self.verdict is not None:
            return self.verdict
        reasons = [
            f"{server.host} {reason}."
            for server, reason in self._reasons.items()
            if server not in self._votes
        ]
        if self._votes:
            hosts = ", ".join(server.host for server in self._votes)
            reasons.insert(0, f"Only {hosts} did; {self._agree} servers must agree.")
        return _unavailable(
            f"The chain eip155:{self.request.chain_id} gave no verdict.", reasons
        )


class _Progress(NamedTuple):
    """How far the asking got.

    answers: how many there are.
    done: whether no more are needed.
    """

    answers: int
    done: bool

    @classmethod
    def of(cls, cases: Sequence[_Case]) -> _Progress:
        return cls(
            sum(case.votes() for case in cases),
            all(case.verdict is not None for case in cases),
        )


class Chain:
    """The servers of one chain."""

    def __init__(self, chain_id: int, urls: Sequence[str], given: Given) -> None:
        if not urls:
            raise BadChains(f"There is no URL for eip155:{chain_id}.")
        if len(set(urls)) < given.agree:
            raise BadInput(
                f"{given.agree} servers must agree, and eip155:{chain_id} has fewer."
            )
        self._chain_id = chain_id
        self._limits = given.limits
        self._agree = given.agree
        self._servers = [
            Server(chain_id, url, given.limits, given.root_certificates)
            for url in dict.fromkeys(urls)
        ]
        self._lock = Lock()
        self._head: int | None = None
        self._head_until = 0.0

    def __repr__(self) -> str:
        hosts = ", ".join(server.host for server in self._servers)
        return f"eip155:{self._chain_id}: {hosts}"

    def close(self) -> None:
        """Let go of all connections."""
        for server in self._servers:
            server.close()

    def verify(
        self,
        requests: Sequence[SmartWalletRequest],
        end: float,
        cache: VerdictCache,
    ) -> dict[SmartWalletRequest, SmartWalletVerdict]:
        """The verdict on each request."""
        cases = [_Case(request, self._agree) for request in requests]

        def visit(server: Server) -> None:
            # Those that were asked when a server failed come last: maybe one of
            # them makes it fail, and the others shall not suffer from it.
            asked = sorted(
                (case for case in cases if case.wants(server)), key=_Case.failures
            )
            for start in range(0, len(asked), _AT_ONCE):
                _ask(server, asked[start : start + _AT_ONCE], end, cache)

        def failed(server: Server, reason: str) -> None:
            for case in cases:
                case.failed(server, reason)

        self._rounds(visit, failed, lambda: _Progress.of(cases), end)
        return {case.request: case.end() for case in cases}

    def head(self, end: float) -> int | Unavailable:
        """The number of the newest block."""
        with self._lock:
            if self._head is not None and time.monotonic() < self._head_until:
                return self._head
        found: list[int] = []
        reasons: dict[Server, str] = {}

        def visit(server: Server) -> None:
            found.append(server.head(end))

        def progress() -> _Progress:
            return _Progress(len(found), done=bool(found))

        self._rounds(visit, reasons.setdefault, progress, end)
        if not found:
            sentences = [f"{server.host} {why}." for server, why in reasons.items()]
            return _unavailable(
                f"The newest block of eip155:{self._chain_id} is not known.", sentences
            )
        with self._lock:
            self._head = found[0]
            self._head_until = time.monotonic() + self._limits.head_s
        return found[0]

    def _rounds(
        self,
        visit: Callable[[Server], None],
        failed: Callable[[Server, str], object],
        progress: Callable[[], _Progress],
        end: float,
    ) -> None:
        """Ask server after server, until it is done or nobody is left to ask.

        visit: asks one; raises `RpcFailed`.
        failed: is told why a server gave nothing.
        """
        # Those that failed lately come last.
        order = sorted(self._servers, key=Server.pause)
        waiting = deque((server, 1) for server in order)
        before = progress()
        while waiting and not before.done:
            server, attempt = waiting.popleft()
            left = end - time.monotonic()
            pause = server.pause()
            if left <= 0:
                failed(server, "was not asked, for there was no time left")
                continue
            if pause > min(left, self._limits.patience_s):
                failed(server, server.why())
                continue
            if pause:
                time.sleep(pause)
            error = None
            try:
                visit(server)
            except RpcFailed as caught:
                error = caught
                server.failed(error)
                failed(server, error.reason)
            after = progress()
            # Who gave a part may give more. Who gave nothing at all, without
            # failing, has nothing to give.
            if after.answers > before.answers:
                waiting.append((server, 1))
            elif error is not None and attempt < self._limits.attempts:
                waiting.append((server, attempt + 1))
            before = after


def _ask(
    server: Server, cases: Sequence[_Case], end: float, cache: VerdictCache
) -> None:
    """Ask a server for its verdict on each; raises `RpcFailed`."""
    groups = [calls_of(case.request) for case in cases]
    try:
        for place, answers, final in server.ask(groups, end):
            case = cases[place]
            request = case.request
            verdict = verdict_of(request, answers)
            if isinstance(verdict, Unavailable):
                failed = [one.detail for one in answers if isinstance(one, Failed)]
                reason = failed[0] if failed else verdict.detail.removesuffix(".")
                case.failed(server, reason if failed else f"says: {reason}")
                continue
            is_final = final is not None and request.block_number <= final
            case.vote(server, verdict, final=is_final)
            if case.final and isinstance(case.verdict, Valid | Invalid):
                cache.put(request, case.verdict)
    except RpcFailed as error:
        for place in error.places:
            cases[place].in_failure()
        raise


def _side(verdict: Valid | Invalid) -> str:
    if isinstance(verdict, Valid):
        return "valid"
    return "refused" if verdict.deviation else "invalid"


def _unavailable(what: str, reasons: Sequence[str]) -> Unavailable:
    return Unavailable(" ".join([what, *reasons]))
