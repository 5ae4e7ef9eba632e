"""Logs as a node serves them, and what a client knows of one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .errors import LogRewritten, LogShortened

if TYPE_CHECKING:
    from ..replay import Log

__all__ = ["Known", "LogEntry", "check_growth", "check_known"]


class LogEntry(NamedTuple):
    """One entry of a log.

    update: a serialized `IdentityUpdate`, or None for an entry without one.
    sequence_id, server_timestamp_ns: as the node gave them, unsigned 64-bit;
        None where they are not known.
    """

    update: bytes | None
    sequence_id: int | None = None
    server_timestamp_ns: int | None = None


class Known(NamedTuple):
    """What to remember of a log, so that no node can take it back.

    position: how many entries it had.
    digest: SHA-256 of those entries, each behind its length.
    """

    position: int
    digest: bytes

    @classmethod
    def of(cls, log: Log) -> Known:
        """What is known after a whole log was seen."""
        digest = hashlib.sha256()
        for update in log:
            # One more than the length: 0 is an entry without an update.
            length = 0 if update is None else len(update) + 1
            digest.update(length.to_bytes(8, "big"))
            digest.update(update or b"")
        return cls(len(log), digest.digest())


def check_known(known: Known, log: Log, inbox_id: str, url: str) -> None:
    """Raises `LogShortened` or `LogRewritten` unless the log is the known one,
    grown or not."""
    if len(log) < known.position:
        raise _shortened(inbox_id, url, len(log), known.position)
    if Known.of(log[: known.position]) != known:
        raise LogRewritten(
            f"{url} serves another log of {inbox_id}: among its first "
            f"{known.position} entries one differs from what was seen before."
        )


def check_growth(
    before: Sequence[LogEntry], now: Sequence[LogEntry], inbox_id: str, url: str
) -> None:
    """The same, where all entries that were seen are at hand.

    Sequence numbers may differ, for another node has its own.
    """
    for index, (old, new) in enumerate(zip(before, now, strict=False)):
        if old.update != new.update:
            raise LogRewritten(
                f"{url} serves another log of {inbox_id}: entry {index} differs from "
                "what was seen before."
            )
    if len(now) < len(before):
        raise _shortened(inbox_id, url, len(now), len(before))


def _shortened(inbox_id: str, url: str, now: int, before: int) -> LogShortened:
    return LogShortened(
        f"{url} serves {now} entries of {inbox_id}, {before} were seen before."
    )
