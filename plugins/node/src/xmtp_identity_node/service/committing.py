"""The commit thread: what waits is written together, in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from xmtp_identity_store.committing import Clash, Committed, Moved, Owned

from ..errors import Closing

if TYPE_CHECKING:
    from xmtp_identity_store.committing import Append
    from xmtp_identity_store.store import Store

__all__ = ["CommitResult", "Commits"]

CommitResult: TypeAlias = Committed | Moved | Owned | Clash

_Waiting: TypeAlias = tuple["Append", "Future[CommitResult]"]


class Commits:
    """Writes admitted updates, in the order in which they come.

    batch: how many are written in one transaction.
    now_ns: the server's clock.
    written: called after a transaction that wrote something, in the thread.

    Who adds to it must bound how many wait.
    """

    def __init__(
        self,
        store: Store,
        batch: int,
        now_ns: Callable[[], int],
        written: Callable[[], None],
    ) -> None:
        self._store = store
        self._batch = batch
        self._now_ns = now_ns
        self._written = written
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="commit", daemon=True)
        self._thread.start()

    def add(self, append: Append) -> Future[CommitResult]:
        """Have an update written; the future raises what the store raises."""
        future: Future[CommitResult] = Future()
        with self._lock:
            if self._closed:
                raise Closing("The node is being stopped.")
            self._queue.put((append, future))
        return future

    def close(self, seconds: float) -> None:
        """Write what waits, then stop; wait for that no longer than so."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join(seconds)

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            waiting, last = self._gather(first)
            self._write(waiting)
            if last:
                return

    def _gather(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """What waits now, and whether nothing more will come."""
        waiting = [first]
        while len(waiting) < self._batch:
            try:
                one = self._queue.get_nowait()
            except Empty:
                break
            if one is None:
                return waiting, True
            waiting.append(one)
        return waiting, False

    def _write(self, waiting: list[_Waiting]) -> None:
        try:
            results = self._store.commit(
                [append for append, _ in waiting], now_ns=self._now_ns()
            )
        except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it is
            if len(waiting) > 1 and not getattr(error, "retryable", False):
                # One of them is to blame; the others must not suffer for it.
                for one in waiting:
                    self._write([one])
                return
            for _, future in waiting:
                future.set_exception(error)
            return
        for (_, future), result in zip(waiting, results, strict=True):
            future.set_result(result)
        if any(isinstance(result, Committed) for result in results):
            self._written()
