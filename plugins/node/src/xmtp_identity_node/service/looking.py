"""What is read of one inbox: members, history, address log. Runs in threads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from xmtp_identity import AssociationState, replay
from xmtp_identity.allotment import layer_name
from xmtp_identity.outcome import OutcomeKind
from xmtp_identity_store.errors import AnswerTooLarge, NoSuchInbox

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

_AT_ONCE: Final = 100
"""Key packages that are read before their size is looked at."""


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
        self,
        inbox_id: str,
        first: int,
        most: int,
        page_bytes: int,
        most_bytes: int | None = None,
    ) -> list[HistoryEntry]:
        """Entries of a log with their outcomes, from position ``first``; fewer
        than there are if they are more than ``most`` or ``page_bytes``.

        most_bytes: if it is less than ``page_bytes`` and the log has more, it is
            refused, before it is read.

        Raises `NoSuchInbox`, `AnswerTooLarge`.
        """
        _check(inbox_id)
        # The entries first: of those behind them nothing is said.
        is_any_size = most_bytes is None or most_bytes >= page_bytes
        is_any_size = most_bytes is None or most_bytes >= page_bytes
        entries = self._entries(inbox_id, None if is_any_size else most_bytes)
        page = _page(entries[first : first + most], page_bytes)
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
        return [
            HistoryEntry(position, entry, *labels.get(position, (otherwise, "")))
            for position, entry in enumerate(page, first)
        ]

    def key_packages(
        self, installations: Sequence[bytes], most_bytes: int
    ) -> list[bytes | None]:
        """The newest key package of each installation, or None; raises
        `AnswerTooLarge`."""
        known: dict[bytes, bytes | None] = {}
        distinct = list(dict.fromkeys(installations))
        for start in range(0, len(distinct), _AT_ONCE):
            some = distinct[start : start + _AT_ONCE]
            known.update(zip(some, self._store.key_packages(some), strict=True))
            _check_size(known.values(), most_bytes)
        packages = [known[installation] for installation in installations]
        _check_size(packages, most_bytes)
        return packages

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

    def _entries(self, inbox_id: str, most_bytes: int | None = None) -> list[Entry]:
        """The whole log with the numbers that this node serves."""
        most = _ANY_SIZE if most_bytes is None else most_bytes
        (entries,) = self._store.updates([(inbox_id, 0)], max_bytes=most)
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


def _page(entries: Sequence[Entry], page_bytes: int) -> Sequence[Entry]:
    """As many of them as have so many bytes, and one in any case."""
    taken = 0
    for count, entry in enumerate(entries):
        taken += len(entry.update or b"")
        if count and taken > page_bytes:
            return entries[:count]
    return entries


def _check_size(parts: Iterable[bytes | None], most_bytes: int) -> None:
    if sum(len(part or b"") for part in parts) > most_bytes:
        raise AnswerTooLarge(f"The answer has more than {most_bytes} bytes.")


def _check(inbox_id: str) -> None:
    if not is_inbox_id(inbox_id):
        raise _no_such_inbox(inbox_id)


def _no_such_inbox(inbox_id: str) -> NoSuchInbox:
    return NoSuchInbox(f"There is no inbox {inbox_id[:80]!r} here.")
