"""How much the access to chains takes, gives and waits."""

from __future__ import annotations

from dataclasses import dataclass

from xmtp_identity.errors import BadInput

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of the access to chains.

    trip_s: seconds that one round trip may take.
    attempts: how often one server may fail before a question to it is given up.
    first_pause_s, longest_pause_s: for how long a server that failed is left
        alone, in seconds; doubled each time, shortened at random by up to half.
    patience_s: for how much of such a pause a question waits; if more is left,
        the server is passed over.
    batch: calls in one round trip.
    request_bytes: of one round trip, unless a single call has more.
    answer_bytes: of the answer to it.
    finality: how many blocks behind the newest one counts as final on chains
        whose servers don't know ``finalized``.
    head_s: for how many seconds the number of the newest block is given again;
        short, for a wallet that was deployed since is no wallet at that block.
    """

    trip_s: float = 10.0
    attempts: int = 3
    first_pause_s: float = 0.25
    longest_pause_s: float = 30.0
    patience_s: float = 3.0
    batch: int = 100
    request_bytes: int = 1_000_000
    answer_bytes: int = 16 * 1024 * 1024
    finality: int = 10_000
    head_s: float = 1.0

    def __post_init__(self) -> None:
        """Raises `BadInput` for bounds with which nothing could be asked."""
        least = (self.attempts, self.batch, self.request_bytes, self.answer_bytes)
        pauses = (self.first_pause_s, self.longest_pause_s, self.patience_s)
        rest = (*pauses, self.finality, self.head_s)
        if min(least) < 1 or self.trip_s <= 0 or min(rest) < 0:
            raise BadInput("A bound of the chain access leaves no room for a question.")
