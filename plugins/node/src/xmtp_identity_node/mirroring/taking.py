"""Entries of another node into the store, compared, verified and labelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from xmtp_identity.errors import IdentityError
from xmtp_identity.outcome import OutcomeKind
from xmtp_identity.remote.errors import LogRewritten, NodeAnswer, NodeError
from xmtp_identity_store.errors import LogConflict
from xmtp_identity_store.logs import Entry
from xmtp_identity_store.renewal import renew
from xmtp_identity_store.store import Job

if TYPE_CHECKING:
    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context
    from xmtp_identity_store.store import Store

__all__ = ["MAX_ENTRIES", "Came", "Label", "Taken", "Taker", "Trouble"]

MAX_ENTRIES: Final = 4096
"""Entries of one log; a node admits 256, others may have admitted more."""

_MAX_LOG_BYTES: Final = 64 * 1024 * 1024
"""Bytes of one log's updates; 256 of the largest that a node admits have half."""

_USUAL_ENTRIES: Final = 256
"""Logs of no more entries are not measured."""

_JUDGED_AT_ONCE: Final = 100
"""Inboxes that are replayed together."""

_BYTES_AT_ONCE: Final = 16 * 1024 * 1024
"""Bytes of logs beyond which no other is read beside them."""


class Came(NamedTuple):
    """An entry as the other node serves it; position: in its inbox's log."""

    inbox_id: str
    position: int
    entry: Entry


class Trouble(NamedTuple):
    """Why nothing was taken of what came for an inbox."""

    inbox_id: str
    error: IdentityError


class Label(NamedTuple):
    """A new entry that is stored and served, and not applied here."""

    inbox_id: str
    position: int
    outcome: str
    code: str


@dataclass(slots=True)
class Taken:
    """What came of some entries.

    entries: how many were stored.
    labels: those of them that are not applied.
    waiting: inboxes whose state hangs on a chain that could not be asked.
    troubles: what was not taken.
    gaps: inboxes of which entries before those that came are missing here.
    """

    entries: int = 0
    labels: list[Label] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)

    def add(self, other: Taken) -> None:
        """Count another one in."""
        self.entries += other.entries
        self.labels += other.labels
        self.waiting += other.waiting
        self.troubles += other.troubles
        self.gaps += other.gaps


class Taker:
    """Stores what another node serves, if it does not contradict what is here.

    Nothing is dropped: what this node's kinds refuse is labelled, and served
    in its place. url: of the other node, for errors.
    """

    def __init__(
        self, store: Store, registry: Registry, context: Context, url: str
    ) -> None:
        self._store = store
        self._registry = registry
        self._context = context
        self._url = url

    def take(self, came: Sequence[Came]) -> Taken:
        """Store entries in the order in which they came, and judge them.

        What is stored already is compared. Raises what the store raises; then
        take the same again.
        """
        by_inbox: dict[str, list[Came]] = {}
        for one in came:
            by_inbox.setdefault(one.inbox_id, []).append(one)
        heads = self._store.heads(list(by_inbox))
        taken = Taken()
        grown: dict[str, int] = {}
        for inbox_id, entries in by_inbox.items():
            length = heads[inbox_id].entries if inbox_id in heads else 0
            try:
                new = self._new(inbox_id, length, entries, taken)
                if new:
                    self._store.append(inbox_id, new, expected=length)
            except NodeError as error:
                taken.troubles.append(Trouble(inbox_id, error))
            except LogConflict:
                # Another mirror of the same node was faster: compare anew.
                taken.gaps.append(inbox_id)
            else:
                taken.entries += len(new)
                if length or new:
                    grown[inbox_id] = length
        self.judge(grown, taken)
        return taken

    def judge(self, grown: dict[str, int], taken: Taken) -> None:
        """Replay what is new of some inboxes and note what is not applied.

        grown: how many entries each had before.
        """
        for jobs in self._pieces(grown):
            renewals = renew(jobs, self._registry, self._context)
            saves = [one.save for one in renewals if one.save is not None]
            if saves:
                self._store.save(saves)
            for save in saves:
                if not save.is_final:
                    taken.waiting.append(save.inbox_id)
                taken.labels += (
                    Label(save.inbox_id, position, outcome, code)
                    for position, (outcome, code) in sorted(save.labels.items())
                    if position >= grown[save.inbox_id]
                    and outcome != OutcomeKind.UNAVAILABLE
                )

    def _pieces(self, inbox_ids: Iterable[str]) -> Iterator[list[Job]]:
        piece: list[Job] = []
        size = 0
        for inbox_id in inbox_ids:
            log = self._store.log(inbox_id)
            piece.append(Job(inbox_id, log, self._store.snapshot(inbox_id)))
            size += sum(len(update or b"") for update in log)
            if len(piece) >= _JUDGED_AT_ONCE or size >= _BYTES_AT_ONCE:
                yield piece
                piece, size = [], 0
        if piece:
            yield piece

    def _new(
        self, inbox_id: str, length: int, came: Iterable[Came], taken: Taken
    ) -> list[Entry]:
        """What of it is not stored yet; raises if it contradicts what is."""
        stored: list[Entry] | None = None
        new: list[Entry] = []
        for one in came:
            if one.position > length + len(new):
                taken.gaps.append(inbox_id)
                break
            if one.position == length + len(new):
                new.append(one.entry)
                continue
            if stored is None:
                stored = self._store.entries(inbox_id) if length else []
            before = [*stored[:length], *new][one.position]
            if before.update != one.entry.update:
                raise LogRewritten(
                    f"{self._url} serves another log of {inbox_id}: entry "
                    f"{one.position} differs from what was seen before."
                )
        if new and length + len(new) > _USUAL_ENTRIES:
            self._measure(inbox_id, length, new)
        return new

    def _measure(self, inbox_id: str, length: int, new: list[Entry]) -> None:
        whole = [*(self._store.entries(inbox_id) if length else []), *new]
        size = sum(len(entry.update or b"") for entry in whole)
        if len(whole) > MAX_ENTRIES or size > _MAX_LOG_BYTES:
            raise NodeAnswer(
                f"{self._url} serves a log of {inbox_id} with {len(whole)} entries of "
                f"{size:,} bytes; {MAX_ENTRIES} of {_MAX_LOG_BYTES:,} are taken."
            )
