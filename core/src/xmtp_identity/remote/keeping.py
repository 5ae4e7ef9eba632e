"""The local store: what was seen stays seen, and is not verified again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..errors import IdentityError
from ..outcome import OutcomeKind
from ..stored import SnapshotTooLarge, UnusableSnapshot, dump, load
from .known import LogEntry, check_growth

if TYPE_CHECKING:
    from ..registry import Registry
    from ..result import ReplayResult
    from ..snapshot import Snapshot

__all__ = ["Keep", "LogStore"]

_NO_SUCH_INBOX: Final = "no_such_inbox"
_CONFLICT: Final = "log_conflict"
_TRIES: Final = 4


class LogStore(Protocol):
    """What a store must offer; `xmtp_identity_store.Store` does.

    Entries have the fields of `LogEntry`.
    """

    def entries(self, inbox_id: str, /) -> Sequence[Any]:
        """The whole log of an inbox; an `IdentityError` with the code
        ``no_such_inbox`` if there is none."""

    def append(
        self, inbox_id: str, new: Sequence[Any], /, *, expected: int | None = None
    ) -> int:
        """Append entries; an `IdentityError` with the code ``log_conflict`` if the
        log has not ``expected`` entries. Returns how many it has then."""

    def snapshot(self, inbox_id: str, /) -> Any:
        """The stored snapshot, an object with ``data`` (see `xmtp_identity.stored`)
        and ``version``; or None."""

    def save(self, saves: Sequence[Any], /) -> Sequence[bool]:
        """Write snapshots; says which were not overtaken by somebody else's."""


@dataclass(frozen=True, slots=True)
class _Save:
    """What a replay came to, with the fields of the store's own `Save`."""

    inbox_id: str
    version: int | None
    data: bytes | None
    associations: Mapping[tuple[int, str], tuple[int | None, int | None]]
    labels: Mapping[int, tuple[str, str]]
    whole: bool
    kinds: frozenset[int]
    waits: str | None = None
    layers_wait: Mapping[int, str] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """Whether nothing has to be tried again."""
        return self.waits is None and not self.layers_wait


class Keep:
    """A store that may be missing: then nothing is known and nothing is kept."""

    __slots__ = ("_registry", "_store")

    def __init__(self, store: LogStore | None, registry: Registry) -> None:
        self._store = store
        self._registry = registry

    def entries(self, inbox_id: str) -> list[LogEntry]:
        """What is stored of a log."""
        if self._store is None:
            return []
        try:
            stored = self._store.entries(inbox_id)
        except IdentityError as error:
            if error.code == _NO_SUCH_INBOX:
                return []
            raise
        return [
            LogEntry(one.update, one.sequence_id, one.server_timestamp_ns)
            for one in stored
        ]

    def append(
        self, inbox_id: str, log: Sequence[LogEntry], stored: int, url: str
    ) -> None:
        """Store what a log has beyond its ``stored`` entries.

        Others may visit the same log at the same time: what they stored is
        compared like everything that was seen.
        """
        if self._store is None:
            return
        for left in reversed(range(_TRIES)):
            if stored >= len(log):
                return
            try:
                self._store.append(inbox_id, log[stored:], expected=stored)
            except IdentityError as error:
                if error.code != _CONFLICT or not left:
                    raise
                seen = self.entries(inbox_id)
                check_growth(seen[: len(log)], log, inbox_id, url)
                stored = len(seen)
            else:
                return

    def snapshot(
        self, inbox_id: str, entries: int
    ) -> tuple[Snapshot | None, int | None]:
        """The stored snapshot, if this registry can go on from it in a log of
        ``entries``; and the version that a new one would replace."""
        if self._store is None:
            return None, None
        stored = self._store.snapshot(inbox_id)
        if stored is None:
            return None, None
        try:
            snapshot = load(stored.data, self._registry, inbox_id)
        except UnusableSnapshot:
            return None, stored.version
        if snapshot.position > entries:
            return None, stored.version
        return snapshot, stored.version

    def save(self, result: ReplayResult, version: int | None, *, whole: bool) -> None:
        """Store a snapshot, if the replay could judge everything: one that had to
        wait for a chain is no reason to forget what was known."""
        snapshot = result.snapshot
        if self._store is None or snapshot is None or not snapshot.position:
            return
        if result.stopped_at is not None or not snapshot.fits(self._registry):
            return
        try:
            data = dump(snapshot, self._registry)
        except SnapshotTooLarge:
            return
        numbers = {kind.name: kind.number for kind in self._registry.kinds}
        save = _Save(
            result.inbox_id,
            version,
            data,
            {
                (numbers[one.kind], one.value): (known.associated, known.revoked)
                for one, known in result.associations.items()
            },
            {
                one.index: (one.outcome.value, one.code)
                for one in result.outcomes
                if one.outcome is not OutcomeKind.APPLIED
            },
            whole,
            frozenset(self._registry.by_member),
        )
        # One that was overtaken is no loss: the other one saw as much.
        self._store.save([save])
