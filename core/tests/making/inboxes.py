"""An inbox that grows by the builder, and the requests that it makes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from xmtp_identity import (
    AssociationState,
    MemberIdentifier,
    ReplayResult,
    Snapshot,
    replay,
)
from xmtp_identity.builder import (
    CreateInbox,
    PlannedAction,
    SignatureRequest,
    choose_timestamp_ns,
)
from xmtp_identity.kinds import Context, Signer
from xmtp_identity.protocol.root_rules import inbox_id_of

from .keys import REGISTRY, ROOT, Key

NOW: Final = 1_700_000_000 * 10**9
OWNER: Final = Key("owner")
CHAIN: Final[Context] = {"ethereum": "here"}


def inbox_id_for(owner: MemberIdentifier, nonce: int = 0) -> str:
    return inbox_id_of(owner, nonce, ROOT)


class Inbox:
    """The inbox of ``OWNER``; keys that it knows sign when they have to."""

    def __init__(self, *known: Signer) -> None:
        self.inbox_id = inbox_id_for(OWNER.identifier)
        self.known = {signer.identifier: signer for signer in (OWNER, *known)}
        self.log: list[bytes | None] = []
        self.snapshot: Snapshot | None = None

    def create(self) -> Inbox:
        self.append(CreateInbox(OWNER.identifier))
        return self

    def request(self, *actions: PlannedAction, **options: Any) -> SignatureRequest:
        """A request where the log stands now."""
        options.setdefault("client_timestamp_ns", choose_timestamp_ns(self.log, NOW))
        options.setdefault("snapshot", self.snapshot)
        options.setdefault("context", CHAIN)
        return SignatureRequest(self.inbox_id, actions, REGISTRY, **options)

    def signed(self, *actions: PlannedAction, **options: Any) -> SignatureRequest:
        request = self.request(*actions, **options)
        for identifier in request.signers:
            request.sign(self.known[identifier])
        return request

    def append(self, *actions: PlannedAction) -> ReplayResult:
        update, result = self.signed(*actions).finish_with_state()
        self.log.append(update)
        self.snapshot = result.snapshot
        return result

    def push(self, update: bytes) -> None:
        """Append what replay, not admission, makes something of."""
        self.log.append(update)
        self.snapshot = self.replay().snapshot

    def replay(self, extra: bytes | None = None) -> ReplayResult:
        log = self.log if extra is None else [*self.log, extra]
        return replay(self.inbox_id, log, REGISTRY, context=CHAIN)

    def full_of(self, *, roots: int = 0, leaves: int = 0) -> Snapshot:
        """As if the log held so many entries of each sort more."""
        assert self.snapshot is not None
        return replace(
            self.snapshot,
            position=self.snapshot.position + roots + leaves,
            leaf_entries=self.snapshot.leaf_entries + leaves,
        )


def values(state: AssociationState | None) -> set[str]:
    assert state is not None
    return {member.identifier.value for member in state.members}
