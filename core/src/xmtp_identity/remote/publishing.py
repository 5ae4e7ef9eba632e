"""Publishing: once, and never on a guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..admission import admit
from ..errors import IdentityError, NotAdmitted, Undecodable
from ..replay import replay
from ..wire.decode import decode_update
from .answers import publish_request
from .errors import (
    NodeBusy,
    NodeError,
    NodeUnavailable,
    PublishNotSeen,
    PublishUncertain,
)
from .fetching import Fetched, Trouble
from .status import is_definite

if TYPE_CHECKING:
    from ..admission import Policies
    from ..kinds import Context
    from ..outcome import Outcome
    from ..registry import Registry
    from ..wire.records import RawUpdate
    from .channel import Channel
    from .fetching import Fetcher
    from .settings import Settings

__all__ = ["Published", "Publisher"]

_METHOD: Final = "PublishIdentityUpdate"


@dataclass(frozen=True, slots=True)
class Published:
    """An update that is in the log.

    position: which entry it is, counted from 0.
    sequence_id: the node's number for it.
    outcome: what replay makes of it; others may have come before it.
    fetched: the log as it was read back.
    """

    inbox_id: str
    position: int
    sequence_id: int | None
    outcome: Outcome
    fetched: Fetched


class Publisher:
    """Appends updates to logs on one node."""

    __slots__ = ("_channel", "_context", "_fetcher", "_registry", "_settings")

    def __init__(
        self,
        channel: Channel,
        registry: Registry,
        fetcher: Fetcher,
        settings: Settings,
        context: Context | None,
    ) -> None:
        self._channel = channel
        self._registry = registry
        self._fetcher = fetcher
        self._settings = settings
        self._context = context

    def publish(self, update: bytes, policies: Policies | None) -> Published:
        """See `RemoteLog.publish`."""
        try:
            inbox_id = decode_update(update).inbox_id
        except Undecodable as error:
            raise NotAdmitted(error.detail, code=error.code) from None
        before = self._fetch(inbox_id)
        there = self._found(update, before)
        if there is not None:
            return there
        if before.result.cause is not None:
            raise before.result.cause
        admit(
            update,
            inbox_id,
            before.result.snapshot if before.entries else None,
            self._registry,
            context=self._context,
            policies=policies,
        )
        for attempt in range(1, self._settings.attempts + 1):
            try:
                self._channel.send(_METHOD, publish_request(update))
            except NodeError as error:
                there = self._resolved(update, before, error)
                if there is not None:
                    return there
                if not error.retryable or attempt == self._settings.attempts:
                    raise
                self._channel.pause(attempt)
            else:
                return self._read_back(update, before)
        raise AssertionError  # the last attempt returned or raised

    def _resolved(
        self, update: bytes, before: Fetched, error: NodeError
    ) -> Published | None:
        """What a failure left behind: the entry, or None if there surely is none.

        Raises `PublishUncertain` where that can't be said.
        """
        sure = is_definite(error)
        looks = 1 if sure else self._settings.attempts
        for look in range(1, looks + 1):
            try:
                there = self._found(update, self._fetch(before.inbox_id, before))
            except (NodeUnavailable, NodeBusy):
                there = None
            if there is not None:
                return there
            if look < looks:
                self._channel.pause(look)
        if sure:
            return None
        raise PublishUncertain(
            f"Whether the update is in the log of {before.inbox_id} is not known; it "
            f"is not seen there yet. {error.detail}",
            status=error.status,
            node_code=error.node_code,
        ) from error

    def _read_back(self, update: bytes, before: Fetched) -> Published:
        attempts = self._settings.attempts
        for look in range(1, attempts + 1):
            try:
                there = self._found(update, self._fetch(before.inbox_id, before))
            except (NodeUnavailable, NodeBusy) as error:
                raise PublishUncertain(
                    f"The node took the update for {before.inbox_id}, but the log "
                    f"could not be read back. {error.detail}",
                    status=error.status,
                    node_code=error.node_code,
                ) from error
            if there is not None:
                return there
            if look < attempts:
                self._channel.pause(look)
        raise PublishNotSeen(
            f"{self._channel.url} took the update, but its log of "
            f"{before.inbox_id} does not show it."
        )

    def _fetch(self, inbox_id: str, before: Fetched | None = None) -> Fetched:
        """The log, and nothing of it taken back."""
        known = {} if before is None else {inbox_id: before.known}
        [found] = self._fetcher.each([inbox_id], known, whole=True)
        if isinstance(found, Trouble):
            raise found.error
        return found

    def _found(self, update: bytes, fetched: Fetched) -> Published | None:
        """The entry that is the update, if it is there."""
        for position, entry in enumerate(fetched.entries):
            if entry.update is not None and _is_same(entry.update, update):
                return Published(
                    fetched.inbox_id,
                    position,
                    entry.sequence_id,
                    self._outcome(fetched, position),
                    fetched,
                )
        return None

    def _outcome(self, fetched: Fetched, position: int) -> Outcome:
        for outcome in fetched.result.outcomes:
            if outcome.index == position:
                return outcome
        # It was verified on an earlier visit.
        again = replay(
            fetched.inbox_id,
            fetched.log[: position + 1],
            self._registry,
            context=self._context,
        )
        return again.outcomes[-1]


def _is_same(one: bytes, other: bytes) -> bool:
    """Whether two updates say the same with the same signatures: nodes that
    parse and write an update may order its fields anew."""
    if one == other:
        return True
    try:
        return _said(one) == _said(other)
    except IdentityError:
        return False


def _said(update: bytes) -> RawUpdate:
    # The unions are only listed where an update is not written canonically.
    return decode_update(update)._replace(unions=None)
