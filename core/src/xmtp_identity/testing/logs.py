"""The log of one inbox, made with signers whose keys the kit holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from ..builder import PlannedAction, SignatureRequest
from ..protocol.root_rules import inbox_id_of
from ..protocol.text import signature_text
from ..replay import ReplayResult, replay
from ..wire.encode import encode_update
from ..wire.records import RawAction, RawUpdate

if TYPE_CHECKING:
    from ..kinds import Context, Signer
    from ..registry import Registry

__all__ = ["InboxLog"]

_NS_PER_SECOND: Final = 1_000_000_000
_START: Final = 1_760_000_000


class InboxLog:
    """A log that grows by a second an update.

    updates: serialized, in order.
    """

    def __init__(self, owner: Signer, registry: Registry, context: Context) -> None:
        kind = registry.kind(owner.identifier.kind)
        self.inbox_id = inbox_id_of(owner.identifier, 0, kind)
        self.updates: list[bytes] = []
        self._registry = registry
        self._context = context

    def append(self, signers: Sequence[Signer], *actions: PlannedAction) -> None:
        """Append an update in the usual way; raises if it would not be admitted."""
        snapshot = self.replayed().snapshot if self.updates else None
        request = SignatureRequest(
            self.inbox_id,
            actions,
            self._registry,
            client_timestamp_ns=self._time_ns(),
            snapshot=snapshot,
            context=self._context,
        )
        for signer in signers:
            request.sign(signer)
        self.updates.append(request.finish())

    def forced(
        self, line: str, make: Callable[[str], RawAction], *, leaf: bool
    ) -> bytes:
        """A signed update that no builder would make; it is not appended.

        line: the action's lines in the text.
        make: signs the text, and puts the action together.
        leaf: whether it goes into `leaf_actions`.
        """
        time_ns = self._time_ns()
        text = signature_text(self.inbox_id, time_ns, [line])
        raw = RawUpdate(self.inbox_id, time_ns, [make(text)], leaf, None)
        return encode_update(raw)

    def replayed(self, registry: Registry | None = None, *more: bytes) -> ReplayResult:
        """What a client makes of the log, with more updates behind it.

        registry: of the client; None takes that with which the log was made.
        """
        return replay(
            self.inbox_id,
            [*self.updates, *more],
            registry or self._registry,
            context=self._context,
        )

    def _time_ns(self) -> int:
        return (_START + len(self.updates)) * _NS_PER_SECOND
