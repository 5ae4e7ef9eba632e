"""How much a node takes on at once: everything it keeps has a bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from xmtp_identity.errors import BadInput

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of a `Service`; sizes are bytes, times are seconds.

    read_only: whether updates are refused (a mirror).
    publish_seconds: how long a publish may take, waiting included.
    read_seconds: the same for everything else.
    publishes: updates that are waited for at once.
    publish_bytes: bytes of these updates together.
    publishes_an_inbox: of these updates, those of one inbox.
    verifiers: threads that admit updates.
    commit_batch: updates that are written in one transaction.
    readers: threads that read.
    reads: what is read, or waits for it, at once.
    batch: things asked for in one request.
    answer_bytes: bytes of log entries in one answer; XMTP's client takes answers
        of up to 25 MB.
    cache_entries: snapshots kept in memory.
    cache_bytes: bytes of these snapshots together.
    followers: streams of new entries at once.
    follow_batch: entries in one piece of a stream.
    follow_bytes: bytes of the entries in one piece of a stream.
    follow_poll_seconds: how often other nodes' entries are looked for.
    follow_alive_seconds: how often a stream without news says that it is alive.
    key_package_bytes: bytes of one key package.
    wallet_blocks: how many blocks old the block may be that an update pins for
        a smart wallet's signature.
    wallet_blocks_by_chain: the same for single chains, by EIP-155 chain id:
        1=7200,8453=43200.

    Raises `BadInput` for a bound that is not positive.
    """

    read_only: bool = False
    publish_seconds: float = 10.0
    read_seconds: float = 10.0
    publishes: int = 1024
    publish_bytes: int = 32 * 1024 * 1024
    publishes_an_inbox: int = 128
    verifiers: int = 4
    commit_batch: int = 64
    readers: int = 8
    reads: int = 1024
    batch: int = 1000
    answer_bytes: int = 20 * 1024 * 1024
    cache_entries: int = 20_000
    cache_bytes: int = 128 * 1024 * 1024
    followers: int = 256
    follow_batch: int = 500
    follow_bytes: int = 2 * 1024 * 1024
    follow_poll_seconds: float = 1.0
    follow_alive_seconds: float = 15.0
    key_package_bytes: int = 64 * 1024
    wallet_blocks: int = 7200
    wallet_blocks_by_chain: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            values = value.values() if isinstance(value, Mapping) else (value,)
            if one.name != "read_only" and not all(number > 0 for number in values):
                raise BadInput(f"The limit {one.name} is not a positive number.")
