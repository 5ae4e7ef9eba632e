"""Updates with their identifiers read and their text made, not yet verified.

Nothing here may be applied: only `verify` makes what the rules take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import InvalidIdentifier, KindFailed, Undecodable
from ..identifier import MAX_LEAF_IDENTIFIER, MemberIdentifier, is_printable
from ..wire.records import RawAdd, RawChange, RawCreate, RawRevoke, RawUpdate, Variant
from .refusals import IdentifierText, LeafIdentifierForm
from .text import owner_line, recovery_line, signature_text

if TYPE_CHECKING:
    from ..kinds import Kind
    from ..registry import Registry

__all__ = [
    "Add",
    "ChangeRecovery",
    "Create",
    "Revoke",
    "UnverifiedAction",
    "UnverifiedUpdate",
    "read_update",
]

_VERDICTS: Final = (InvalidIdentifier, Undecodable)
"""What a kind may raise about an identifier; anything else is a fault of its own
and says nothing about the update."""


class Create(NamedTuple):
    """Create the inbox of ``identifier`` and ``nonce``."""

    identifier: MemberIdentifier
    nonce: int
    signature: Variant


class Add(NamedTuple):
    """Add ``member``, signed by an existing member and by itself."""

    member: MemberIdentifier
    existing: Variant
    new: Variant


class Revoke(NamedTuple):
    """Revoke ``member``, signed by the recovery identifier."""

    member: MemberIdentifier
    signature: Variant


class ChangeRecovery(NamedTuple):
    """Make ``identifier`` the recovery identifier, signed by the present one."""

    identifier: MemberIdentifier
    signature: Variant


UnverifiedAction = Create | Add | Revoke | ChangeRecovery


class UnverifiedUpdate(NamedTuple):
    """An update of good shape whose kinds are all installed.

    leaf: the leaf kind's number, 0 for a root update.
    text: the signed text, UTF-8.
    """

    client_timestamp_ns: int
    actions: list[UnverifiedAction]
    leaf: int
    text: bytes


def read_update(raw: RawUpdate, leaf: int, registry: Registry) -> UnverifiedUpdate:
    """Read the identifiers of a well-shaped update and make its text.

    Raises a `Refusal` or the error of the kind that read an identifier;
    `KindFailed` if the kind's code broke.
    """
    actions: list[UnverifiedAction] = []
    lines: list[str] = []
    for action in raw.actions:
        if isinstance(action, RawAdd):
            member = _member(action.member, leaf, registry)
            actions.append(Add(member, action.existing, action.new))
            lines.append(f"{registry.lines[member.kind].link}{member.value})")
        elif isinstance(action, RawRevoke):
            member = _member(action.member, leaf, registry)
            actions.append(Revoke(member, action.signature))
            lines.append(f"{registry.lines[member.kind].unlink}{member.value})")
        elif isinstance(action, RawCreate):
            identifier = _root_identifier(action, registry)
            actions.append(Create(identifier, action.nonce, action.signature))
            lines.append(owner_line(identifier.value))
        elif isinstance(action, RawChange):
            identifier = _root_identifier(action, registry)
            actions.append(ChangeRecovery(identifier, action.signature))
            lines.append(recovery_line(identifier.value))
    text = signature_text(raw.inbox_id, raw.client_timestamp_ns, lines)
    return UnverifiedUpdate(raw.client_timestamp_ns, actions, leaf, text.encode())


def _member(variant: Variant, leaf: int, registry: Registry) -> MemberIdentifier:
    kind = registry.by_member[variant.number]
    try:
        member = kind.decode(variant.payload)
    except _VERDICTS:
        raise
    except Exception as error:
        raise _broken(kind, error) from error
    if type(member) is not MemberIdentifier or member.kind != kind.name:
        raise KindFailed(f"The kind {kind.name} read an identifier of another kind.")
    if leaf:
        _check_leaf_identifier(kind, member, variant.payload)
    elif not is_printable(member.value):
        raise _forging(kind)
    return member


def _root_identifier(
    action: RawCreate | RawChange, registry: Registry
) -> MemberIdentifier:
    kind = registry.by_identifier_kind[action.identifier_kind]
    if not is_printable(action.identifier):
        raise _forging(kind)
    if kind.decode_string is None:
        raise KindFailed(f"The kind {kind.name} can't read identifier strings.")
    try:
        return kind.decode_string(action.identifier, action.relying_party)
    except _VERDICTS:
        raise
    except Exception as error:
        raise _broken(kind, error) from error


def _check_leaf_identifier(
    kind: Kind, member: MemberIdentifier, payload: bytes
) -> None:
    value = member.value
    if not 0 < len(value) <= MAX_LEAF_IDENTIFIER or not is_printable(value):
        raise LeafIdentifierForm(
            f"A {kind.noun} is 1 to {MAX_LEAF_IDENTIFIER} characters of printable "
            "ASCII without spaces."
        )
    try:
        canonical = kind.encode(member)
    except _VERDICTS:
        raise
    except Exception as error:
        raise _broken(kind, error) from error
    if canonical != payload:
        raise LeafIdentifierForm(f"The {kind.noun} is not in its canonical form.")


def _forging(kind: Kind) -> IdentifierText:
    return IdentifierText(
        f"An identifier ({kind.noun}) holds something else than printable ASCII "
        "without spaces."
    )


def _broken(kind: Kind, error: Exception) -> KindFailed:
    return KindFailed(
        f"The kind {kind.name} broke while reading an identifier "
        f"({type(error).__name__})."
    )
