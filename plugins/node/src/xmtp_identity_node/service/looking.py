"""What is read of one inbox: members, history, address log. Runs in threads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from xmtp_identity import AssociationState, replay
from xmtp_identity.allotment import layer_name
from xmtp_identity.outcome import OutcomeKind
from xmtp_identity_store.errors import NoSuchInbox

from ..errors import StateUnavailable
from .answers import AddressLogRow, HistoryEntry, InboxState
from .asked import is_inbox_id

if TYPE_CHECKING:
    from xmtp_identity import Registry, ReplayResult, Snapshot
    from xmtp_identity.kinds import Context
    from xmtp_identity_store.store import Entry, Store

    from .states import States

__all__ = ["Looking"]

_ANY_SIZE: Final = 1 << 40
"""Logs are bounded where they come in."""


class Looking:
    """Answers about single inboxes, by what this node's kinds say of them."""

    def __init__(
        self, store: Store, registry: Registry, context: Context, states: States
    ) -> None:
        self._store = store
        self._registry = registry
        self._context = context
        self._states = states

    def members(self, inbox_id: str) -> InboxState:
        """The members of an inbox; raises `NoSuchInbox`."""
        _check(inbox_id)
        try:
            known = self._states.current(inbox_id)
        except StateUnavailable:
            entries = self._entries(inbox_id)
            result = self._replay(inbox_id, entries)
            return InboxState(
                inbox_id,
                result.state,
                len(entries),
                entries[-1].sequence_id or 0,
                result.authoritative,
                result.deviates,
                result.missing,
                result.stopped_at,
                "" if result.cause is None else result.cause.detail,
            )
        if known.snapshot is None:
            raise _no_such_inbox(inbox_id)
        return _state_of(known.snapshot, known.sequence_id)

    def history(
        self, inbox_id: str, first: int, most: int, most_bytes: int
    ) -> list[HistoryEntry]:
        """Entries of a log with their outcomes, from position ``first``; fewer
        than there are if they are more than ``most`` or ``most_bytes``.

        Raises `NoSuchInbox`.
        """
        _check(inbox_id)
        # The entries first: of those behind them nothing is said.
        entries = self._entries(inbox_id)
        try:
            self._states.current(inbox_id)
        except StateUnavailable:
            labels = {
                one.index: (str(one.outcome), one.code)
                for one in self._replay(inbox_id, entries).outcomes
            }
            otherwise = ""
        else:
            labels = dict(self._store.labels(inbox_id))
            otherwise = str(OutcomeKind.APPLIED)
        history: list[HistoryEntry] = []
        taken = 0
        for position, entry in enumerate(entries[first : first + most], first):
            taken += len(entry.update or b"")
            if history and taken > most_bytes:
                break
            outcome, code = labels.get(position, (otherwise, ""))
            history.append(HistoryEntry(position, entry, outcome, code))
        return history

    def associations(self, inbox_id: str) -> list[AddressLogRow]:
        """The address log of an inbox, as its stored snapshot left it; raises
        `NoSuchInbox`."""
        _check(inbox_id)
        rows = self._store.associations(inbox_id)
        if not rows and not self._store.heads([inbox_id]):
            raise _no_such_inbox(inbox_id)
        return [
            AddressLogRow(self._name(row.number), *row[1:4])
            for row in sorted(rows, key=lambda row: (row.number, row.identifier))
        ]

    def _name(self, number: int) -> str:
        kind = self._registry.by_member.get(number)
        return layer_name(number) if kind is None else kind.name

    def _entries(self, inbox_id: str) -> list[Entry]:
        """The whole log with the numbers that this node serves."""
        (entries,) = self._store.updates([(inbox_id, 0)], max_bytes=_ANY_SIZE)
        if not entries:
            raise _no_such_inbox(inbox_id)
        return entries

    def _replay(self, inbox_id: str, entries: Sequence[Entry]) -> ReplayResult:
        log = [entry.update for entry in entries]
        return replay(inbox_id, log, self._registry, context=self._context)


def _state_of(snapshot: Snapshot, sequence_id: int) -> InboxState:
    root = snapshot.root
    state = None
    if root.recovery is not None:
        state = AssociationState(
            snapshot.inbox_id,
            root.recovery,
            root.members,
            {
                number: layer.members
                for number, (layer, _) in sorted(snapshot.layers.items())
                if layer.members
            },
        )
    return InboxState(
        snapshot.inbox_id,
        state,
        snapshot.position,
        sequence_id,
        not snapshot.unknown_root,
        snapshot.deviates,
        tuple(layer_name(one) for one in sorted(snapshot.named - set(snapshot.layers))),
    )


def _check(inbox_id: str) -> None:
    if not is_inbox_id(inbox_id):
        raise _no_such_inbox(inbox_id)


def _no_such_inbox(inbox_id: str) -> NoSuchInbox:
    return NoSuchInbox(f"There is no inbox {inbox_id[:80]!r} here.")
