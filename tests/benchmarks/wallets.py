"""Smart wallets: a thousand signatures replayed with a real chain at hand.

The chain runs on this machine, so a round trip takes next to no time: over a
network each one costs its delay on top of what is measured here.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from unittest.mock import patch

from plugins.ethereum.tests.evm_wallets.anvil import CHAIN_ID, Anvil
from plugins.ethereum.tests.evm_wallets.wallets import ChainWallet, Wallets, key

from xmtp_identity import Registry, replay_many
from xmtp_identity_ethereum.chain.access import ChainAccess
from xmtp_identity_ethereum.chain.limits import Limits
from xmtp_identity_ethereum.chain.transport import HttpClient, Reply

from ..support.signers import Installation
from ..support.updates import Add, Inbox
from .rows import Row

__all__ = ["wallet_rows"]

SIGNATURES: Final = 1000
INBOXES: Final = 8

Pairs = list[tuple[str, list[bytes]]]


def inboxes_of(wallets: list[ChainWallet]) -> Pairs:
    """Each wallet creates an inbox and adds apps; every update has one signature
    of it."""
    pairs: Pairs = []
    for wallet in wallets:
        inbox = Inbox(wallet)
        while len(inbox.log) < SIGNATURES // INBOXES:
            app = Installation(f"app {len(inbox.log)} of {wallet.value}")
            inbox.append(Add(app, by=wallet))
        log = [update for update in inbox.log if update is not None]
        pairs.append((inbox.inbox_id, log))
    return pairs


@contextmanager
def counted() -> Iterator[list[int]]:
    """The bytes of each round trip within."""
    trips: list[int] = []
    post = HttpClient.post

    def counting(self: HttpClient, body: bytes, end: float, most: int) -> Reply:
        trips.append(len(body))
        return post(self, body, end, most)

    with patch.object(HttpClient, "post", counting):
        yield trips


def timed(pairs: Pairs, registry: Registry, access: ChainAccess) -> float:
    """Seconds that a replay of all of them takes."""
    start = time.perf_counter()
    results = list(replay_many(pairs, registry, context={"ethereum": access}))
    seconds = time.perf_counter() - start
    for result in results:
        assert result.authoritative
        assert all(one.outcome == "applied" for one in result.outcomes)
    return seconds


def wallet_rows(registry: Registry, rounds: int) -> list[Row]:
    """In batches, one by one, and from memory."""
    if shutil.which("node") is None:
        return [Row("smart wallets: not measured", 0, "", "Node.js is not here")]
    with Anvil() as chain:
        made = Wallets(chain)
        pairs = inboxes_of(
            [made.minimal(key(f"benchmark {number}")) for number in range(INBOXES)]
        )
        urls = {CHAIN_ID: [chain.url]}
        best = {"in batches": float("inf"), "one by one": float("inf")}
        trips = dict.fromkeys(best, 0)
        for _ in range(rounds):
            for name, size in (("in batches", 100), ("one by one", 1)):
                limits = Limits(batch=size)
                with (
                    ChainAccess(urls, cache=0, limits=limits) as access,
                    counted() as n,
                ):
                    best[name] = min(best[name], timed(pairs, registry, access))
                trips[name] = len(n)
        chain.ask("anvil_mine", hex(100))  # anvil: 64 blocks later a block is final
        with ChainAccess(urls) as access:
            timed(pairs, registry, access)
            remembered = min(timed(pairs, registry, access) for _ in range(rounds))
    rows = []
    for name, seconds in best.items():
        rows += [
            Row(f"1,000 smart wallets' signatures, {name}", seconds * 1e3, "ms"),
            Row(f"round trips, {name}", trips[name], "trips"),
        ]
    return [
        *rows,
        Row("one by one to in batches", best["one by one"] / best["in batches"], "x"),
        Row("the same from memory", remembered * 1e3, "ms"),
    ]
