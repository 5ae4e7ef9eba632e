"""A node of XMTP asked instead of a chain: `VerifySmartContractWalletSignatures`.

What is trusted: the node, and whatever chain access it has. Nodes of this
project judge by the rules of this project. Other nodes run a validator that
calls more signatures valid, so that whoever believed them would see other
members than everybody else. Each batch therefore holds one question about the
zero address, for which no signature is valid; a node that takes it is not
believed in anything else either, unless the caller wants it so.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from google.protobuf.message import DecodeError

from xmtp_identity.remote.errors import NodeAnswer, NodeError
from xmtp_identity.remote.settings import Settings, read_url
from xmtp_identity.remote.status import printable
from xmtp_identity.v1.api_pb2 import (
    VerifySmartContractWalletSignaturesRequest as Request,
)
from xmtp_identity.v1.api_pb2 import (
    VerifySmartContractWalletSignaturesResponse as Response,
)

from ..smart_wallet import (
    Invalid,
    SmartWalletRequest,
    SmartWalletVerdict,
    Unavailable,
    Valid,
)
from .rules import static_verdict

if TYPE_CHECKING:
    from xmtp_identity.remote.channel import Channel

__all__ = ["NodeVerifier"]

_METHOD: Final = "VerifySmartContractWalletSignatures"
_SCHEMES: Final = {"grpc": "http", "grpcs": "https"}
_BATCH: Final = 40
_BATCH_BYTES: Final = 1_000_000
_ANSWER_BYTES: Final = 1 << 20
_ALONE: Final = 2
"""How many single requests a node may fail at before all others are given up."""

_UNAVAILABLE: Final = "chain_unavailable"
"""What nodes of this project call it."""

_ATTEMPTS: Final = 2
_SENTENCE: Final = 200
_ZERO: Final = "0x" + "00" * 20
_NOBODY: Final = "0x" + "00" * 18 + "dead"
_NO_HASH: Final = bytes(32)
# Of a length and form at which other validators don't fail, and of nobody.
_NO_SIGNATURE: Final = bytes(64) + b"\x1b"


class NodeVerifier:
    """The chains that a node can ask: a `SmartWalletVerifier` and `ChainHeads`.

    A node does not say which of its refusals are deviations, so none of them
    is marked as one. Threads may share one. If it is sent to another process,
    there is one of its own there. Use it as a context manager or call `close`.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 60.0,
        believe_any: bool = False,
        root_certificates: bytes | None = None,
    ) -> None:
        """Connects when it is first asked.

        url: ``grpc://HOST:PORT`` is HTTP/2 without TLS, ``grpcs://HOST:PORT``
            with it; ``http`` and ``https`` mean the same.
        timeout: seconds that one call of `verify` or `head` may take in all.
        believe_any: whether to believe nodes that take any signature for the
            zero address, as the reference validator does.
        root_certificates: whom to trust for TLS, in PEM; None takes what gRPC
            trusts.

        Raises `BadNodeUrl`.
        """
        scheme, mark, rest = url.partition("://")
        address = read_url(f"{_SCHEMES.get(scheme, scheme)}{mark}{rest}")
        self._given = _Given(address.url, timeout, believe_any, root_certificates)
        self._lock = Lock()
        self._channel: Channel | None = None
        self._process = 0

    def verify(
        self, requests: Sequence[SmartWalletRequest]
    ) -> list[SmartWalletVerdict]:
        """Judge each request, in order."""
        # A question that began may take the other half.
        end = time.monotonic() + self._given.timeout / 2
        known: dict[SmartWalletRequest, SmartWalletVerdict] = {}
        open_: dict[int, list[SmartWalletRequest]] = {}
        for request in dict.fromkeys(requests):
            verdict = static_verdict(request)
            if verdict is None:
                open_.setdefault(request.chain_id, []).append(request)
            else:
                known[request] = verdict
        # A node gives no verdicts at all if it lacks one of them.
        for some in open_.values():
            known |= self._judge_chain(some, end)
        return [known[request] for request in requests]

    def head(self, chain_id: int) -> int | Unavailable:
        """The number of the block at which the node judges if none is named."""
        asked = Request.Signature(
            account_id=f"eip155:{chain_id}:{_NOBODY}",
            signature=_NO_SIGNATURE,
            hash=_NO_HASH,
        )
        try:
            (answer,) = self._ask([asked])
        except NodeError as error:
            return Unavailable(
                f"The newest block of eip155:{chain_id} is not known. {error.detail}"
            )
        if not answer.block_number:
            return Unavailable(
                f"The newest block of eip155:{chain_id} is not known: "
                f"{self._given.url} did not say it."
            )
        return answer.block_number

    def close(self) -> None:
        """Let go of the connection; asked again, it connects again."""
        with self._lock:
            channel, self._channel = self._channel, None
        if channel is not None and self._process == os.getpid():
            channel.close()

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
        return f"NodeVerifier({self._given.url!r})"

    def __reduce__(self) -> tuple[object, tuple[_Given]]:
        return (_again, (self._given,))

    def _judge_chain(
        self, requests: Sequence[SmartWalletRequest], end: float
    ) -> dict[SmartWalletRequest, SmartWalletVerdict]:
        known: dict[SmartWalletRequest, SmartWalletVerdict] = {}
        most, place, alone = _BATCH, 0, 0
        while place < len(requests):
            batch = requests[place : place + _fitting(requests[place:], most)]
            try:
                if time.monotonic() >= end:
                    raise NodeError(f"{self._given.url} had no time left for it.")
                known |= self._judge(batch)
                most = min(2 * most, _BATCH)
            except NodeError as error:
                of_one = error.node_code == _UNAVAILABLE or (
                    isinstance(error, NodeAnswer) and error.too_large
                )
                if of_one and len(batch) > 1:
                    most = len(batch) // 2
                    continue
                if not of_one or alone == _ALONE:
                    # The rest would fail for the same reason, only later.
                    return known | _unavailable(requests[place:], error)
                alone += 1
                known |= _unavailable(batch, error)
            place += len(batch)
        return known

    def _judge(
        self, requests: Sequence[SmartWalletRequest]
    ) -> dict[SmartWalletRequest, SmartWalletVerdict]:
        """One batch; raises `NodeError`."""
        asked = [
            Request.Signature(
                account_id=f"eip155:{one.chain_id}:{one.address}",
                block_number=one.block_number,
                signature=one.signature,
                hash=one.hash,
            )
            for one in requests
        ]
        if self._given.believe_any:
            return dict(zip(requests, self._verdicts(requests, asked), strict=True))
        first = requests[0]
        trap = Request.Signature(
            account_id=f"eip155:{first.chain_id}:{_ZERO}",
            block_number=first.block_number,
            signature=_NO_SIGNATURE,
            hash=_NO_HASH,
        )
        answers = self._ask([trap, *asked])
        if answers[0].is_valid:
            raise NodeError(
                f"{self._given.url} takes any signature for the zero address, so it is "
                "not believed about others; ask a JSON-RPC server of the chain."
            )
        return {
            request: self._verdict(request, answer)
            for request, answer in zip(requests, answers[1:], strict=True)
        }

    def _verdicts(
        self,
        requests: Sequence[SmartWalletRequest],
        asked: Sequence[Request.Signature],
    ) -> Iterator[SmartWalletVerdict]:
        for request, answer in zip(requests, self._ask(asked), strict=True):
            yield self._verdict(request, answer)

    def _verdict(
        self, request: SmartWalletRequest, answer: Response.Response
    ) -> SmartWalletVerdict:
        # Without a block the chain was not asked, whatever is_valid says.
        if answer.block_number != request.block_number:
            return _none(
                request,
                f"{self._given.url} did not judge at block {request.block_number}"
                f"{_said(answer)}",
            )
        if answer.is_valid:
            return Valid()
        return Invalid(f"The node refuses the smart wallet's signature{_said(answer)}.")

    def _ask(self, asked: Sequence[Request.Signature]) -> list[Response.Response]:
        """An answer for each question; raises `NodeError`."""
        body = Request(signatures=asked).SerializeToString()
        answer = self._open().ask(_METHOD, body)
        try:
            answers = list(Response.FromString(answer).responses)
        except DecodeError:
            raise NodeAnswer(
                f"{self._given.url} gave an answer that is none."
            ) from None
        if len(answers) != len(asked):
            raise NodeAnswer(
                f"{self._given.url} gave {len(answers)} answers to {len(asked)} "
                "questions."
            )
        return answers

    def _open(self) -> Channel:
        """Raises `RemoteMissing`."""
        from xmtp_identity.remote.channel import Channel

        with self._lock:
            # A process that was forked must not talk on its parent's connection.
            if self._channel is None or self._process != os.getpid():
                self._channel = Channel(
                    self._given.url,
                    Settings(
                        timeout_s=self._given.timeout / 2,
                        attempts=_ATTEMPTS,
                        max_answer_bytes=_ANSWER_BYTES,
                    ),
                    root_certificates=self._given.root_certificates,
                    sleep=time.sleep,
                )
                self._process = os.getpid()
            return self._channel


class _Given(NamedTuple):
    """What a verifier is made from."""

    url: str
    timeout: float
    believe_any: bool
    root_certificates: bytes | None


@lru_cache(maxsize=8)
def _again(given: _Given) -> NodeVerifier:
    """The one of this process for all that are sent here and are alike."""
    return NodeVerifier(
        given.url,
        timeout=given.timeout,
        believe_any=given.believe_any,
        root_certificates=given.root_certificates,
    )


def _fitting(requests: Sequence[SmartWalletRequest], most: int) -> int:
    """How many of the first requests go into one batch; one at least."""
    room = _BATCH_BYTES
    for count, request in enumerate(requests[:most]):
        room -= len(request.signature) + 200
        if room < 0:
            return max(1, count)
    return min(most, len(requests))


def _said(answer: Response.Response) -> str:
    """What the node adds, for people: a stranger's words."""
    text = answer.error.strip()[:_SENTENCE].rstrip(".")
    return f' (it says: "{printable(text)}")' if text else ""


def _unavailable(
    requests: Sequence[SmartWalletRequest], error: NodeError
) -> dict[SmartWalletRequest, SmartWalletVerdict]:
    return {request: _none(request, error.detail) for request in requests}


def _none(request: SmartWalletRequest, why: str) -> Unavailable:
    why = why.rstrip(".")
    return Unavailable(f"The chain eip155:{request.chain_id} gave no verdict. {why}.")
