"""The states of inboxes that were used last, in bounded memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from xmtp_identity import Snapshot

__all__ = ["NEW", "Cache", "Known"]

_EMPTY_BYTES: Final = 4096
_BYTES_FOR_EACH_STORED: Final = 4
"""Measured: a snapshot takes 4 KiB and 3.3 times its stored form."""


class Known(NamedTuple):
    """Where an inbox stands.

    entries: how many its log has.
    version: of its stored snapshot, None if there is none.
    snapshot: after all entries, of kinds that fit; None for a new inbox.
    stored_bytes: size of its stored form.
    sequence_id: of the last entry.
    """

    entries: int
    version: int | None
    snapshot: Snapshot | None
    stored_bytes: int = 0
    sequence_id: int = 0

    @property
    def _bytes(self) -> int:
        return _EMPTY_BYTES + _BYTES_FOR_EACH_STORED * self.stored_bytes


NEW: Final = Known(0, None, None)
"""An inbox without a log."""


class Cache:
    """The least recently used go first; safe between threads."""

    __slots__ = ("_bytes", "_known", "_lock", "_most_bytes", "_most_entries")

    def __init__(self, most_entries: int, most_bytes: int) -> None:
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._bytes = 0
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    @property
    def bytes(self) -> int:
        """What the states take in memory, about."""
        return self._bytes

    def get(self, inbox_id: str) -> Known | None:
        """What is known of an inbox; another node may have written since."""
        with self._lock:
            known = self._known.get(inbox_id)
            if known is not None:
                self._known.move_to_end(inbox_id)
            return known

    def put(self, inbox_id: str, known: Known) -> None:
        """Keep what is known, unless something newer is kept already."""
        with self._lock:
            former = self._known.get(inbox_id)
            if former is not None:
                if (former.version or 0) > (known.version or 0):
                    return
                self._bytes -= former._bytes  # noqa: SLF001 - of this module
            self._known[inbox_id] = known
            self._known.move_to_end(inbox_id)
            self._bytes += known._bytes  # noqa: SLF001
            while self._known and (
                len(self._known) > self._most_entries or self._bytes > self._most_bytes
            ):
                _, oldest = self._known.popitem(last=False)
                self._bytes -= oldest._bytes  # noqa: SLF001

    def drop(self, inbox_id: str) -> None:
        """Forget an inbox."""
        with self._lock:
            former = self._known.pop(inbox_id, None)
            if former is not None:
                self._bytes -= former._bytes  # noqa: SLF001
