"""Chains for tests: what a context says of smart wallets' signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xmtp_identity_ethereum.smart_wallet import (
    Invalid,
    SmartWalletRequest,
    SmartWalletVerdict,
    Unavailable,
    Valid,
)

from .signers import stub_signature


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
