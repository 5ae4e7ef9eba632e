"""A raw update to bytes, in the canonical encoding that XMTP's clients write."""

from __future__ import annotations

from typing import TypeVar

from . import view_pb2 as view
from .records import (
    RawAction,
    RawAdd,
    RawChange,
    RawCreate,
    RawRevoke,
    RawUpdate,
    Variant,
)
from .scan import LEN

__all__ = ["encode_update", "encode_variant"]

_Union = TypeVar("_Union", view.MemberIdentifier, view.Signature)


def encode_update(raw: RawUpdate) -> bytes:
    """The inverse of `decode_update`, for updates of good shape."""
    update = view.IdentityUpdate(
        client_timestamp_ns=raw.client_timestamp_ns, inbox_id=raw.inbox_id
    )
    actions = update.leaf_actions if raw.is_leaf else update.actions
    actions.extend(_action(action) for action in raw.actions)
    return update.SerializeToString()


def _action(raw: RawAction) -> view.IdentityAction:
    action = view.IdentityAction()
    if isinstance(raw, RawAdd):
        _fill(action.add.new_member_identifier, raw.member)
        _fill(action.add.existing_member_signature, raw.existing)
        _fill(action.add.new_member_signature, raw.new)
    elif isinstance(raw, RawRevoke):
        _fill(action.revoke.member_to_revoke, raw.member)
        _fill(action.revoke.recovery_identifier_signature, raw.signature)
    elif isinstance(raw, RawCreate):
        create = action.create_inbox
        create.initial_identifier = raw.identifier
        create.nonce = raw.nonce
        _fill(create.initial_identifier_signature, raw.signature)
        create.initial_identifier_kind = raw.identifier_kind
        if raw.relying_party is not None:
            create.relying_party = raw.relying_party
    elif isinstance(raw, RawChange):
        change = action.change_recovery_address
        change.new_recovery_identifier = raw.identifier
        _fill(change.existing_recovery_identifier_signature, raw.signature)
        change.new_recovery_identifier_kind = raw.identifier_kind
        if raw.relying_party is not None:
            change.relying_party = raw.relying_party
    return action


def _fill(union: _Union, variant: Variant) -> None:
    """Put a variant into a union by its number, whether or not the view has a
    name for it: an unknown field is written as it was read."""
    union.MergeFromString(encode_variant(variant.number, variant.payload))


def encode_variant(number: int, payload: bytes) -> bytes:
    """A serialized union that holds ``payload`` under ``number``."""
    return _varint(number << 3 | LEN) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
