"""What an update is to do: planned actions, before anybody signed.

A plan says who has to sign each action and becomes the wire's raw update once
the signatures, or stand-ins for them, are given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .allotment import FIRST_LEAF
from .errors import BadInput, IdentityError, InvalidIdentifier, NotAdmitted
from .protocol.root_rules import inbox_id_of
from .wire.records import (
    RawAction,
    RawAdd,
    RawChange,
    RawCreate,
    RawRevoke,
    RawUpdate,
    Variant,
)

if TYPE_CHECKING:
    from .identifier import MemberIdentifier
    from .kinds import Kind, WireSignature
    from .registry import Registry

__all__ = [
    "AddMember",
    "ChangeRecoveryIdentifier",
    "CreateInbox",
    "Plan",
    "PlannedAction",
    "RevokeMember",
]

_INBOX_ID: Final = re.compile(r"[0-9a-f]{64}")
_U64: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class CreateInbox:
    """Create the inbox of ``owner`` and ``nonce``; the owner signs.

    nonce: which of the owner's inboxes, unsigned 64-bit.
    """

    owner: MemberIdentifier
    nonce: int = 0

    @property
    def subject(self) -> MemberIdentifier:
        """Whom the action is about."""
        return self.owner

    @property
    def signers(self) -> tuple[MemberIdentifier, ...]:
        """Who signs, in the order of the action's signature fields."""
        return (self.owner,)


@dataclass(frozen=True, slots=True)
class AddMember:
    """Add ``member``; it and ``by``, a member or the recovery identifier, sign."""

    member: MemberIdentifier
    by: MemberIdentifier

    @property
    def subject(self) -> MemberIdentifier:
        """Whom the action is about."""
        return self.member

    @property
    def signers(self) -> tuple[MemberIdentifier, ...]:
        """Who signs, in the order of the action's signature fields."""
        return (self.by, self.member)


@dataclass(frozen=True, slots=True)
class RevokeMember:
    """Revoke ``member``; ``by``, the recovery identifier, signs."""

    member: MemberIdentifier
    by: MemberIdentifier

    @property
    def subject(self) -> MemberIdentifier:
        """Whom the action is about."""
        return self.member

    @property
    def signers(self) -> tuple[MemberIdentifier, ...]:
        """Who signs, in the order of the action's signature fields."""
        return (self.by,)


@dataclass(frozen=True, slots=True)
class ChangeRecoveryIdentifier:
    """Make ``recovery`` the recovery identifier; ``by``, the present one, signs."""

    recovery: MemberIdentifier
    by: MemberIdentifier

    @property
    def subject(self) -> MemberIdentifier:
        """Whom the action is about."""
        return self.recovery

    @property
    def signers(self) -> tuple[MemberIdentifier, ...]:
        """Who signs, in the order of the action's signature fields."""
        return (self.by,)


PlannedAction = CreateInbox | AddMember | RevokeMember | ChangeRecoveryIdentifier


@dataclass(frozen=True, slots=True)
class Plan:
    """The actions of one update, which fit together.

    is_leaf: whether it is a leaf update.
    signers: everyone who has to sign, in the order of the actions.
    """

    inbox_id: str
    client_timestamp_ns: int
    actions: tuple[PlannedAction, ...]
    is_leaf: bool
    signers: tuple[MemberIdentifier, ...]

    @classmethod
    def of(
        cls,
        inbox_id: str,
        client_timestamp_ns: int,
        actions: Sequence[PlannedAction],
        registry: Registry,
    ) -> Plan:
        """Look whether actions make one update.

        Raises `BadInput` if they don't, and `NotAdmitted` if a kind has not
        the rights that an action would give it or use.
        """
        if not _INBOX_ID.fullmatch(inbox_id):
            raise BadInput("An inbox ID is 64 lower-case hex digits.", code="inbox_id")
        if not 0 <= client_timestamp_ns <= _U64:
            raise BadInput(
                "The time of an update is an unsigned 64-bit number of nanoseconds.",
                code="bad_time",
            )
        if not actions:
            raise BadInput("An update needs an action.", code="no_actions")
        kinds = [registry.kind(action.subject.kind) for action in actions]
        is_leaf = any(kind.number >= FIRST_LEAF for kind in kinds)
        if is_leaf and len({kind.number for kind in kinds}) > 1:
            raise BadInput(
                "Members of a leaf kind come and go by updates of their own: make one "
                f"for each kind ({', '.join(dict.fromkeys(k.name for k in kinds))}).",
                code="mixed_kinds",
            )
        for action, kind in zip(actions, kinds, strict=True):
            _check_rights(action, kind, registry)
            if isinstance(action, CreateInbox):
                _check_inbox_id(action, kind, inbox_id)
        signers = dict.fromkeys(one for action in actions for one in action.signers)
        return cls(
            inbox_id, client_timestamp_ns, tuple(actions), is_leaf, tuple(signers)
        )

    def raw(
        self, signatures: Mapping[MemberIdentifier, WireSignature], registry: Registry
    ) -> RawUpdate:
        """The update with a signature of each signer.

        Raises `InvalidIdentifier` if a kind can't encode an identifier.
        """
        return RawUpdate(
            self.inbox_id,
            self.client_timestamp_ns,
            [_raw_action(action, signatures, registry) for action in self.actions],
            self.is_leaf,
            None,
        )


def _check_rights(action: PlannedAction, kind: Kind, registry: Registry) -> None:
    if (
        isinstance(action, CreateInbox | ChangeRecoveryIdentifier)
        and kind.identifier_kind is None
    ):
        raise NotAdmitted(
            f"The kind {kind.name} can neither create an inbox nor recover it.",
            code="kind_has_no_rights",
        )
    if (
        not isinstance(action, CreateInbox)
        and not registry.kind(action.by.kind).is_root
    ):
        raise NotAdmitted(
            f"{action.by} is of a leaf kind, which never authorises anything.",
            code="kind_has_no_rights",
        )


def _check_inbox_id(action: CreateInbox, kind: Kind, inbox_id: str) -> None:
    if not 0 <= action.nonce <= _U64:
        raise BadInput("A nonce is an unsigned 64-bit number.", code="bad_nonce")
    given = inbox_id_of(action.owner, action.nonce, kind)
    if given != inbox_id:
        raise BadInput(
            f"Owner and nonce give the inbox {given}, not {inbox_id}.",
            code="inbox_id_mismatch",
        )


def _raw_action(
    action: PlannedAction,
    signatures: Mapping[MemberIdentifier, WireSignature],
    registry: Registry,
) -> RawAction:
    subject = action.subject
    kind = registry.kind(subject.kind)
    by = [Variant(*signatures[signer]) for signer in action.signers]
    if isinstance(action, AddMember):
        return RawAdd(Variant(kind.number, _encoded(subject, kind)), by[0], by[1])
    if isinstance(action, RevokeMember):
        return RawRevoke(Variant(kind.number, _encoded(subject, kind)), by[0])
    number, party = kind.identifier_kind or 0, subject.relying_party
    if isinstance(action, CreateInbox):
        return RawCreate(subject.value, action.nonce, by[0], number, party)
    return RawChange(subject.value, by[0], number, party)


def _encoded(identifier: MemberIdentifier, kind: Kind) -> bytes:
    try:
        return kind.encode(identifier)
    except IdentityError:
        raise
    except Exception as error:
        # Encoders are made for what their own parsers give.
        raise InvalidIdentifier(
            f"This is no {kind.noun} that can stand in an update."
        ) from error
