"""An inbox as our own library sees it on a node, and updates of its own for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from xmtp_identity import AssociationState, MemberIdentifier, Registry, replay
from xmtp_identity.admission import DEFENCE_BUDGET, ROOT_BUDGET
from xmtp_identity.builder import (
    AddMember,
    PlannedAction,
    RevokeMember,
    SignatureRequest,
    choose_timestamp_ns,
)
from xmtp_identity.kinds import Signer, WireSignature
from xmtp_identity.replay import ReplayResult
from xmtp_identity.v1 import api_pb2, log_pb2

from ..support.signers import Passkey, Wallet

if TYPE_CHECKING:
    import grpc

__all__ = ["Inbox", "as_signer", "in_order", "new_key", "shown"]

_IDENTITY: Final = "/xmtp.identity.api.v1.IdentityApi/"
_DEADLINE: Final = 30.0


class Inbox:
    """One inbox on a node: its log, what we make of it, and leaf members.

    The log is fetched anew each time: nothing is known but what the node says.
    """

    def __init__(self, node: grpc.Channel, inbox_id: str, registry: Registry) -> None:
        self.inbox_id = inbox_id
        self._registry = registry
        self._get: Callable[..., Any] = node.unary_unary(
            f"{_IDENTITY}GetIdentityUpdates",
            request_serializer=api_pb2.GetIdentityUpdatesRequest.SerializeToString,
            response_deserializer=log_pb2.GetIdentityUpdatesResponse.FromString,
        )
        self._find: Callable[..., Any] = node.unary_unary(
            f"{_IDENTITY}GetInboxIds",
            request_serializer=api_pb2.GetInboxIdsRequest.SerializeToString,
            response_deserializer=api_pb2.GetInboxIdsResponse.FromString,
        )
        self._publish: Callable[..., Any] = node.unary_unary(
            f"{_IDENTITY}PublishIdentityUpdate",
            request_serializer=api_pb2.PublishIdentityUpdateRequest.SerializeToString,
        )

    def log(self) -> list[bytes]:
        """Its updates, oldest first; their numbers rise, or this fails."""
        asked = api_pb2.GetIdentityUpdatesRequest.Request(inbox_id=self.inbox_id)
        answer = self._get(
            api_pb2.GetIdentityUpdatesRequest(requests=[asked]), timeout=_DEADLINE
        )
        (response,) = answer.responses
        assert response.inbox_id == self.inbox_id
        numbers = [one.sequence_id for one in response.updates]
        assert numbers == sorted(set(numbers)), numbers
        assert numbers[:1] != [0]
        return [one.update for one in response.updates]

    def replayed(self, registry: Registry | None = None) -> ReplayResult:
        """What we make of the log; every entry of it must be applied."""
        result = replay(self.inbox_id, self.log(), registry or self._registry)
        if registry is None:
            assert {one.outcome for one in result.outcomes} <= {"applied"}, result
        return result

    def named_by(self, leaf: MemberIdentifier) -> str | None:
        """Which inbox the node names for an identifier of a leaf kind."""
        number = self._registry.kind(leaf.kind).number
        asked = api_pb2.GetInboxIdsRequest.Request(
            identifier=leaf.value, identifier_kind=number
        )
        answer = self._find(
            api_pb2.GetInboxIdsRequest(requests=[asked]), timeout=_DEADLINE
        )
        (response,) = answer.responses
        return response.inbox_id if response.HasField("inbox_id") else None

    def state(self) -> AssociationState:
        state = self.replayed().state
        assert state is not None
        return state

    def link(self, leaf: Signer, by: Signer) -> None:
        """Add a leaf member; ``by``, of the root, lets it in."""
        self._write([AddMember(leaf.identifier, by.identifier)], leaf, by)

    def unlink(self, leaf: MemberIdentifier, recovery: Signer) -> None:
        self._write([RevokeMember(leaf, recovery.identifier)], recovery)

    def fill(self, by: Signer) -> None:
        """Add wallets until what is left of the log is kept for defence."""
        snapshot = self.replayed().snapshot
        assert snapshot is not None
        while snapshot.position - snapshot.leaf_entries < ROOT_BUDGET - DEFENCE_BUDGET:
            wallet = as_signer(Wallet(f"{snapshot.position} of {self.inbox_id}"))
            request = SignatureRequest(
                self.inbox_id,
                [AddMember(wallet.identifier, by.identifier)],
                self._registry,
                client_timestamp_ns=time.time_ns(),
                snapshot=snapshot,
            )
            request.sign(wallet)
            request.sign(by)
            update, after = request.finish_with_state()
            self._send(update)
            snapshot = after.snapshot
            assert snapshot is not None

    def _write(self, actions: Sequence[PlannedAction], *signers: Signer) -> None:
        log = self.log()
        before = replay(self.inbox_id, log, self._registry)
        request = SignatureRequest(
            self.inbox_id,
            actions,
            self._registry,
            client_timestamp_ns=choose_timestamp_ns(log, time.time_ns()),
            snapshot=before.snapshot,
        )
        for signer in signers:
            request.sign(signer)
        update = request.finish()
        self._send(update)
        assert self.log() == [*log, update]

    def _send(self, update: bytes) -> None:
        self._publish(
            api_pb2.PublishIdentityUpdateRequest(identity_update=update),
            timeout=_DEADLINE,
        )


class _Signing:
    """A key of `tests.support.signers`, as the builder takes it."""

    def __init__(self, account: Wallet | Passkey) -> None:
        self._account = account

    @property
    def identifier(self) -> MemberIdentifier:
        return self._account.identifier

    def sign(self, text: str) -> WireSignature:
        if isinstance(self._account, Wallet):
            raw = self._account.raw(text.encode())
            return WireSignature(1, b"\x0a\x41" + raw)  # field 1, 65 bytes
        client_data = self._account.client_data_json(text.encode())
        return WireSignature(5, self._account.assertion(client_data))


def as_signer(account: Wallet | Passkey) -> Signer:
    return _Signing(account)


def new_key(kind: str, registry: Registry) -> Signer:
    """A fresh key of an installed kind."""
    signing = registry.kind(kind).signing
    assert signing is not None
    tools = signing()
    return tools.load_key(tools.new_key(), str)


def shown(state: AssociationState) -> dict[str, Any]:
    """The root of a state of ours as the client shows a state, sorted."""
    root = sorted(state.root, key=lambda one: (one.kind, one.value))
    return {
        "inboxId": state.inbox_id,
        "recoveryIdentifier": _identifier(state.recovery),
        "identifiers": [_identifier(one) for one in root if one.kind != "installation"],
        "installations": [
            {
                "bytes": one.value,
                "clientTimestampNs": str(state.root[one].client_timestamp_ns),
                "id": one.value,
            }
            for one in root
            if one.kind == "installation"
        ],
    }


def in_order(state: dict[str, Any]) -> dict[str, Any]:
    """A state as a client showed it, sorted as `shown` sorts."""
    return state | {
        "identifiers": sorted(
            state["identifiers"],
            key=lambda one: (one["identifierKind"], one["identifier"]),
        ),
        "installations": sorted(state["installations"], key=lambda one: str(one["id"])),
    }


def _identifier(identifier: MemberIdentifier) -> dict[str, Any]:
    kind = ("ethereum", "passkey").index(identifier.kind)
    return {"identifier": identifier.value, "identifierKind": kind}
