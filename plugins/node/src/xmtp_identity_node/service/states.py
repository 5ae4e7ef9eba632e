"""Where inboxes stand: from memory, from the store, or replayed anew.

Nothing here waits for an event loop; all of it runs in threads.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from xmtp_identity.outcome import OutcomeKind
from xmtp_identity.replay import replay
from xmtp_identity.stored import UnusableSnapshot, load, peek
from xmtp_identity_store.renewal import renew
from xmtp_identity_store.store import Job

from ..errors import StateUnavailable
from .cache import NEW, Cache, Known

if TYPE_CHECKING:
    from collections.abc import Callable

    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context
    from xmtp_identity_store.committing import Head
    from xmtp_identity_store.store import Store

__all__ = ["States"]

_ATTEMPTS: Final = 5
"""How often an inbox is replayed that others write to meanwhile."""

_WAIT_S: Final = 5.0
"""Seconds until an inbox that waits for a chain is replayed again; a replay
costs more than a refusal."""

_WAITING: Final = 4096
"""Inboxes of which that is remembered."""


class States:
    """Loads and renews snapshots; safe between threads."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        context: Context,
        cache: Cache,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._registry = registry
        self._context = context
        self._cache = cache
        self._monotonic = monotonic
        self._waiting: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def current(self, inbox_id: str) -> Known:
        """Where an inbox stands in the store now.

        Brings its snapshot up to date first if that has not seen the whole
        log or was made by other plugins. Raises `StateUnavailable` if this
        hangs on what can't be asked now, and what the store raises.
        """
        for _ in range(_ATTEMPTS):
            head = self._store.heads([inbox_id]).get(inbox_id)
            if head is None:
                self._cache.drop(inbox_id)
                return NEW
            known = self._at(inbox_id, head)
            if known is not None:
                return known
            self._renew(inbox_id, head)
        raise StateUnavailable(
            "Others are writing to the inbox faster than its state can be made."
        )

    def _at(self, inbox_id: str, head: Head) -> Known | None:
        """The stored snapshot, if it can be gone on from."""
        saved = head.saved
        if saved is None:
            return None
        known = self._cache.get(inbox_id)
        if known is not None and known[:2] == (head.entries, saved.version):
            return known
        try:
            if peek(saved.data).position != head.entries:
                return None
            snapshot = load(saved.data, self._registry, inbox_id)
        except UnusableSnapshot:
            return None
        known = Known(
            head.entries,
            saved.version,
            snapshot,
            len(saved.data),
            head.sequence_id,
        )
        self._cache.put(inbox_id, known)
        return known

    def _renew(self, inbox_id: str, head: Head) -> None:
        """Replay what the snapshot lacks, and store the new one."""
        self._refuse_if_waiting(inbox_id)
        job = Job(inbox_id, self._store.log(inbox_id), head.saved)
        (renewal,) = renew([job], self._registry, self._context)
        if renewal.save is None:
            return
        self._store.save([renewal.save])
        if not renewal.save.is_final:
            detail = self._cause(job)
            self._waiting[inbox_id] = (self._monotonic() + _WAIT_S, detail)
            while len(self._waiting) > _WAITING:
                self._waiting.popitem(last=False)
            self._refuse_if_waiting(inbox_id)

    def _cause(self, job: Job) -> str:
        """What a replay can't be finished for, in a sentence."""
        result = replay(job.inbox_id, job.log, self._registry, context=self._context)
        if result.cause is not None:
            return result.cause.detail
        for outcome in result.outcomes:
            if outcome.outcome is OutcomeKind.UNAVAILABLE:
                return outcome.detail
        return "it is being replayed."

    def _refuse_if_waiting(self, inbox_id: str) -> None:
        until, detail = self._waiting.get(inbox_id, (0.0, ""))
        if self._monotonic() < until:
            raise StateUnavailable(f"The state of the inbox is not known: {detail}")
        self._waiting.pop(inbox_id, None)
