"""The log of one inbox in a local file, as `xid inbox` grows it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import BadInput
from ..logfile import append_entry, named, parse_logs, read_bytes

if TYPE_CHECKING:
    from ..kinds import Context
    from ..protocol.state import AssociationState
    from ..registry import Registry
    from ..replay import Log, ReplayResult

__all__ = ["Grown", "LocalLog"]


class Grown(NamedTuple):
    """A log after an update: how many entries it has, and its state."""

    entries: int
    state: AssociationState | None


class LocalLog:
    """One inbox of a file: what it held when it was read, and how to append.

    entries: serialized updates in order; None for an entry without one.
    """

    __slots__ = ("_path", "entries", "inbox_id")

    def __init__(self, path: str, inbox_id: str | None, *, new: str | None) -> None:
        """Read a file.

        inbox_id: which inbox; None if the file holds but one.
        new: the ID of an inbox that is to be created; then the file may be
            missing or empty, and the inbox may have no log.

        Raises `BadInput` if the file holds no log of the inbox, or is none
        that can grow.
        """
        self._path = path
        logs = _read(path, may_be_missing=new is not None)
        if new is not None and inbox_id not in {None, new}:
            raise BadInput(
                f"Owner and nonce give the inbox {new}, not the one of --inbox.",
                code="inbox_id_mismatch",
            )
        self.inbox_id = new or inbox_id or _only(logs, path)
        if new is None and self.inbox_id not in logs:
            raise BadInput(
                f"{path} holds no log of the inbox {inbox_id}.", code="no_such_inbox"
            )
        self.entries: Log = logs.get(self.inbox_id, [])

    def replay(self, registry: Registry, context: Context) -> ReplayResult:
        """What the log comes to."""
        from ..replay import replay

        return replay(self.inbox_id, self.entries, registry, context=context)

    def append(self, update: bytes, result: ReplayResult) -> Grown:
        """Append an entry that makes the log come to ``result``.

        Raises `LogChanged` if somebody else appended one meanwhile.
        """
        append_entry(
            self._path,
            self.inbox_id,
            update,
            sequence_id=len(self.entries) + 1,
            server_timestamp_ns=time.time_ns(),
            expected=len(self.entries),
        )
        return Grown(len(self.entries) + 1, result.state)


def _read(name: str, *, may_be_missing: bool) -> dict[str, Log]:
    path = Path(name)
    if may_be_missing and not path.exists():
        if not path.parent.is_dir():
            raise BadInput(
                f"{path}: there is no folder {path.parent}.", code="unusable_file"
            )
        return {}
    data = read_bytes(name)
    if may_be_missing and not data:
        return {}
    with named(name):
        if data.startswith(b"{"):
            raise BadInput(
                "a log in JSON can be read, but nothing can be appended to it.",
                code="unknown_format",
            )
        return {log.inbox_id: log.log for log in parse_logs(data)}


def _only(logs: dict[str, Log], path: str) -> str:
    if len(logs) != 1:
        raise BadInput(
            f"{path} holds {len(logs)} inboxes: name one with --inbox.",
            code="several_inboxes",
        )
    return next(iter(logs))
