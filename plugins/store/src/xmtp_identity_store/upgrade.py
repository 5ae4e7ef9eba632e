"""Bringing a store up to date: exactly the stale inboxes, piece by piece.

Each piece is written in one transaction, so whatever ends the process leaves
a store in which every inbox is either as it was or up to date. Upgrading
again goes on with the rest.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .workers import Renewals, workers

if TYPE_CHECKING:
    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context

    from .renewal import Renewal
    from .staleness import Stale
    from .store import Store

__all__ = ["Upgraded", "upgrade"]

_PIECE_ENTRIES: Final = 256
"""Entries that are replayed together, and whose snapshots are written together."""

_PIECES_AHEAD: Final = 3
"""Pieces under way for each process; bounds memory."""


@dataclass(slots=True)
class Upgraded:
    """What an upgrade did.

    replayed: inboxes whose whole log was replayed.
    resumed: inboxes of which only the new entries were replayed.
    damaged: of the replayed ones, those whose snapshot was damaged.
    waiting: of both, those that have to be tried again, for want of a chain.
    skipped: inboxes that another process had upgraded first.
    """

    replayed: int = 0
    resumed: int = 0
    damaged: int = 0
    waiting: int = 0
    skipped: int = 0

    @property
    def inboxes(self) -> int:
        """How many inboxes were stale when their turn came near."""
        return self.replayed + self.resumed + self.skipped


def upgrade(
    store: Store,
    registry: Registry,
    *,
    context: Context | None = None,
    processes: int = 1,
    check: bool = False,
    report: Callable[[Upgraded], None] = lambda _: None,
) -> Upgraded:
    """Upgrade the inboxes that are stale when their turn comes.

    context: what verifiers may ask; with several processes it must pickle.
    processes: how many replay; this one alone writes.
    check: read all snapshots, and replay the inboxes of damaged ones too.
    report: called with the counts so far, after each piece is written.

    Any number of upgrades may run on one store at once: the second one to
    write an inbox finds it written. Raises as `Store` does.
    """
    done = Upgraded()
    ahead = 1 if processes == 1 else processes * _PIECES_AHEAD
    with workers(registry, context, processes) as submit:
        under_way: deque[Renewals] = deque()
        for piece in _pieces(store.stale(registry, check=check)):
            under_way.append(submit(store.jobs(piece)))
            if len(under_way) >= ahead:
                _write(store, under_way.popleft()(), done)
                report(done)
        while under_way:
            _write(store, under_way.popleft()(), done)
            report(done)
    return done


def _pieces(stale: Iterable[Stale]) -> Iterator[list[Stale]]:
    piece: list[Stale] = []
    entries = 0
    for one in stale:
        piece.append(one)
        entries += max(1, one.entries)
        if entries >= _PIECE_ENTRIES:
            yield piece
            piece, entries = [], 0
    if piece:
        yield piece


def _write(store: Store, renewals: list[Renewal], done: Upgraded) -> None:
    saves = [one.save for one in renewals if one.save is not None]
    written = iter(store.save(saves))
    for renewal in renewals:
        if renewal.save is None or not next(written):
            done.skipped += 1
            continue
        if renewal.replayed:
            done.replayed += 1
        else:
            done.resumed += 1
        done.damaged += renewal.damaged
        done.waiting += not renewal.save.is_final
