"""A mirror: another node's logs into this store, for as long as it runs.

It can be stopped at any moment, SIGKILL included: the cursor is kept after
what came before it, and what is taken twice is compared and left as it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from xmtp_identity.errors import IdentityError
from xmtp_identity.outcome import OutcomeKind
from xmtp_identity.remote.fetching import Trouble as Refused
from xmtp_identity.remote.log import RemoteLog

from .feeding import Feed
from .taking import Label, Taken, Taker, Trouble

if TYPE_CHECKING:
    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context
    from xmtp_identity.remote.fetching import Fetched
    from xmtp_identity_store.store import Store

__all__ = ["Mirror", "Patience", "Watcher"]

_PIECE: Final = 50
"""Inboxes that are asked for at once."""

_BAD_CURSOR: Final = "bad_cursor"


class Watcher(Protocol):
    """Who is told what a mirror does."""

    def taken(self, taken: Taken) -> None:
        """Something came."""

    def again(self, error: IdentityError, seconds: float) -> None:
        """Something went wrong, and is tried again after so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """When a mirror tries again, in seconds.

    first, longest: pauses after a failure, doubled each time.
    poll: between two looks at inboxes of a node without a stream.
    attempts: failures in a row after which it gives up; None never does.
    """

    first: float = 0.5
    longest: float = 60.0
    poll: float = 30.0
    attempts: int | None = None


class Mirror:
    """Follows one node. The node is trusted for nothing: all is verified, and
    what contradicts the stored logs is reported and not taken in.

    url: as `RemoteLog` takes it; the cursor is kept under it.
    sleep: waits, in seconds.
    """

    def __init__(  # noqa: PLR0913 - named arguments, most of them optional
        self,
        store: Store,
        registry: Registry,
        url: str,
        *,
        watcher: Watcher,
        context: Context | None = None,
        patience: Patience | None = None,
        root_certificates: bytes | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Raises `BadNodeUrl`, `RemoteMissing`."""
        self._store = store
        self._watcher = watcher
        self._patience = patience or Patience()
        self._sleep = sleep
        self._remote = RemoteLog(
            url,
            registry,
            store=store,
            context=context,
            root_certificates=root_certificates,
            sleep=sleep,
        )
        self._feed = Feed(url, root_certificates=root_certificates)
        self._taker = Taker(store, registry, context or {}, self._feed.url)
        self._note = f"mirror {self._feed.url}"

    def close(self) -> None:
        """Let go of the connections."""
        self._feed.close()
        self._remote.close()

    def follow(self, *, once: bool = False) -> None:
        """Take what came since the last time, and then what comes.

        once: return when there is nothing new.

        Raises `NoFeed`; what can't be helped by trying again; and after
        `Patience.attempts` failures in a row the last one.
        """
        failures = 0
        while True:
            try:
                for is_news in self._pieces():
                    failures = 0
                    if once and not is_news:
                        return
            except IdentityError as error:
                failures += 1
                self._pause(error, failures)
            else:
                # The node ended the stream, for it is being stopped perhaps.
                self._sleep(self._patience.first)

    def poll(self, inbox_ids: Iterable[str], *, once: bool = False) -> None:
        """Ask for the logs of inboxes, again and again: for nodes without a
        stream.

        inbox_ids: iterated over anew for each round. once: only one round.

        Raises as `follow`, and `BadInput` for what is no inbox ID.
        """
        failures = 0
        while True:
            try:
                self._fetch(inbox_ids, whole=False)
            except IdentityError as error:
                failures += 1
                self._pause(error, failures)
                continue
            failures = 0
            if once:
                return
            self._sleep(self._patience.poll)

    def check(self) -> None:
        """Compare every log in the store with the node's, from its first entry
        on; logs that were shortened or rewritten are troubles."""
        self._fetch(self._store.inboxes(), whole=True)

    def _pieces(self) -> Iterator[bool]:
        """Take piece after piece; whether each held something new."""
        cursor = self._store.note(self._note) or ""
        for piece in self._feed.since(cursor):
            if piece.entries:
                taken = self._taker.take(piece.entries)
                if taken.gaps:
                    self._fill(taken)
                self._watcher.taken(taken)
            if piece.cursor != cursor:
                cursor = piece.cursor
                self._store.set_note(self._note, cursor)
            yield bool(piece.entries)

    def _pause(self, error: IdentityError, failures: int) -> None:
        """Wait before the next attempt, or raise if that is of no use."""
        patience = self._patience
        lost = getattr(error, "node_code", None) == _BAD_CURSOR
        if not (error.retryable or lost) or failures == patience.attempts:
            raise error
        if lost:
            # The node has another feed than the one that was followed: what it
            # serves now is compared from the beginning.
            self._store.set_note(self._note, "")
        seconds = min(patience.first * 2 ** min(failures - 1, 16), patience.longest)
        self._watcher.again(error, seconds)
        self._sleep(seconds)

    def _fill(self, taken: Taken) -> None:
        """Fetch the whole logs of which earlier entries are missing."""
        gaps, taken.gaps = list(dict.fromkeys(taken.gaps)), []
        for one in self._remote.fetch_each(gaps, whole=True):
            self._note_fetched(one, taken)

    def _fetch(self, inbox_ids: Iterable[str], *, whole: bool) -> None:
        rest = iter(inbox_ids)
        while piece := list(islice(rest, _PIECE)):
            taken = Taken()
            for one in self._remote.fetch_each(piece, whole=whole):
                self._note_fetched(one, taken)
            if taken.entries or taken.troubles:
                self._watcher.taken(taken)

    def _note_fetched(self, one: Fetched | Refused, taken: Taken) -> None:
        if isinstance(one, Refused):
            taken.troubles.append(Trouble(one.inbox_id, one.error))
            return
        if one.new <= 0:
            return
        before = len(one.entries) - one.new
        taken.entries += one.new
        # What `RemoteLog` did not save, for want of a chain, is noted as well.
        self._taker.judge({one.inbox_id: before}, Taken())
        if one.result.cause is not None:
            taken.waiting.append(one.inbox_id)
        taken.labels += (
            Label(one.inbox_id, outcome.index, outcome.outcome.value, outcome.code)
            for outcome in one.result.outcomes
            if outcome.index >= before
            and outcome.outcome in {OutcomeKind.REJECTED, OutcomeKind.DISCARDED}
        )
