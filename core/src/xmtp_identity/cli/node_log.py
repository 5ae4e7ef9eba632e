"""The log of one inbox on a node, as `xid inbox` grows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BadInput
from ..logfile import LogChanged
from ..outcome import OutcomeKind
from .local_log import Grown

if TYPE_CHECKING:
    from ..identifier import MemberIdentifier
    from ..kinds import Context
    from ..registry import Registry
    from ..remote import RemoteLog
    from ..replay import Log, ReplayResult

__all__ = ["NodeLog"]


class NodeLog:
    """One inbox of a node: what its log was when it was read, and how to append.

    entries: serialized updates in order; None for an entry without one.
    """

    __slots__ = ("_fetched", "_remote", "entries", "inbox_id")

    def __init__(
        self,
        remote: RemoteLog,
        inbox_id: str | None,
        *,
        by: MemberIdentifier,
        new: str | None,
    ) -> None:
        """Fetch the log.

        inbox_id: which inbox; None looks up that of ``by``.
        new: the ID of an inbox that is to be created, and may have no log.

        Raises `BadInput` if the node knows no such inbox, and what `RemoteLog`
        raises.
        """
        self._remote = remote
        if new is not None and inbox_id not in {None, new}:
            raise BadInput(
                f"Owner and nonce give the inbox {new}, not the one of --inbox.",
                code="inbox_id_mismatch",
            )
        self.inbox_id = new or inbox_id or _inbox_of(by, remote)
        [self._fetched] = remote.fetch([self.inbox_id])
        if new is None and not self._fetched.entries:
            raise BadInput(
                f"{remote.url} has no log of the inbox {self.inbox_id}.",
                code="no_such_inbox",
            )
        self.entries: Log = self._fetched.log

    def replay(self, _: Registry, __: Context) -> ReplayResult:
        """What the log comes to; the client has verified it with what it has."""
        return self._fetched.result

    def append(self, update: bytes, _: ReplayResult) -> Grown:
        """Publish an update and read the log back.

        Raises what `RemoteLog.publish` raises, and `LogChanged` if it is in the
        log without effect, because somebody else's update came first.
        """
        published = self._remote.publish(update)
        if published.outcome.outcome is not OutcomeKind.APPLIED:
            raise LogChanged(
                f"Somebody else's update came first, so this one is in the log as "
                f"entry {published.position} without effect "
                f"({published.outcome.detail})"
            )
        fetched = published.fetched
        return Grown(len(fetched.entries), fetched.result.state)


def _inbox_of(identifier: MemberIdentifier, remote: RemoteLog) -> str:
    [found] = remote.inbox_ids([identifier])
    if found is None:
        raise BadInput(
            f"{remote.url} knows no inbox of {identifier}: name one with --inbox.",
            code="no_such_inbox",
        )
    return found
