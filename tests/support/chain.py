"""Chains for tests: what a context says of smart wallets' signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xmtp_identity_ethereum.chain import context
from xmtp_identity_ethereum.smart_wallet import (
    Invalid,
    SmartWalletRequest,
    SmartWalletVerdict,
    Unavailable,
    Valid,
)

from .signers import stub_signature

if TYPE_CHECKING:
    import pytest


@dataclass
class StubChain:
    """The chain of the vectors: a signature is valid exactly if it is "SCW-OK"
    and SHA-256 of the account ID and the hash.

    away: chain ids that can't be asked.
    """

    away: frozenset[int] = frozenset()
    asked: list[SmartWalletRequest] = field(default_factory=list)

    def verify(
        self, requests: Sequence[SmartWalletRequest]
    ) -> Sequence[SmartWalletVerdict]:
        self.asked += requests
        return [self._judge(request) for request in requests]

    def _judge(self, request: SmartWalletRequest) -> SmartWalletVerdict:
        if request.chain_id in self.away:
            return Unavailable(f"The chain eip155:{request.chain_id} is away.")
        if request.signature == stub_signature(request.account_id, request.hash):
            return Valid()
        return Invalid("Not what the stub takes.")


@dataclass
class ReachableChain(StubChain):
    """The same as every server of every chain that a command names.

    newest: the block that was the newest; each question finds one more.
    closed: how often its connections were closed.
    """

    newest: int = 100
    closed: int = 0

    def head(self, chain_id: int) -> int | Unavailable:
        if chain_id in self.away:
            return Unavailable(f"The chain eip155:{chain_id} is away.")
        self.newest += 1
        return self.newest

    def close(self) -> None:
        self.closed += 1

    def stand_for_servers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let whatever URL is named lead here."""

        def ways(urls: context.Urls) -> list[context.Way]:
            named = {chain_id for chain_id, _ in urls if chain_id is not None}
            return [context.Way(frozenset(named), self)]

        monkeypatch.setattr(context, "ways", ways)


class TakesAll:
    """A wallet without replay-safe hashing at its worst: any bytes are valid."""

    def verify(
        self, requests: Sequence[SmartWalletRequest]
    ) -> Sequence[SmartWalletVerdict]:
        return [Valid() for _ in requests]


class RefusesAll:
    """A verifier that will not believe the address: one of the refusals."""

    def verify(
        self, requests: Sequence[SmartWalletRequest]
    ) -> Sequence[SmartWalletVerdict]:
        return [Invalid("No code at the address.", deviation=True) for _ in requests]
